"""Curves of equity: what they began with, how far they fell, and which are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apps.measures.drawdown import drawdowns

if TYPE_CHECKING:
    from apps.engines.contracts import FloatArray, RunResult

# Of the largest value: less than that is no other curve, but other arithmetic.
SAME = 1e-6


def capital_of(run: RunResult) -> float:
    """Return what a run with a curve began with: its end less all profits."""
    return float(run.equity[-1] - np.nansum(run.trades.profit))


def falls(run: RunResult) -> FloatArray:
    """Return how far equity is below its peak so far, the capital being the first peak.

    Args:
        run: A run with a curve, n values.

    Returns:
        Fractions of the peak, shape (n,); zeros for an account that never had anything.
    """
    capital, equity = capital_of(run), run.equity
    if capital > 0:
        return drawdowns(np.concatenate(([capital], equity)))[1:]
    return drawdowns(equity) if equity[0] > 0 else np.zeros(len(equity))


def same_curve(one: RunResult, other: RunResult) -> bool:
    """Whether two runs have curves that lie on each other."""
    if not len(one.equity) or len(one.equity) != len(other.equity):
        return False
    apart = np.abs(one.equity - other.equity).max()
    return bool(apart <= SAME * np.abs(one.equity).max())
