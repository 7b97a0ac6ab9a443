"""Rates of change and differences of averages: unbounded, around zero or one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import talib

from apps.indicators.functions.windows import divide, earlier

if TYPE_CHECKING:
    from apps.indicators.contracts import FloatArray


def mom(real: FloatArray, *, period: int) -> FloatArray:
    """Return the change over `period` bars.

    Args:
        real: Shape (n,), any unit.
        period: Bars looked back.

    Returns:
        Shape (n,), the unit of `real`. Source: Achelis, p. 197.
    """
    return talib.MOM(real, period)


def roc(real: FloatArray, *, period: int) -> FloatArray:
    """Return the change over `period` bars in percent of the earlier value.

    Args:
        real: Shape (n,), any unit.
        period: Bars looked back.

    Returns:
        Shape (n,), percent; 0 where the earlier value is 0. Source: Achelis, Price
        Rate-of-Change.
    """
    return talib.ROC(real, period)


def rocr(real: FloatArray, *, period: int) -> FloatArray:
    """Return the value over that of `period` bars ago.

    Args:
        real: Shape (n,), any unit.
        period: Bars looked back.

    Returns:
        Shape (n,), 1 where nothing changed and where the earlier value is 0. Source:
        Achelis, p. 197.
    """
    return divide(real, earlier(real, bars=period), otherwise=1.0)


def apo(real: FloatArray, *, fast: int, slow: int) -> FloatArray:
    """Return the fast exponential average less the slow one.

    Args:
        real: Shape (n,), any unit.
        fast: Period of the fast average, in bars.
        slow: Period of the slow average, in bars.

    Returns:
        Shape (n,), the unit of `real`. Source: Achelis, Price Oscillator (points).
    """
    return talib.EMA(real, fast) - talib.EMA(real, slow)


def ppo(real: FloatArray, *, fast: int, slow: int) -> FloatArray:
    """Return the fast exponential average's distance from the slow one, in percent.

    Args:
        real: Shape (n,), any unit.
        fast: Period of the fast average, in bars.
        slow: Period of the slow average, in bars.

    Returns:
        Shape (n,), percent; 0 where the slow average is 0. Source: Achelis, Price
        Oscillator (percent).
    """
    slow_average = talib.EMA(real, slow)
    distance = talib.EMA(real, fast) - slow_average
    return 100.0 * divide(distance, slow_average, otherwise=0.0)


def macd(
    real: FloatArray, *, fast: int, slow: int, signal: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return moving average convergence/divergence.

    Args:
        real: Shape (n,), any unit.
        fast: Period of the fast average, in bars.
        slow: Period of the slow average, in bars.
        signal: Period of the average of their difference, in bars.

    Returns:
        The difference, its average, and the former less the latter; each of shape
        (n,), the unit of `real`. Source: Appel 1979; Achelis, p. 202.
    """
    line, average, histogram = talib.MACD(real, fast, slow, signal)
    return line, average, histogram


def trix(real: FloatArray, *, period: int) -> FloatArray:
    """Return the rate of change, over one bar, of a threefold exponential average.

    Args:
        real: Shape (n,), any unit.
        period: Period of each average, in bars.

    Returns:
        Shape (n,), percent; 0 where the average was 0. Source: Hutson 1983; Achelis,
        p. 344.
    """
    return talib.TRIX(real, period)


def tsi(real: FloatArray, *, first: int, second: int) -> FloatArray:
    """Return the true strength index: twice smoothed change over its own size.

    Args:
        real: Shape (n,), any unit.
        first: Period of the first exponential average, in bars.
        second: Period of the second, in bars.

    Returns:
        Shape (n,), -100 to 100, 0 where nothing has moved. Source: Blau 1991.
    """
    return talib.TSI(real, first, second)


def coppock(real: FloatArray, *, period: int, short: int, long: int) -> FloatArray:
    """Return the Coppock curve: the weighted average of two rates of change.

    Args:
        real: Shape (n,), any unit.
        period: Bars of the weighted average.
        short: Bars of the shorter rate of change.
        long: Bars of the longer one.

    Returns:
        Shape (n,), percent. Source: Coppock 1962.
    """
    change = roc(real, period=short) + roc(real, period=long)
    return talib.WMA(change, period)


def dpo(real: FloatArray, *, period: int) -> FloatArray:
    """Return the detrended price: an earlier value less the average up to now.

    The published chart moves the average back by half a period, over values that were
    not yet known; here the earlier value is moved forward instead, which is the same
    curve at the bar where it can be known.

    Args:
        real: Shape (n,), any unit.
        period: Bars of the average; the value is of `period // 2 + 1` bars ago.

    Returns:
        Shape (n,), the unit of `real`. Source: Achelis, p. 119.
    """
    return earlier(real, bars=period // 2 + 1) - talib.SMA(real, period)


def qstick(open: FloatArray, close: FloatArray, *, period: int) -> FloatArray:  # noqa: A002 - the input's name
    """Return the average body of the candles, close less open.

    Args:
        open: Shape (n,), quote per base.
        close: Shape (n,), quote per base.
        period: Bars of the average.

    Returns:
        Shape (n,), quote per base. Source: Chande and Kroll 1994; Achelis, p. 280.
    """
    return talib.SMA(close - open, period)


def ao(high: FloatArray, low: FloatArray, *, fast: int, slow: int) -> FloatArray:
    """Return the awesome oscillator: a fast less a slow average of the bar's middle.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        fast: Bars of the fast simple average.
        slow: Bars of the slow simple average.

    Returns:
        Shape (n,), quote per base. Source: Williams, New Trading Dimensions, 1998.
    """
    middle = 0.5 * (high + low)
    return talib.SMA(middle, fast) - talib.SMA(middle, slow)


def elder_ray(
    high: FloatArray, low: FloatArray, close: FloatArray, *, period: int
) -> tuple[FloatArray, FloatArray]:
    """Return how far the bar reaches above and below the average close.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.
        period: Period of the exponential average, in bars.

    Returns:
        Bull power and bear power, each of shape (n,), quote per base. Source: Elder,
        Trading for a Living, 1993.
    """
    consensus = talib.EMA(close, period)
    return high - consensus, low - consensus


def bop(
    open: FloatArray,  # noqa: A002 - the input's name
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
) -> FloatArray:
    """Return the balance of power: the bar's body over its range.

    Args:
        open: Shape (n,), quote per base.
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.

    Returns:
        Shape (n,), -1 to 1, 0 where there is no range. Source: Livshin 2001.
    """
    return divide(close - open, high - low, otherwise=0.0)


def fosc(real: FloatArray, *, period: int) -> FloatArray:
    """Return how far the value is from its forecast of one bar ago, in percent.

    Args:
        real: Shape (n,), any unit.
        period: Bars of the regression that forecasts.

    Returns:
        Shape (n,), percent of the value; 0 where the value is 0. Source: Chande and
        Kroll 1994; Achelis, p. 147.
    """
    forecast = earlier(talib.TSF(real, period), bars=1)
    return 100.0 * divide(real - forecast, real, otherwise=0.0)
