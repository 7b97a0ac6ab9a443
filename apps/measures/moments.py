"""The shape of a distribution of returns: partial moments, frequencies, tails.

Page numbers are those of Bacon, *Practical Portfolio Performance Measurement and
Attribution*, 2nd ed., Wiley 2008. Partial moments divide by the number of all periods,
not only of those on their side of the threshold.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from apps.measures.quotient import ROUNDING, finite, quotient

if TYPE_CHECKING:
    from apps.engines.contracts import FloatArray


def downside_deviation(returns: FloatArray, *, target: float = 0.0) -> float | None:
    """Return `sqrt(mean(min(r - target, 0)²))`, a fraction per period.

    Sortino and Price, "Performance measurement in a downside risk framework",
    Journal of Investing 3(3), 1994, pp. 59-65.

    Args:
        returns: Fractions per period, shape (n,).
        target: The minimum acceptable return per period.
    """
    return _root_mean_square(np.minimum(returns - target, 0.0))


def downside_potential(returns: FloatArray, *, target: float = 0.0) -> float | None:
    """Return `mean(max(target - r, 0))`, the mean shortfall (Bacon, ch. 4).

    Args:
        returns: Fractions per period, shape (n,).
        target: The minimum acceptable return per period.
    """
    return _mean(np.maximum(target - returns, 0.0))


def upside_risk(returns: FloatArray, *, target: float = 0.0) -> float | None:
    """Return `sqrt(mean(max(r - target, 0)²))`, a fraction per period (Bacon, ch. 4).

    Args:
        returns: Fractions per period, shape (n,).
        target: The minimum acceptable return per period.
    """
    return _root_mean_square(np.maximum(returns - target, 0.0))


def upside_potential(returns: FloatArray, *, target: float = 0.0) -> float | None:
    """Return `mean(max(r - target, 0))`, the mean excess (Bacon, ch. 4).

    Args:
        returns: Fractions per period, shape (n,).
        target: The minimum acceptable return per period.
    """
    return _mean(np.maximum(returns - target, 0.0))


def downside_frequency(returns: FloatArray, *, target: float = 0.0) -> float | None:
    """Return the share of periods below `target` (Bacon, p. 94).

    Args:
        returns: Fractions per period, shape (n,).
        target: The minimum acceptable return per period.
    """
    return quotient(float(np.count_nonzero(returns < target)), len(returns))


def upside_frequency(returns: FloatArray, *, target: float = 0.0) -> float | None:
    """Return the share of periods above `target` (Bacon, p. 94).

    Args:
        returns: Fractions per period, shape (n,).
        target: The minimum acceptable return per period.
    """
    return quotient(float(np.count_nonzero(returns > target)), len(returns))


def mean_absolute_deviation(returns: FloatArray) -> float | None:
    """Return `mean(|r - mean(r)|)`, a fraction per period (Bacon, p. 62).

    Args:
        returns: Fractions per period, shape (n,).
    """
    return finite(np.abs(returns - returns.mean()).mean()) if len(returns) else None


def skewness(returns: FloatArray) -> float | None:
    """Return the population skewness `mean(z³)`, `z = (r - mean) / std` (Bacon, p. 83).

    Args:
        returns: Fractions per period, shape (n,).
    """
    return _standardised_moment(returns, order=3)


def kurtosis(returns: FloatArray) -> float | None:
    """Return the population kurtosis `mean(z⁴)`, 3 for a normal (Bacon, p. 84).

    Args:
        returns: Fractions per period, shape (n,).
    """
    return _standardised_moment(returns, order=4)


def _mean(parts: FloatArray) -> float | None:
    return finite(parts.mean()) if len(parts) else None


def _root_mean_square(parts: FloatArray) -> float | None:
    return finite(math.sqrt(np.square(parts).mean())) if len(parts) else None


def _standardised_moment(returns: FloatArray, *, order: int) -> float | None:
    if len(returns) == 0:
        return None
    deviation = returns - returns.mean()
    spread = float(returns.std())
    if spread <= ROUNDING:
        return None
    return finite(((deviation / spread) ** order).mean())
