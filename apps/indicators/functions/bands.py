"""Channels around the price: bands as wide as it moves, and the extremes themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import talib

from apps.indicators.functions.windows import (
    divide,
    highest_in,
    lowest_in,
    position_between,
)

if TYPE_CHECKING:
    from apps.indicators.contracts import FloatArray


def bollinger(
    real: FloatArray, *, period: int, deviations: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return Bollinger bands: standard deviations around a simple average.

    Args:
        real: Shape (n,), any unit.
        period: Bars of the average and of the deviation (that of the population).
        deviations: Half the width, in standard deviations.

    Returns:
        Upper, middle and lower, each of shape (n,), the unit of `real`. Source:
        Bollinger, Bollinger on Bollinger Bands, 2001; Achelis, p. 73.
    """
    middle = talib.SMA(real, period)
    reach = deviations * talib.STDDEV(real, period)
    return middle + reach, middle, middle - reach


def bollinger_bandwidth(
    real: FloatArray, *, period: int, deviations: float
) -> FloatArray:
    """Return the width of the Bollinger bands in percent of their middle.

    Args:
        real: Shape (n,), any unit.
        period: Bars of the bands.
        deviations: Half their width, in standard deviations.

    Returns:
        Shape (n,), percent; 0 where the middle is 0. Source: Bollinger 2001, ch. 8.
    """
    upper, middle, lower = bollinger(real, period=period, deviations=deviations)
    return 100.0 * divide(upper - lower, middle, otherwise=0.0)


def bollinger_percent_b(
    real: FloatArray, *, period: int, deviations: float
) -> FloatArray:
    """Return where the value lies within the Bollinger bands.

    Args:
        real: Shape (n,), any unit.
        period: Bars of the bands.
        deviations: Half their width, in standard deviations.

    Returns:
        Shape (n,), 0 at the lower band and 1 at the upper one, 0.5 where they meet.
        Source: Bollinger 2001, ch. 8.
    """
    upper, _, lower = bollinger(real, period=period, deviations=deviations)
    return position_between(real, lower, upper)


def keltner(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    *,
    period: int,
    atr_period: int,
    multiplier: float,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return Keltner channels: average true ranges around an exponential average.

    In Raschke's form, around the close; TA-Lib's is around the typical price.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.
        period: Period of the exponential average, in bars.
        atr_period: Bars of the average true range.
        multiplier: Half the width, in average true ranges.

    Returns:
        Upper, middle and lower, each of shape (n,), quote per base. Source: Raschke
        and Connors, Street Smarts, 1995, after Keltner 1960.
    """
    middle = talib.EMA(close, period)
    reach = multiplier * talib.ATR(high, low, close, atr_period)
    return middle + reach, middle, middle - reach


def donchian(
    high: FloatArray, low: FloatArray, *, period: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the highest high and the lowest low of the window, and their middle.

    The window ends at the current bar, so a bar cannot close outside its own channel; a
    breakout is measured against the channel of the bar before.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        period: Length of the window, in bars.

    Returns:
        Upper, middle and lower, each of shape (n,), quote per base. Source: Donchian's
        four-week rule.
    """
    upper, lower = highest_in(high, period=period), lowest_in(low, period=period)
    return upper, 0.5 * (upper + lower), lower


def chandelier(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    *,
    period: int,
    multiplier: float,
) -> tuple[FloatArray, FloatArray]:
    """Return the chandelier exits: stops that hang from the window's extremes.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.
        period: Bars of the extremes and of the average true range.
        multiplier: Distance from the extreme, in average true ranges.

    Returns:
        The stop of a long and that of a short position, each of shape (n,), quote per
        base. Source: LeBeau, in Elder, Come Into My Trading Room, 2002.
    """
    reach = multiplier * talib.ATR(high, low, close, period)
    top, bottom = highest_in(high, period=period), lowest_in(low, period=period)
    return top - reach, bottom + reach
