"""One run as NautilusTrader's own users would have it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from nautilus_trader.model.data import Bar
from nautilus_trader.model.enums import OrderSide, OrderType

from apps.engines.adapters.nautilus.config import (
    BAR_TYPE,
    INSTRUMENT_ID,
    VENUE,
    account_add,
    decimals_of,
    engine_make,
    instrument_make,
    quote_currency,
)
from apps.engines.adapters.nautilus.feed import close_times
from apps.engines.adapters.nautilus.levels import levels_of
from apps.engines.adapters.nautilus.limits import VOLUME, volumes_check
from apps.engines.adapters.nautilus.mapping import books_check
from apps.engines.adapters.nautilus.native_mapping import Leg, trades_from_legs
from apps.engines.adapters.nautilus.native_strategy import AT_THE_END, NativeStrategy
from apps.engines.contracts import ExitReason, RunResult, Skipped
from apps.engines.equity import equity_curve
from apps.engines.versions import versions_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from nautilus_trader.backtest.engine import BacktestEngine
    from nautilus_trader.model.events import OrderFilled
    from nautilus_trader.model.orders import Order

    from apps.engines.adapters.nautilus.levels import Levels
    from apps.engines.contracts import IntArray, RunRequest

MONEY_DECIMALS = 8  # as of the coins that most prices are in
REASONS = {
    OrderType.MARKET: ExitReason.SIGNAL,
    OrderType.STOP_MARKET: ExitReason.STOP_LOSS,
    OrderType.LIMIT: ExitReason.TAKE_PROFIT,
    OrderType.TRAILING_STOP_MARKET: ExitReason.TRAILING_STOP,
}
AT_THE_CLOSE = (
    "Orders are sent in on_bar and fill at the close of the signal's own bar, not at the "
    "next open."
)
NEAREST_SIZE = (
    "Sizes are rounded to the nearest with the step's decimals (make_qty), not down to a "
    "multiple of the step."
)
HIGH_FIRST = (
    "A bar is played as open, high, low, close: when it holds both, the target comes "
    "before the stop."
)
VOLUME_BOUND = (
    "A bar offers a quarter of its volume at its price, and the rest of an order fills one "
    "tick worse; so filled: {}."
)
REFUSED = (
    "Orders to sell that were refused, as below a minimum or at a stop that is already "
    "reached: {}."
)
STOPPED = (
    "The run ended at bar {} of {}: a market order is not checked against cash on bars "
    "alone, and when a fill would have made the balance negative, it stops silently."
)


def run_native(request: RunRequest) -> RunResult:
    """Run one backtest by NautilusTrader's defaults; it has at least one bar."""
    volumes_check(request.bars)
    started = time.perf_counter()
    engine = engine_make(risk_checks=True)
    try:
        return _run(engine, levels_of(request), started)
    finally:
        engine.dispose()


def _run(engine: BacktestEngine, levels: Levels, started: float) -> RunResult:
    request, quote = levels.request, quote_currency(MONEY_DECIMALS)
    instrument = instrument_make(
        request.market, quote, request.costs.fee_rate, minimums=True
    )
    account_add(engine, quote, request.capital)
    engine.add_instrument(instrument)
    strategy = NativeStrategy(request, instrument)
    engine.add_strategy(strategy)
    engine.add_data(_bars(request))
    fills: list[OrderFilled] = []
    # The bus tells of the last fills too, when the strategy has been stopped.
    engine.kernel.msgbus.subscribe(
        topic=f"events.fills.{INSTRUMENT_ID}", handler=fills.append
    )
    engine.run()
    seconds = time.perf_counter() - started
    played = int(engine.iteration)
    closes, order_of = close_times(request.bars), engine.cache.order
    legs = [_leg(one, order_of(one.client_order_id), levels, closes) for one in fills]
    trades = trades_from_legs(request, legs)
    if played == len(request.bars) and not engine.cache.positions_open():
        balance = engine.portfolio.account(VENUE).balance_total(quote).as_double()
        rounding = len(fills) / 10**MONEY_DECIMALS
        books_check(balance, request.capital, trades, rounding)
    return RunResult(
        trades=trades,
        equity=equity_curve(request.bars, trades, request.capital),
        skipped=Skipped(
            insufficient_cash=strategy.unaffordable, below_minimum=strategy.too_small
        ),
        engine_seconds=seconds,
        versions=versions_of("nautilus_trader", "numpy"),
        notes=_notes(request, fills, strategy.refused, played),
        ignored=tuple(_ignored(request)),
    )


def _ignored(request: RunRequest) -> Iterator[str]:
    if request.costs.slippage_rate:
        yield "slippage"
    if request.market.min_notional:
        # Without quotes or trades it has no price to judge a market order by.
        yield "min_notional"


def _bars(request: RunRequest) -> list[Any]:
    bars, market = request.bars, request.market
    stamps = close_times(bars).astype(np.uint64)
    # No order is as large as a quarter of that, and no volume may be much larger.
    volume = np.minimum(bars.volume, VOLUME)
    # It wants to be able to write to them.
    columns = (bars.open, bars.high, bars.low, bars.close, volume)
    found: list[Any] = Bar.from_raw_arrays_to_list(
        BAR_TYPE,
        decimals_of(market.price_tick),
        decimals_of(market.quantity_step),
        *(np.array(column, dtype=np.float64) for column in columns),
        stamps,
        stamps,
    )
    return found


def _leg(fill: OrderFilled, order: Order, levels: Levels, closes: IntArray) -> Leg:
    bought = fill.order_side == OrderSide.BUY
    reason = None if bought else REASONS[fill.order_type]
    if order.tags == [AT_THE_END]:
        reason = ExitReason.END_OF_DATA
    return Leg(
        bar=int(np.searchsorted(closes, fill.ts_event)),
        price=levels.price(fill.last_px.as_double()),
        quantity=levels.size(fill.last_qty.as_double()),
        fee=fill.commission.as_double(),
        reason=reason,
    )


def _notes(
    request: RunRequest, fills: list[OrderFilled], refused: int, played: int
) -> tuple[str, ...]:
    protection = request.protection
    parts = len(fills) - len({fill.client_order_id for fill in fills})
    notes = [AT_THE_CLOSE, NEAREST_SIZE]
    if protection.take_profit and (protection.stop_loss or protection.trailing_stop):
        notes.append(HIGH_FIRST)
    if parts:
        notes.append(VOLUME_BOUND.format(parts))
    if refused:
        notes.append(REFUSED.format(refused))
    if played < len(request.bars):
        notes.append(STOPPED.format(played, len(request.bars)))
    return tuple(notes)
