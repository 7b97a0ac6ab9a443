"""What traded volume says about the price."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import talib

from apps.indicators.functions.windows import divide, earlier, rolling_sum

if TYPE_CHECKING:
    from apps.indicators.contracts import FloatArray

_EMV_VOLUME_UNIT = 10_000.0
"""Arms counts volume in ten thousands, which keeps the figures readable."""


def adosc(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    volume: FloatArray,
    *,
    fast: int,
    slow: int,
) -> FloatArray:
    """Return Chaikin's oscillator: a fast less a slow average of the line `ad`.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.
        volume: Shape (n,), base units.
        fast: Period of the fast exponential average, in bars.
        slow: Period of the slow one; both begin at the line's first value.

    Returns:
        Shape (n,), base units. Source: Achelis, p. 99.
    """
    return talib.ADOSC(high, low, close, volume, fast, slow)


def mfi(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    volume: FloatArray,
    *,
    period: int,
) -> FloatArray:
    """Return the money flow index: the share of turnover that came with rising prices.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.
        volume: Shape (n,), base units.
        period: Bars of the sums.

    Returns:
        Shape (n,), 0 to 100, 50 where no money flows. Source: Quong and Soudack 1989.
    """
    typical = talib.TYPPRICE(high, low, close)
    flow = typical * volume
    change = typical - earlier(typical, bars=1)
    inward = rolling_sum(np.where(change > 0.0, flow, 0.0), period=period)
    outward = rolling_sum(np.where(change < 0.0, flow, 0.0), period=period)
    share = 100.0 * divide(inward, inward + outward, otherwise=0.5)
    # The first bar has no change, so no window may begin with it.
    share[:period] = np.nan
    return share


def cmf(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    volume: FloatArray,
    *,
    period: int,
) -> FloatArray:
    """Return Chaikin's money flow: where bars close in their range, by volume.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.
        volume: Shape (n,), base units.
        period: Bars of the sums.

    Returns:
        Shape (n,), -1 to 1; 0 where there is no volume, and a bar without range counts
        as closing in its middle. Source: Chaikin 1982; StockCharts ChartSchool.
    """
    place = divide((close - low) - (high - close), high - low, otherwise=0.0)
    flow = rolling_sum(place * volume, period=period)
    return divide(flow, rolling_sum(volume, period=period), otherwise=0.0)


def emv(
    high: FloatArray, low: FloatArray, volume: FloatArray, *, period: int
) -> FloatArray:
    """Return Arms' ease of movement: the way moved over the volume it took.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        volume: Shape (n,), base units.
        period: Bars of the simple average; 1 leaves it out.

    Returns:
        Shape (n,), price squared per 10,000 base units; a bar without volume counts as
        0. Source: Arms 1983; Achelis, p. 132.
    """
    middle = 0.5 * (high + low)
    moved = (middle - earlier(middle, bars=1)) * (high - low)
    ease = divide(moved, volume / _EMV_VOLUME_UNIT, otherwise=0.0)
    ease[0] = np.nan
    return rolling_sum(ease, period=period) / period


def force_index(close: FloatArray, volume: FloatArray, *, period: int) -> FloatArray:
    """Return Elder's force index: the average of change times volume.

    Args:
        close: Shape (n,), quote per base.
        volume: Shape (n,), base units.
        period: Period of the exponential average, in bars.

    Returns:
        Shape (n,), quote units. Source: Elder, Trading for a Living, 1993.
    """
    return talib.EMA((close - earlier(close, bars=1)) * volume, period)


def vosc(volume: FloatArray, *, fast: int, slow: int) -> FloatArray:
    """Return the volume oscillator: a fast simple average's distance from a slow one.

    Args:
        volume: Shape (n,), base units.
        fast: Bars of the fast average.
        slow: Bars of the slow average.

    Returns:
        Shape (n,), percent of the slow average, 0 where that is 0. Source: Achelis,
        p. 360.
    """
    slow_average = rolling_sum(volume, period=slow) / slow
    distance = rolling_sum(volume, period=fast) / fast - slow_average
    return 100.0 * divide(distance, slow_average, otherwise=0.0)


def pvo(volume: FloatArray, *, fast: int, slow: int) -> FloatArray:
    """Return the percentage volume oscillator, `ppo` of the volume.

    Args:
        volume: Shape (n,), base units.
        fast: Period of the fast exponential average, in bars.
        slow: Period of the slow one.

    Returns:
        Shape (n,), percent of the slow average, 0 where that is 0. Source: StockCharts
        ChartSchool.
    """
    slow_average = talib.EMA(volume, slow)
    distance = talib.EMA(volume, fast) - slow_average
    return 100.0 * divide(distance, slow_average, otherwise=0.0)
