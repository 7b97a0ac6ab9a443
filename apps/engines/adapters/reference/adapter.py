"""The reference engine: the fill contract itself."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from apps.engines.adapters.reference import kernel
from apps.engines.adapters.reference.mapping import (
    market_arguments,
    option_arguments,
    trades_from,
    writable,
)
from apps.engines.contracts import RunResult, Skipped
from apps.engines.refusals import prices_check
from apps.engines.sample import sample_request
from apps.engines.versions import versions_of

if TYPE_CHECKING:
    from apps.engines.contracts import RunRequest


class ReferenceEngine:
    """Runs the kernel; see `kernel.simulate` for what it does."""

    def run(self, request: RunRequest) -> RunResult:
        """Run one backtest by the fill contract."""
        prices_check(request, engine="reference")
        bars, signals = request.bars, request.signals
        # A trade needs an entry signal, so there cannot be more of them.
        most = np.count_nonzero(signals.entry_long | signals.entry_short)
        floats = np.empty((most, 6))
        ints = np.empty((most, 4), dtype=np.int64)
        skipped = np.zeros(2, dtype=np.int64)
        prices = writable(bars.open, bars.high, bars.low, bars.close)
        wishes = writable(
            signals.entry_long,
            signals.exit_long,
            signals.entry_short,
            signals.exit_short,
        )
        started = time.perf_counter()
        count = kernel.simulate(
            *prices,
            *wishes,
            *market_arguments(request),
            *option_arguments(request),
            request.capital,
            floats,
            ints,
            skipped,
        )
        equity = kernel.equity(prices[3], floats, ints, count, request.capital)
        seconds = time.perf_counter() - started
        return RunResult(
            trades=trades_from(bars, floats[:count], ints[:count]),
            equity=equity,
            skipped=Skipped(
                insufficient_cash=int(skipped[kernel.INSUFFICIENT_CASH]),
                below_minimum=int(skipped[kernel.BELOW_MINIMUM]),
            ),
            engine_seconds=seconds,
            versions=versions_of("numba", "numpy"),
        )

    def warm(self) -> None:
        """Compile the kernel, or load it from the cache on disk."""
        self.run(sample_request())
