"""Exponential averages that begin at the first value.

TA-Lib's EMA begins at the mean of its first `period` values, which is the better start
for a series that a strategy trades on. Indicators that smooth a smoothed series again
were published, and are computed elsewhere, with averages that begin at the first value;
theirs are here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import talib

if TYPE_CHECKING:
    from apps.indicators.contracts import FloatArray


def exponential_from_first(values: FloatArray, *, period: int) -> FloatArray:
    """Return the exponential average with weight 2 / (period + 1), from the first value.

    A flat past of one period, at the first value, makes TA-Lib's start (the mean of the
    first period) and this one the same, so the recursion runs in TA-Lib.

    Args:
        values: Shape (n,), without NaN.
        period: The average's period, in bars.

    Returns:
        Shape (n,), the unit of `values`, without NaN.
    """
    past = np.full(period - 1, values[0])
    return talib.EMA(np.concatenate((past, values)), period)[period - 1 :]
