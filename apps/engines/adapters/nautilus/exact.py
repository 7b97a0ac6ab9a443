"""One run by the fill contract."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from nautilus_trader.backtest.models import FillModel
from nautilus_trader.model.enums import BookType

from apps.engines.adapters.nautilus.config import (
    MOST_DECIMALS,
    VENUE,
    account_add,
    engine_make,
    instrument_make,
    quote_currency,
)
from apps.engines.adapters.nautilus.costs import ContractFees
from apps.engines.adapters.nautilus.errors import completeness_check
from apps.engines.adapters.nautilus.feed import feed_of
from apps.engines.adapters.nautilus.levels import levels_of
from apps.engines.adapters.nautilus.mapping import books_check, trades_from
from apps.engines.adapters.nautilus.strategy import ContractStrategy
from apps.engines.contracts import RunResult, Skipped
from apps.engines.equity import equity_curve
from apps.engines.versions import versions_of

if TYPE_CHECKING:
    from nautilus_trader.backtest.engine import BacktestEngine

    from apps.engines.contracts import RunRequest

# An entry may take all the cash there is. The account, whose numbers are not float64,
# must not find it a trillionth short, for it would end the run.
CUSHION = 1e-10


def run_exact(request: RunRequest) -> RunResult:
    """Run one backtest by the fill contract; it has at least one bar."""
    started = time.perf_counter()
    engine = engine_make(risk_checks=False)
    try:
        return _run(engine, request, started)
    finally:
        # Else each run would leave some 9 MB behind.
        engine.dispose()


def _run(engine: BacktestEngine, request: RunRequest, started: float) -> RunResult:
    levels, feed = levels_of(request), feed_of(request)
    quote = quote_currency(MOST_DECIMALS)
    cushion = CUSHION * request.capital
    account_add(
        engine,
        quote,
        request.capital + cushion,
        book_type=BookType.L1_MBP,
        fill_model=FillModel(prob_fill_on_limit=1.0, prob_slippage=0.0),
        fee_model=ContractFees(levels),
        bar_execution=True,
        trade_execution=True,
        bar_adaptive_high_low_ordering=False,
        reject_stop_orders=False,
        use_reduce_only=True,
    )
    engine.add_instrument(instrument_make(request.market, quote))
    strategy = ContractStrategy(feed, levels)
    engine.add_strategy(strategy)
    engine.add_data(feed.events)
    engine.run()
    completeness_check(engine, len(feed.events))
    seconds = time.perf_counter() - started
    trades = trades_from(levels, strategy.fills)
    balance = engine.portfolio.account(VENUE).balance_total(quote).as_double()
    books_check(balance - cushion, request.capital, trades)
    return RunResult(
        trades=trades,
        equity=equity_curve(request.bars, trades, request.capital),
        skipped=Skipped(
            insufficient_cash=strategy.unaffordable, below_minimum=strategy.too_small
        ),
        engine_seconds=seconds,
        versions=versions_of("nautilus_trader", "numpy"),
    )
