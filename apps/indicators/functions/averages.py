"""Moving averages: one price-like series, smoothed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import talib

from apps.indicators.functions.smoothing import exponential_from_first

if TYPE_CHECKING:
    from apps.indicators.contracts import FloatArray


def sma(real: FloatArray, *, period: int) -> FloatArray:
    """Return the simple (arithmetic) moving average.

    Args:
        real: Shape (n,), any unit.
        period: Length of the window, in bars.

    Returns:
        Shape (n,), the unit of `real`. Source: Achelis, p. 207.
    """
    return talib.SMA(real, period)


def ema(real: FloatArray, *, period: int) -> FloatArray:
    """Return the exponential moving average, begun at the mean of the first period.

    Args:
        real: Shape (n,), any unit.
        period: The weight of the newest value is 2 / (period + 1).

    Returns:
        Shape (n,), the unit of `real`. Source: Achelis, p. 209; TA-Lib's start.
    """
    return talib.EMA(real, period)


def wma(real: FloatArray, *, period: int) -> FloatArray:
    """Return the linearly weighted moving average, the newest value weighing most.

    Args:
        real: Shape (n,), any unit.
        period: Length of the window, in bars.

    Returns:
        Shape (n,), the unit of `real`. Source: Achelis, p. 213.
    """
    return talib.WMA(real, period)


def dema(real: FloatArray, *, period: int) -> FloatArray:
    """Return the double exponential moving average, 2 EMA - EMA(EMA).

    Args:
        real: Shape (n,), any unit.
        period: The period of both averages, in bars.

    Returns:
        Shape (n,), the unit of `real`. Source: Mulloy 1994; Achelis, p. 123.
    """
    return talib.DEMA(real, period)


def tema(real: FloatArray, *, period: int) -> FloatArray:
    """Return the triple exponential moving average, 3 EMA - 3 EMA(EMA) + EMA(EMA(EMA)).

    Args:
        real: Shape (n,), any unit.
        period: The period of all three averages, in bars.

    Returns:
        Shape (n,), the unit of `real`. Source: Mulloy 1994; Achelis, p. 330.
    """
    return talib.TEMA(real, period)


def trima(real: FloatArray, *, period: int) -> FloatArray:
    """Return the triangular moving average, a simple average of a simple average.

    Args:
        real: Shape (n,), any unit.
        period: Length of the whole window, in bars.

    Returns:
        Shape (n,), the unit of `real`. Source: Achelis, p. 211.
    """
    return talib.TRIMA(real, period)


def kama(real: FloatArray, *, period: int) -> FloatArray:
    """Return Kaufman's adaptive moving average, with speeds from 2 to 30 bars.

    Args:
        real: Shape (n,), any unit.
        period: Bars over which the efficiency ratio is taken.

    Returns:
        Shape (n,), the unit of `real`. Source: Kaufman, Smarter Trading, 1995.
    """
    return talib.KAMA(real, period)


def t3(real: FloatArray, *, period: int, volume_factor: float) -> FloatArray:
    """Return Tillson's T3, six exponential averages combined.

    Args:
        real: Shape (n,), any unit.
        period: The period of each average, in bars.
        volume_factor: 0 gives a plain sixfold smoothing's core, 1 that of DEMA.

    Returns:
        Shape (n,), the unit of `real`. Source: Tillson 1998.
    """
    return talib.T3(real, period, volume_factor)


def wilders(real: FloatArray, *, period: int) -> FloatArray:
    """Return Wilder's smoothing, begun at the mean of the first period.

    Args:
        real: Shape (n,), any unit.
        period: The weight of the newest value is 1 / period.

    Returns:
        Shape (n,), the unit of `real`. Source: Wilder 1978; Achelis, p. 366.
    """
    return talib.RMA(real, period)


def hma(real: FloatArray, *, period: int) -> FloatArray:
    """Return Hull's moving average, WMA(2 WMA(period / 2) - WMA(period), sqrt(period)).

    Args:
        real: Shape (n,), any unit.
        period: Length of the window, in bars; its half and its root are cut to whole
            bars.

    Returns:
        Shape (n,), the unit of `real`. Source: Hull 2005.
    """
    leading = 2.0 * talib.WMA(real, period // 2) - talib.WMA(real, period)
    return talib.WMA(leading, math.isqrt(period))


def zlema(real: FloatArray, *, period: int) -> FloatArray:
    """Return the zero-lag exponential average: that of the value plus its momentum.

    Args:
        real: Shape (n,), any unit.
        period: The average's period, in bars; the momentum spans (period - 1) / 2.

    Returns:
        Shape (n,), the unit of `real`; the recursion begins at the last value that has
        no momentum yet. Source: Ehlers and Way 2010.
    """
    lag = (period - 1) // 2
    leading = np.concatenate((real[lag - 1 : lag], 2.0 * real[lag:] - real[:-lag]))
    result = np.full(len(real), np.nan)
    result[lag - 1 :] = exponential_from_first(leading, period=period)
    result[: period - 1] = np.nan
    return result


def alma(real: FloatArray, *, period: int, offset: float, sigma: float) -> FloatArray:
    """Return the Arnaud Legoux average: a window with Gaussian weights.

    Args:
        real: Shape (n,), any unit.
        period: Length of the window, in bars.
        offset: Where the bell's centre lies: 0 the oldest bar, 1 the newest.
        sigma: The bell's width is period / sigma bars.

    Returns:
        Shape (n,), the unit of `real`. Source: Legoux and Kouzis-Loukas 2009.
    """
    bars = np.arange(period, dtype=np.float64)
    centre, width = offset * (period - 1), period / sigma
    # The square is cut where exp() has nothing left, so a narrow bell cannot vanish.
    squares = np.square((bars - centre) / width)
    weights = np.exp(-0.5 * (squares - squares.min()))
    result = np.full(len(real), np.nan)
    result[period - 1 :] = np.correlate(real, weights / weights.sum(), mode="valid")
    return result


def mama(
    real: FloatArray, *, fast_limit: float, slow_limit: float
) -> tuple[FloatArray, FloatArray]:
    """Return Ehlers' MESA adaptive moving average and its follower.

    Args:
        real: Shape (n,), any unit.
        fast_limit: The largest weight of the newest value.
        slow_limit: The smallest weight of the newest value.

    Returns:
        MAMA and FAMA, each of shape (n,), the unit of `real`. Source: Ehlers 2001.
    """
    adaptive, following = talib.MAMA(real, fast_limit, slow_limit)
    return adaptive, following
