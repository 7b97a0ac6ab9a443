"""What rolling windows are made of.

A running sum that adds the newest value and subtracts the oldest keeps a residue of
whatever has passed through it: after heavy trading a window without any volume sums to
1e-9 rather than to nothing, and a quotient of two such sums is noise (TA-Lib's VWMA
answers 18 there for prices near 5). The sums here only ever add, so a window of zeros is
exactly zero and a window of positive values is never negative.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import talib

if TYPE_CHECKING:
    from apps.indicators.contracts import FloatArray


def rolling_sum(values: FloatArray, *, period: int) -> FloatArray:
    """Return the sum of the last `period` values, by adding alone.

    Sums over 1, 2, 4, 8, … values are built by doubling, and those that make up the
    period are added: about 2 log2(period) passes over the array.

    Args:
        values: Shape (n,), any unit; leading NaN are allowed and spread as they must.
        period: Length of the window, in bars.

    Returns:
        Shape (n,), the unit of `values`, NaN for the first `period - 1` bars.
    """
    result = np.full(len(values), np.nan)
    if len(values) < period:
        return result
    # blocks[i] is the sum of `size` values from i on, total[i] that of `covered`.
    blocks: FloatArray = values
    total: FloatArray = np.zeros(len(values))
    size, covered = 1, 0
    while True:
        if period & size:
            covered_next = covered + size
            kept = len(values) - covered_next + 1
            total = total[:kept] + blocks[covered : covered + kept]
            covered = covered_next
        if covered == period:
            break
        blocks = blocks[:-size] + blocks[size:]
        size *= 2
    result[period - 1 :] = total
    return result


def rolling_mean(values: FloatArray, *, period: int) -> FloatArray:
    """Return the mean of the last `period` values, by `rolling_sum`."""
    return rolling_sum(values, period=period) / period


def highest_in(values: FloatArray, *, period: int) -> FloatArray:
    """Return the largest of the last `period` values; one bar is its own window."""
    return values.copy() if period == 1 else talib.MAX(values, period)


def lowest_in(values: FloatArray, *, period: int) -> FloatArray:
    """Return the smallest of the last `period` values; one bar is its own window."""
    return values.copy() if period == 1 else talib.MIN(values, period)


def earlier(values: FloatArray, *, bars: int) -> FloatArray:
    """Return the values of `bars` bars ago, NaN for the first `bars`."""
    result = np.full(len(values), np.nan)
    result[bars:] = values[: max(len(values) - bars, 0)]
    return result


def divide(
    numerator: FloatArray, denominator: FloatArray, *, otherwise: float
) -> FloatArray:
    """Return a quotient, and `otherwise` where the denominator is zero.

    Args:
        numerator: Shape (n,).
        denominator: Shape (n,).
        otherwise: What the quotient means where there is nothing to divide by.

    Returns:
        Shape (n,).
    """
    result = np.full(len(numerator), otherwise)
    np.divide(numerator, denominator, out=result, where=denominator != 0.0)
    return result


def position_between(
    values: FloatArray, low: FloatArray, high: FloatArray
) -> FloatArray:
    """Return where values lie between two bounds: 0 at the low one, 1 at the high one.

    Bounds that coincide have no inside; the middle, 0.5, is the neutral answer.

    Args:
        values: Shape (n,).
        low: Shape (n,), the unit of `values`.
        high: Shape (n,), the unit of `values`.

    Returns:
        Shape (n,), no unit.
    """
    return divide(values - low, high - low, otherwise=0.5)
