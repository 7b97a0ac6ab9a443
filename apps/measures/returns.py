"""Rates of return, and how they are brought to a year.

Returns are simple, per period, as fractions: 0.01 is one per cent.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from apps.measures.quotient import finite, quotient

if TYPE_CHECKING:
    from apps.engines.contracts import FloatArray, IntArray

DAYS_PER_YEAR = 365
DAY_NS = 86_400_000_000_000


def total_return(start: float, end: float) -> float | None:
    """Return the growth from `start` to `end` (quote units) as a fraction of `start`.

    `end / start - 1`: Bacon (2008), ch. 2. None where `start` is not positive.
    """
    return quotient(end - start, start) if start > 0 else None


def cagr(start: float, end: float, days: float) -> float | None:
    """Compute the compound annual growth rate.

    `(end / start) ** (365 / days) - 1`: Bacon (2008), ch. 2, on calendar days.

    Args:
        start: Value at the start, quote units.
        end: Value at the end, quote units.
        days: Calendar days between the two, fractions included.

    Returns:
        The rate as a fraction a year; -1 where nothing is left; None where `start` is
        not positive, or the time is under a day, which says nothing about a year.
    """
    if start <= 0 or days < 1:
        return None
    if end <= 0:
        return -1.0
    growth = math.log(end / start) * DAYS_PER_YEAR / days
    # expm1 keeps the digits of a small rate; above 700 float64 overflows.
    return finite(math.expm1(growth)) if growth < 700 else None  # noqa: PLR2004


def simple_returns(curve: FloatArray) -> FloatArray:
    """Compute the return of each step of a curve of values.

    Args:
        curve: Values, shape (n,), quote units, every one positive.

    Raises:
        ValueError: A value is zero, negative or NaN: there is no rate of return on it.

    Returns:
        `curve[i + 1] / curve[i] - 1`, shape (n - 1,), fractions.
    """
    if len(curve) and not curve.min() > 0:
        where = int(np.argmin(curve > 0))
        message = f"curve[{where}] is {curve[where]}; returns need positive values"
        raise ValueError(message)
    return curve[1:] / curve[:-1] - 1.0


def compound_by_day(time: IntArray, returns: FloatArray) -> FloatArray:
    """Compound the returns of bars to UTC calendar days.

    `prod(1 + r) - 1` over each day, as NautilusTrader's statistics do it. A day without
    bars returned 0, so that a year has 365 of them whatever the calendar of the market.

    Args:
        time: Open time of the bar of each return, sorted, int64 nanoseconds UTC,
            shape (n,).
        returns: Fractions, shape (n,).

    Returns:
        One fraction for each day from the first bar's to the last bar's, shape (days,).
    """
    if len(returns) == 0:
        return np.empty(0, dtype=np.float64)
    day = time // DAY_NS
    first = np.flatnonzero(np.diff(day, prepend=day[0] - 1))
    compounded = np.zeros(int(day[-1] - day[0]) + 1, dtype=np.float64)
    compounded[day[first] - day[0]] = np.multiply.reduceat(1.0 + returns, first) - 1.0
    return compounded


def annual_return(returns: FloatArray, *, periods_per_year: float) -> float | None:
    """Compute the geometric mean return a year.

    `prod(1 + r) ** (periods_per_year / n) - 1`: Bacon (2008), ch. 2.

    Args:
        returns: Fractions per period, shape (n,).
        periods_per_year: How many such periods a year has.

    Returns:
        A fraction a year; -1 where everything was lost; None without returns.
    """
    if len(returns) == 0:
        return None
    if returns.min() <= -1:
        return -1.0
    growth = float(np.log1p(returns).mean()) * periods_per_year
    return finite(math.expm1(growth)) if growth < 700 else None  # noqa: PLR2004


def volatility(
    returns: FloatArray, *, periods_per_year: float, ddof: int = 1
) -> float | None:
    """Compute the annualised standard deviation of returns.

    `std(r) * sqrt(periods_per_year)`: Bacon (2008), ch. 4.

    Args:
        returns: Fractions per period, shape (n,).
        periods_per_year: How many such periods a year has.
        ddof: 1 for a sample, 0 for a population.

    Returns:
        A fraction a year, or None with no more than `ddof` returns.
    """
    if len(returns) <= ddof:
        return None
    return finite(float(returns.std(ddof=ddof)) * math.sqrt(periods_per_year))
