"""How much prices move, and channels as wide as that."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import talib

from apps.indicators.functions.smoothing import exponential_from_first
from apps.indicators.functions.windows import (
    divide,
    earlier,
    highest_in,
    lowest_in,
    rolling_mean,
    rolling_sum,
)

if TYPE_CHECKING:
    from apps.indicators.contracts import FloatArray


def tr(high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    """Return the true range: the bar's range together with the close before it.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.

    Returns:
        Shape (n,), quote per base; the first bar has no close before it. Source:
        Wilder 1978, section III; Achelis, p. 70.
    """
    return talib.TRANGE(high, low, close)


def atr(
    high: FloatArray, low: FloatArray, close: FloatArray, *, period: int
) -> FloatArray:
    """Return the average true range, by Wilder's smoothing.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.
        period: Bars of the smoothing.

    Returns:
        Shape (n,), quote per base. Source: Wilder 1978, section III; Achelis, p. 70.
    """
    return talib.ATR(high, low, close, period)


def atr_percent(
    high: FloatArray, low: FloatArray, close: FloatArray, *, period: int
) -> FloatArray:
    """Return the average true range in percent of the close.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.
        period: Bars of the smoothing.

    Returns:
        Shape (n,), percent; 0 where the close is 0. Source: Forman 2006.
    """
    return 100.0 * divide(talib.ATR(high, low, close, period), close, otherwise=0.0)


def cvi(high: FloatArray, low: FloatArray, *, period: int) -> FloatArray:
    """Return Chaikin's volatility: the rate of change of the average range.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        period: Bars of the exponential average, and looked back.

    Returns:
        Shape (n,), percent; 0 where the earlier range was 0. The average begins at
        the first range. Source: Achelis, p. 356.
    """
    ranges = exponential_from_first(high - low, period=period)
    ranges[: period - 1] = np.nan
    past = earlier(ranges, bars=period)
    return 100.0 * divide(ranges - past, past, otherwise=0.0)


def mass(
    high: FloatArray, low: FloatArray, *, period: int, smoothing: int
) -> FloatArray:
    """Return the mass index: how much the range widens, summed.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        period: Bars of the sum.
        smoothing: Bars of the average range, and of the average of that.

    Returns:
        Shape (n,), around `period`, which it equals where there is no range. Each
        average begins at the first value that it is given. Source: Dorsey 1992;
        Achelis, p. 182.
    """
    once = exponential_from_first(high - low, period=smoothing)[smoothing - 1 :]
    twice = exponential_from_first(once, period=smoothing)[smoothing - 1 :]
    widening = divide(once[smoothing - 1 :], twice, otherwise=1.0)
    result = np.full(len(high), np.nan)
    result[2 * (smoothing - 1) :] = rolling_sum(widening, period=period)
    return result


def choppiness(
    high: FloatArray, low: FloatArray, close: FloatArray, *, period: int
) -> FloatArray:
    """Return the choppiness index: the path travelled over the range, as a logarithm.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.
        period: Bars of the path and of the range.

    Returns:
        Shape (n,), about 0 (a straight trend) to 100 (no direction, also where there
        is no range). Source: Dreiss 1993.
    """
    path = rolling_sum(talib.TRANGE(high, low, close), period=period)
    span = highest_in(high, period=period) - lowest_in(low, period=period)
    return (
        100.0 * np.log(divide(path, span, otherwise=float(period))) / math.log(period)
    )


def ulcer(real: FloatArray, *, period: int) -> FloatArray:
    """Return the ulcer index: the root mean square of drawdowns from the recent high.

    Args:
        real: Shape (n,), any unit.
        period: Bars in which the high is looked for, and of the mean.

    Returns:
        Shape (n,), percent of the high; a high of 0 has no drawdown. Source: Martin
        and McCann, The Investor's Guide to Fidelity Funds, 1989.
    """
    top = highest_in(real, period=period)
    drawdown = 100.0 * divide(real - top, top, otherwise=0.0)
    return np.sqrt(rolling_mean(np.square(drawdown), period=period))


def volatility(real: FloatArray, *, period: int, bars_per_year: float) -> FloatArray:
    """Return the annualised standard deviation of one-bar returns.

    Args:
        real: Shape (n,), any unit.
        period: Returns in the window; the deviation is that of the population.
        bars_per_year: To annualise, by its root.

    Returns:
        Shape (n,), 0.5 is fifty percent a year; a return on 0 counts as 0. Source:
        Hull, Options, Futures, and Other Derivatives.
    """
    past = earlier(real, bars=1)
    returns = divide(real - past, past, otherwise=0.0)
    return math.sqrt(bars_per_year) * talib.STDDEV(returns, period)


def parkinson(
    high: FloatArray, low: FloatArray, *, period: int, bars_per_year: float
) -> FloatArray:
    """Return Parkinson's volatility, from the bars' ranges.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        period: Bars of the mean.
        bars_per_year: To annualise, by its root.

    Returns:
        Shape (n,), 0.5 is fifty percent a year. Source: Parkinson 1980.
    """
    variance = np.square(_log_ratio(high, low)) / (4.0 * math.log(2.0))
    return np.sqrt(bars_per_year * rolling_mean(variance, period=period))


def garman_klass(
    open: FloatArray,  # noqa: A002 - the input's name
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    *,
    period: int,
    bars_per_year: float,
) -> FloatArray:
    """Return Garman and Klass' volatility, from ranges and bodies.

    Args:
        open: Shape (n,), quote per base.
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.
        period: Bars of the mean.
        bars_per_year: To annualise, by its root.

    Returns:
        Shape (n,), 0.5 is fifty percent a year; never less than 0, which impossible
        bars would ask for. Source: Garman and Klass 1980.
    """
    ranges = 0.5 * np.square(_log_ratio(high, low))
    bodies = (2.0 * math.log(2.0) - 1.0) * np.square(_log_ratio(close, open))
    variance = rolling_mean(ranges - bodies, period=period)
    return np.sqrt(bars_per_year * np.maximum(variance, 0.0))


def _log_ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Return ln(numerator / denominator), and 0 where either is not positive."""
    possible = (numerator > 0.0) & (denominator > 0.0)
    ratio = np.ones(len(numerator))
    np.divide(numerator, denominator, out=ratio, where=possible)
    return np.log(ratio)
