"""How far and how long a curve stayed below its own peak.

A curve starts with what there was before the first bar, so that a loss on the first bar
is a drawdown.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from apps.measures.quotient import finite

if TYPE_CHECKING:
    from apps.engines.contracts import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Drawdown:
    """One fall from a peak to a trough.

    Attributes:
        fraction: The fall as a fraction of the peak.
        amount: The fall, quote units.
        peak: Index of the peak in the curve.
        trough: Index of the trough.
    """

    fraction: float
    amount: float
    peak: int
    trough: int


@dataclass(frozen=True, slots=True)
class Underwater:
    """The longest time below a peak.

    Attributes:
        bars: Steps from the peak to the last value below it.
        duration_ns: Nanoseconds from the peak to the last value below it. It may
            belong to another fall than `bars` where the series has gaps.
    """

    bars: int
    duration_ns: int


def drawdowns(curve: FloatArray) -> FloatArray:
    """Compute the fall of every value below the highest so far.

    `1 - v / max(v so far)`: Bacon (2008), ch. 4.

    Args:
        curve: Values, shape (n,), quote units, the first positive.

    Returns:
        Fractions, shape (n,): 0 at a peak, above 1 where a value is negative.
    """
    falls: FloatArray = 1.0 - curve / np.maximum.accumulate(curve)
    return falls


def deepest_drawdown(curve: FloatArray, *, relative: bool = True) -> Drawdown | None:
    """Find the maximum drawdown.

    Magdon-Ismail and Atiya, "Maximum drawdown", Risk 17(10), 2004, pp. 99-102.

    Args:
        curve: Values, shape (n,), quote units, the first positive.
        relative: Choose by fraction of the peak; otherwise by amount.

    Returns:
        The fall, with all zeros for a curve that never falls; None for an empty one.
    """
    if len(curve) == 0:
        return None
    peaks = np.maximum.accumulate(curve)
    falls = peaks - curve
    trough = int(np.argmax(falls / peaks if relative else falls))
    return Drawdown(
        # Not falls / peaks: the same expression as `drawdowns`, to the last digit.
        fraction=float(1.0 - curve[trough] / peaks[trough]),
        amount=float(falls[trough]),
        peak=int(np.argmax(curve[: trough + 1])),
        trough=trough,
    )


def longest_drawdown(curve: FloatArray, moments: IntArray) -> Underwater:
    """Find the longest time below a peak, finished or not.

    Chan, *Quantitative Trading*, Wiley 2008, ch. 3: counted from the last value at the
    peak to the last value below it; the value that regains the peak is no drawdown.

    Args:
        curve: Values, shape (n,), quote units.
        moments: When each value held, int64 nanoseconds UTC, shape (n,).

    Returns:
        The longest in bars and the longest in time; zeros where nothing falls.
    """
    if len(curve) == 0:
        return Underwater(bars=0, duration_ns=0)
    index = np.arange(len(curve))
    at_peak = curve >= np.maximum.accumulate(curve)
    latest_peak = np.maximum.accumulate(np.where(at_peak, index, 0))
    return Underwater(
        bars=int((index - latest_peak).max()),
        duration_ns=int((moments - moments[latest_peak]).max()),
    )


def ulcer_index(falls: FloatArray) -> float | None:
    """Compute the root mean square of drawdowns: depth and length in one figure.

    `sqrt(mean(d²))`: Martin and McCann, *The Investor's Guide to Fidelity Funds*,
    Wiley 1989.

    Args:
        falls: Drawdowns as `drawdowns` gives them, fractions, shape (n,).

    Returns:
        A fraction; None without values.
    """
    return finite(math.sqrt(np.square(falls).mean())) if len(falls) else None


def losing_runs(returns: FloatArray) -> FloatArray:
    """Sum up each unbroken run of negative returns.

    The drawdowns of Burke's ratio in Bacon (2008), p. 90: every run of losses is one,
    and its returns are added, not compounded.

    Args:
        returns: Fractions per period, shape (n,).

    Returns:
        The loss of each run as a positive fraction, shape (runs,).
    """
    negative = returns < 0
    starts = np.flatnonzero(negative & ~np.concatenate(([False], negative[:-1])))
    if len(starts) == 0:
        return np.empty(0, dtype=np.float64)
    return -np.add.reduceat(np.where(negative, returns, 0.0), starts)
