"""One run as vectorbt's own users would have it: one call, with its defaults."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import vectorbt as vbt

from apps.engines.adapters.vectorbt.errors import RAISED, error_from
from apps.engines.contracts import ExitReason, RunResult, Skipped, Trades
from apps.engines.equity import equity_curve
from apps.engines.gaps import gaps_spanned
from apps.engines.versions import versions_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.engines.contracts import BoolArray, FloatArray, IntArray, RunRequest

REASONS = tuple(ExitReason)
SAME = 1e-12  # prices of one product, relative
AT_THE_CLOSE = "Orders fill at the close of the signal's own bar, not at the next open."
ANY_SIZE = "Quantities and prices are not rounded to the market's step and tick."
STOP_FROM_CLOSE = (
    "Stop and target are measured from the close of the entry bar, before slippage, watched "
    "from the bar after it, and filled without slippage."
)
STOP_FIRST = (
    "A stop or target that is met in a bar comes before an exit signal of that bar."
)
SHRUNK = "Entries that were shrunk to the cash that was left: {}."


def run_native(request: RunRequest) -> RunResult:
    """Run one backtest by vectorbt's defaults."""
    if not len(request.bars):
        return _result(request, _columns(request, _no_orders()), 0, 0.0)
    started = time.perf_counter()
    try:
        orders = vbt.Portfolio.from_signals(**_arguments(request)).order_records
    except RAISED as error:
        raise error_from(error) from error
    seconds = time.perf_counter() - started
    trades = _columns(request, orders)
    unpaid = request.signals.entry_long & _flat(len(request.bars), trades)
    return _result(request, trades, int(np.count_nonzero(unpaid)), seconds)


def _arguments(request: RunRequest) -> dict[str, Any]:
    bars, protection = request.bars, request.protection
    found = {
        "close": bars.close,
        "entries": request.signals.entry_long,
        "exits": request.signals.exit_long,
        "size": request.sizing.value,
        "size_type": "value",
        "fees": request.costs.fee_rate,
        "slippage": request.costs.slippage_rate,
        "init_cash": request.capital,
        "freq": f"{bars.timeframe_ns}ns",
    }
    if protection.stop_loss or protection.take_profit:
        found |= {"open": bars.open, "high": bars.high, "low": bars.low}
        found["sl_stop"] = protection.stop_loss or np.nan
        found["tp_stop"] = protection.take_profit or np.nan
    return found


def _no_orders() -> Any:
    return np.zeros(
        0, dtype=[(name, float) for name in ("idx", "size", "price", "fees")]
    )


def _columns(request: RunRequest, orders: Any) -> Trades:
    """Return its orders, entries and exits in turn, as trades.

    What is open at the end is closed at the last close, for the books.
    """
    bars, last = request.bars, len(request.bars) - 1
    entries, exits = orders[0::2], orders[1::2]
    entry_bar = entries["idx"].astype(np.int64)
    quantity, entry = entries["size"].copy(), entries["price"].copy()
    exit_bar = np.full(len(entries), last, dtype=np.int64)
    exit_ = np.full(len(entries), bars.close[last] if last >= 0 else 0.0)
    exit_fee = request.costs.fee_rate * quantity * exit_
    closed = len(exits)
    exit_bar[:closed], exit_[:closed] = exits["idx"], exits["price"]
    exit_fee[:closed] = exits["fees"]
    reasons = _reasons(request, entry_bar, exit_bar, exit_)
    reasons[closed:] = REASONS.index(ExitReason.END_OF_DATA)
    entry_fee = entries["fees"].copy()
    return Trades(
        entry_bar=entry_bar,
        exit_bar=exit_bar,
        side=np.ones(len(entries), dtype=np.int8),
        quantity=quantity,
        entry_price=entry,
        exit_price=exit_,
        entry_fee=entry_fee,
        exit_fee=exit_fee,
        profit=quantity * (exit_ - entry) - entry_fee - exit_fee,
        exit_reason=reasons,
        gaps=gaps_spanned(bars, entry_bar, exit_bar),
    )


def _reasons(
    request: RunRequest, entry_bar: IntArray, exit_bar: IntArray, price: FloatArray
) -> Any:
    """Return why each trade ended; its orders do not say."""
    close = request.bars.close
    at_close = close[exit_bar] * (1.0 - request.costs.slippage_rate)
    wished = request.signals.exit_long[exit_bar]
    signal = wished & np.isclose(price, at_close, rtol=SAME, atol=0.0)
    stopped = price < close[entry_bar]
    return np.select(
        [signal, stopped],
        [REASONS.index(ExitReason.SIGNAL), REASONS.index(ExitReason.STOP_LOSS)],
        default=REASONS.index(ExitReason.TAKE_PROFIT),
    ).astype(np.int8)


def _flat(bars: int, trades: Trades) -> BoolArray:
    """Return at which closes nothing was held before, and nothing was bought or sold."""
    held = np.zeros(bars + 1, dtype=np.int64)
    np.add.at(held, trades.entry_bar, 1)
    np.add.at(held, trades.exit_bar + 1, -1)
    flat: BoolArray = np.cumsum(held)[:bars] == 0
    return flat


def _result(
    request: RunRequest, trades: Trades, unpaid: int, seconds: float
) -> RunResult:
    return RunResult(
        trades=trades,
        equity=equity_curve(request.bars, trades, request.capital),
        skipped=Skipped(insufficient_cash=unpaid),
        engine_seconds=seconds,
        versions=versions_of("vectorbt", "vectorbt-rust", "numpy"),
        notes=tuple(_notes(request, trades)),
        ignored=tuple(_ignored(request)),
    )


def _notes(request: RunRequest, trades: Trades) -> Iterator[str]:
    yield AT_THE_CLOSE
    yield ANY_SIZE
    if request.protection.stop_loss or request.protection.take_profit:
        yield STOP_FROM_CLOSE
        yield STOP_FIRST
    asked = request.sizing.value / request.bars.close[trades.entry_bar]
    shrunk = int(np.count_nonzero(trades.quantity < asked * (1.0 - SAME)))
    if shrunk:
        yield SHRUNK.format(shrunk)


def _ignored(request: RunRequest) -> Iterator[str]:
    if request.protection.trailing_stop:
        yield "trailing_stop"
    if request.market.min_quantity:
        yield "min_quantity"
    if request.market.min_notional:
        yield "min_notional"
