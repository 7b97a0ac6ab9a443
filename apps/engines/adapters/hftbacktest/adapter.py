"""hftbacktest: market orders through an order book, and market making on one."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from apps.engines.adapters.hftbacktest.convert import capture_convert
from apps.engines.adapters.hftbacktest.maker import market_make
from apps.engines.adapters.hftbacktest.sample import sample_capture, sample_making
from apps.engines.adapters.hftbacktest.taker import bars_run
from apps.engines.sample import sample_request

if TYPE_CHECKING:
    from apps.engines.captures import CaptureRequest, CaptureSummary
    from apps.engines.contracts import RunRequest, RunResult
    from apps.engines.market_making import MarketMakingRequest, MarketMakingResult


class HftbacktestEngine:
    """Runs market orders over bars and quotes over captures, and reads captures.

    Its strategies are compiled in every process anew, about as long as `warm` takes,
    since numba cannot store what holds upstream's addresses; so runs are forked from a
    process that is warm.
    """

    def run(self, request: RunRequest) -> RunResult:
        """Run one backtest by the fill contract, through an order book."""
        return bars_run(request)

    def market_make(self, request: MarketMakingRequest) -> MarketMakingResult:
        """Quote both sides of a captured book."""
        return market_make(request)

    def capture(self, request: CaptureRequest) -> CaptureSummary:
        """Read a collector's files and write them as a canonical capture."""
        return capture_convert(request)

    def warm(self) -> None:
        """Compile all three ways in, on made-up data."""
        self.run(sample_request())
        with tempfile.TemporaryDirectory(prefix="parallax-hftbacktest-") as folder:
            made = sample_capture(Path(folder))
            self.capture(made)
            self.market_make(sample_making(made.target))
