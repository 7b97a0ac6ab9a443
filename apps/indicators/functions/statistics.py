"""Plain statistics of the last bars of one series."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import talib

from apps.indicators.functions.windows import (
    divide,
    highest_in,
    lowest_in,
    rolling_sum,
)

if TYPE_CHECKING:
    from apps.indicators.contracts import FloatArray


def highest(real: FloatArray, *, period: int) -> FloatArray:
    """Return the largest value of the window.

    Args:
        real: Shape (n,), any unit.
        period: Length of the window, in bars, the current one included.

    Returns:
        Shape (n,), the unit of `real`. Source: TA-Lib, MAX.
    """
    return highest_in(real, period=period)


def lowest(real: FloatArray, *, period: int) -> FloatArray:
    """Return the smallest value of the window.

    Args:
        real: Shape (n,), any unit.
        period: Length of the window, in bars, the current one included.

    Returns:
        Shape (n,), the unit of `real`. Source: TA-Lib, MIN.
    """
    return lowest_in(real, period=period)


def total(real: FloatArray, *, period: int) -> FloatArray:
    """Return the sum of the window.

    Args:
        real: Shape (n,), any unit.
        period: Length of the window, in bars.

    Returns:
        Shape (n,), the unit of `real`. Source: TA-Lib, SUM, but by adding alone.
    """
    return rolling_sum(real, period=period)


def stddev(real: FloatArray, *, period: int) -> FloatArray:
    """Return the standard deviation of the population.

    Args:
        real: Shape (n,), any unit.
        period: Length of the window, in bars.

    Returns:
        Shape (n,), the unit of `real`. Source: Achelis, p. 309.
    """
    return talib.STDDEV(real, period)


def variance(real: FloatArray, *, period: int) -> FloatArray:
    """Return the variance of the population.

    Args:
        real: Shape (n,), any unit.
        period: Length of the window, in bars.

    Returns:
        Shape (n,), the square of the unit of `real`. Source: TA-Lib, VAR.
    """
    return talib.VAR(real, period)


def stderr(real: FloatArray, *, period: int) -> FloatArray:
    """Return the standard error of the mean, by the population's deviation.

    Args:
        real: Shape (n,), any unit.
        period: Length of the window, in bars.

    Returns:
        Shape (n,), the unit of `real`. Source: Tulip Indicators, stderr.
    """
    return talib.STDDEV(real, period) / math.sqrt(period)


def md(real: FloatArray, *, period: int) -> FloatArray:
    """Return the mean absolute deviation from the window's mean.

    Args:
        real: Shape (n,), any unit.
        period: Length of the window, in bars.

    Returns:
        Shape (n,), the unit of `real`. Source: TA-Lib, AVGDEV.
    """
    return talib.AVGDEV(real, period)


def zscore(real: FloatArray, *, period: int) -> FloatArray:
    """Return how many standard deviations the value is from the window's mean.

    Args:
        real: Shape (n,), any unit.
        period: Length of the window, in bars.

    Returns:
        Shape (n,), within the root of `period - 1`, 0 where nothing deviates. Source: the
        standardised variable of any statistics textbook.
    """
    mean = talib.SMA(real, period)
    return divide(real - mean, talib.STDDEV(real, period), otherwise=0.0)


def percent_rank(real: FloatArray, *, period: int) -> FloatArray:
    """Return the share of the earlier values that are less than the current one.

    Args:
        real: Shape (n,), any unit.
        period: Number of earlier values.

    Returns:
        Shape (n,), 0 to 100. Source: Connors, Alvarez and Radtke 2012.
    """
    current = real[period:]
    less = np.zeros(len(current))
    for bars in range(1, period + 1):
        less += real[period - bars : len(real) - bars] < current
    result = np.full(len(real), np.nan)
    result[period:] = 100.0 * less / period
    return result


def linreg(real: FloatArray, *, period: int) -> FloatArray:
    """Return the end of the regression line through the window.

    Args:
        real: Shape (n,), any unit.
        period: Length of the window, in bars.

    Returns:
        Shape (n,), the unit of `real`, at the current bar. Source: Achelis, Linear
        Regression Indicator.
    """
    return talib.LINEARREG(real, period)


def linreg_slope(real: FloatArray, *, period: int) -> FloatArray:
    """Return the slope of the regression line through the window.

    Args:
        real: Shape (n,), any unit.
        period: Length of the window, in bars.

    Returns:
        Shape (n,), the unit of `real` per bar. Source: Achelis, Linear Regression
        Slope.
    """
    return talib.LINEARREG_SLOPE(real, period)


def linreg_intercept(real: FloatArray, *, period: int) -> FloatArray:
    """Return the beginning of the regression line through the window.

    Args:
        real: Shape (n,), any unit.
        period: Length of the window, in bars.

    Returns:
        Shape (n,), the unit of `real`, at the window's first bar. Source: TA-Lib,
        LINEARREG_INTERCEPT.
    """
    return talib.LINEARREG_INTERCEPT(real, period)


def tsf(real: FloatArray, *, period: int) -> FloatArray:
    """Return the regression line's forecast for the bar after the current one.

    Args:
        real: Shape (n,), any unit.
        period: Length of the window, in bars.

    Returns:
        Shape (n,), the unit of `real`. Source: Achelis, Time Series Forecast.
    """
    return talib.TSF(real, period)
