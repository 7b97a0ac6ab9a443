"""NautilusTrader, made to honour the fill contract, or left as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.engines.adapters.nautilus.capabilities import CAPABILITIES
from apps.engines.adapters.nautilus.errors import RAISED, error_from
from apps.engines.adapters.nautilus.exact import run_exact
from apps.engines.adapters.nautilus.indicators import indicator_native
from apps.engines.adapters.nautilus.levels import levels_of
from apps.engines.adapters.nautilus.limits import limits_check
from apps.engines.adapters.nautilus.mapping import trades_from
from apps.engines.adapters.nautilus.native import run_native
from apps.engines.contracts import Mode, Protection, RunResult, Skipped
from apps.engines.equity import equity_curve
from apps.engines.refusals import request_check
from apps.engines.sample import sample_request
from apps.engines.versions import versions_of

if TYPE_CHECKING:
    from apps.engines.contracts import FloatArray, IndicatorRequest, RunRequest


class NautilusEngine:
    """Runs `BacktestEngine`, by the fill contract or as its own users would."""

    def run(self, request: RunRequest) -> RunResult:
        """Run one backtest, in the request's mode."""
        if request.mode is Mode.EXACT:
            request_check(request, engine="nautilus", capabilities=CAPABILITIES)
        limits_check(request)
        if not len(request.bars):
            # It cannot be fed nothing.
            return _empty(request)
        try:
            if request.mode is Mode.NATIVE:
                return run_native(request)
            return run_exact(request)
        except RAISED as error:
            raise error_from(error) from error

    def indicator(self, request: IndicatorRequest) -> dict[str, FloatArray]:
        """Compute an indicator by NautilusTrader's own class; see `indicators`."""
        return indicator_native(request)

    def warm(self) -> None:
        """Import all that a run needs, and run once with everything in it."""
        self.run(sample_request(protection=Protection(0.02, 0.05, 0.03)))


def _empty(request: RunRequest) -> RunResult:
    trades = trades_from(levels_of(request), [])
    return RunResult(
        trades=trades,
        equity=equity_curve(request.bars, trades, request.capital),
        skipped=Skipped(),
        engine_seconds=0.0,
        versions=versions_of("nautilus_trader", "numpy"),
    )
