"""vectorbt, made to honour the fill contract, or left as it is."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import vectorbt as vbt

from apps.engines.adapters.vectorbt.capabilities import CAPABILITIES
from apps.engines.adapters.vectorbt.config import CALL
from apps.engines.adapters.vectorbt.errors import RAISED, error_from
from apps.engines.adapters.vectorbt.indicators import indicator_native
from apps.engines.adapters.vectorbt.mapping import (
    plan_make,
    rows_with_stops,
    rows_without_stops,
    trades_from,
)
from apps.engines.adapters.vectorbt.native import run_native
from apps.engines.contracts import (
    Mode,
    Protection,
    RunResult,
    Skipped,
)
from apps.engines.equity import equity_curve
from apps.engines.refusals import prices_check, request_check
from apps.engines.sample import sample_request
from apps.engines.versions import versions_of

if TYPE_CHECKING:
    from apps.engines.adapters.vectorbt.mapping import (
        Plan,
    )
    from apps.engines.contracts import (
        BoolArray,
        FloatArray,
        IndicatorRequest,
        RunRequest,
        Trades,
    )


class VectorbtEngine:
    """Runs `Portfolio.from_signals`."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def run(self, request: RunRequest) -> RunResult:
        """Run one backtest, in the request's mode."""
        prices_check(request, engine="vectorbt")
        if request.mode is Mode.NATIVE:
            return run_native(request)
        request_check(request, engine="vectorbt", capabilities=CAPABILITIES)
        self._seconds = 0.0
        plan = plan_make(request)
        wanted = plan.entry & ~plan.too_small
        trades, unaffordable = self._run_within_cash(request, plan, wanted)
        free = _free_at_open(len(request.bars), trades)
        return RunResult(
            trades=trades,
            equity=equity_curve(request.bars, trades, request.capital),
            skipped=Skipped(
                insufficient_cash=int(np.count_nonzero(unaffordable & free)),
                below_minimum=int(np.count_nonzero(plan.entry & plan.too_small & free)),
            ),
            engine_seconds=self._seconds,
            versions=versions_of("vectorbt", "vectorbt-rust", "numpy"),
        )

    def indicator(self, request: IndicatorRequest) -> dict[str, FloatArray]:
        """Compute an indicator by vectorbt's own class; see `indicators`."""
        return indicator_native(request)

    def warm(self) -> None:
        """Import and compile all ways of calling vectorbt."""
        self.run(sample_request())
        self.run(replace(sample_request(), mode=Mode.NATIVE))
        self.run(sample_request(protection=Protection(0.02, 0.05)))

    def _run_within_cash(
        self, request: RunRequest, plan: Plan, wanted: BoolArray
    ) -> tuple[Trades, BoolArray]:
        """Run, and again without the entries that the cash does not allow (rule 7).

        vectorbt would shrink such an order. It is given more cash than it can need, and
        the first entry that our own cash could not pay is taken out with all later ones
        at that cash, until none is left; each round settles at least one trade.
        """
        blocked = np.zeros(len(wanted), dtype=np.bool_)
        while True:
            trades = self._call(request, plan, wanted & ~blocked)
            before = _cash_before(request.capital, trades)
            short = plan.cost[trades.entry_bar] > before
            settled = int(np.argmax(short)) if short.any() else len(trades)
            if settled == len(trades):
                return trades, wanted & blocked
            since = int(trades.entry_bar[settled])
            blocked[since:] = plan.cost[since:] > before[settled]
            # Once the next affordable trade has changed the cash, judge anew.
            affordable = np.flatnonzero(wanted[since:] & ~blocked[since:])
            if len(affordable):
                blocked[since + affordable[0] + 1 :] = False

    def _call(self, request: RunRequest, plan: Plan, entries: BoolArray) -> Trades:
        protected = request.protection.stop_loss or request.protection.take_profit
        rows = rows_with_stops if protected else rows_without_stops
        arguments: dict[str, Any] = rows(request, plan, entries)
        enough = request.capital + float(plan.cost[entries].sum()) + 1.0
        started = time.perf_counter()
        try:
            portfolio = vbt.Portfolio.from_signals(
                **arguments,
                **CALL,
                fees=request.costs.fee_rate,
                slippage=request.costs.slippage_rate,
                init_cash=enough,
                max_orders=2 * int(np.count_nonzero(entries)) + 2,
            )
            orders = portfolio.order_records
        except RAISED as error:
            raise error_from(error) from error
        self._seconds += time.perf_counter() - started
        return trades_from(request, plan, orders, 2 if protected else 1)


def _cash_before(capital: float, trades: Trades) -> FloatArray:
    """Return the cash before each entry, in the contract's own order of sums."""
    moves = np.empty(2 * len(trades) + 1)
    moves[0] = capital
    moves[1::2] = -(trades.quantity * trades.entry_price + trades.entry_fee)
    moves[2::2] = trades.quantity * trades.exit_price - trades.exit_fee
    before: FloatArray = np.cumsum(moves)[:-1:2]
    return before


def _free_at_open(bars: int, trades: Trades) -> BoolArray:
    """Return at which opens no position is held, so that an entry is tried."""
    held = np.zeros(bars + 2, dtype=np.int64)
    np.add.at(held, trades.entry_bar + 1, 1)
    np.add.at(held, trades.exit_bar + 1, -1)
    free: BoolArray = np.cumsum(held)[:bars] == 0
    return free
