"""Direction and strength of a trend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import talib

from apps.indicators.functions.windows import (
    divide,
    earlier,
    highest_in,
    lowest_in,
    rolling_sum,
)

if TYPE_CHECKING:
    from apps.indicators.contracts import FloatArray


def psar(
    high: FloatArray, low: FloatArray, *, acceleration: float, maximum: float
) -> FloatArray:
    """Return Wilder's parabolic stop and reverse.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        acceleration: Added to the factor at each new extreme, and its start.
        maximum: Where the factor stops growing.

    Returns:
        Shape (n,), quote per base. Source: Wilder 1978, section II.
    """
    return talib.SAR(high, low, acceleration, maximum)


def supertrend(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    *,
    period: int,
    multiplier: float,
) -> tuple[FloatArray, FloatArray]:
    """Return SuperTrend: a band of average true range that only tightens.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.
        period: Bars of the average true range.
        multiplier: Width of the band, in average true ranges.

    Returns:
        The line in force, quote per base, and the direction, +1 while the line is
        below the price and -1 while it is above; each of shape (n,). Source: Seban,
        Tout le monde mérite d'être riche.
    """
    line, direction = talib.SUPERTREND(high, low, close, period, multiplier)
    sides = direction.astype(np.float64)
    sides[:period] = np.nan
    return line, sides


def ichimoku(
    high: FloatArray,
    low: FloatArray,
    *,
    tenkan: int,
    kijun: int,
    senkou: int,
    displacement: int,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return the four lines of Ichimoku that are known at each bar.

    The two senkou lines stand at the bar that they are drawn over, so they are made of
    what was known `displacement` bars earlier. The fifth line, chikou, is the close
    drawn `displacement` bars back: at its place it would be a value from the future,
    so it is left out. Comparing the close with that of `displacement` bars ago (`mom`)
    says the same without looking ahead.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        tenkan: Bars of the conversion line.
        kijun: Bars of the base line.
        senkou: Bars of the second leading line.
        displacement: Bars by which the leading lines are moved forward.

    Returns:
        Tenkan, kijun, senkou A and senkou B, each of shape (n,), quote per base.
        Source: Hosoda 1969; Elliott, Ichimoku Charts, 2007.
    """

    def middle(period: int) -> FloatArray:
        top = highest_in(high, period=period)
        return 0.5 * (top + lowest_in(low, period=period))

    conversion, base = middle(tenkan), middle(kijun)
    leading = earlier(0.5 * (conversion + base), bars=displacement)
    return conversion, base, leading, earlier(middle(senkou), bars=displacement)


def aroon(
    high: FloatArray, low: FloatArray, *, period: int
) -> tuple[FloatArray, FloatArray]:
    """Return how recent the lowest low and the highest high are.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        period: Bars looked back over; the window is one longer.

    Returns:
        Down and up, each of shape (n,), 0 to 100; of equal extremes the latest counts,
        so both are 100 where nothing moves. Source: Chande 1995; Achelis, p. 67.
    """
    down, up = talib.AROON(high, low, period)
    return down, up


def aroonosc(high: FloatArray, low: FloatArray, *, period: int) -> FloatArray:
    """Return Aroon up less Aroon down.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        period: Bars looked back over; the window is one longer.

    Returns:
        Shape (n,), -100 to 100. Source: Chande 1995.
    """
    return talib.AROONOSC(high, low, period)


def vortex(
    high: FloatArray, low: FloatArray, close: FloatArray, *, period: int
) -> tuple[FloatArray, FloatArray]:
    """Return the vortex indicator: movement up and down over true range.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.
        period: Bars of the sums.

    Returns:
        VI+ and VI-, each of shape (n,), about 0.5 to 1.5; both are 0 where there is no
        range. Source: Botes and Siepman 2010.
    """
    ranges = rolling_sum(talib.TRANGE(high, low, close), period=period)
    upward = rolling_sum(np.abs(high - earlier(low, bars=1)), period=period)
    downward = rolling_sum(np.abs(low - earlier(high, bars=1)), period=period)
    plus = divide(upward, ranges, otherwise=0.0)
    return plus, divide(downward, ranges, otherwise=0.0)


def vhf(real: FloatArray, *, period: int) -> FloatArray:
    """Return the vertical horizontal filter: the range over the path travelled.

    Args:
        real: Shape (n,), any unit.
        period: Values in the range and steps in the path, in bars.

    Returns:
        Shape (n,), 0 (also where nothing moves) to 1. Source: White 1991; Achelis,
        p. 354.
    """
    span = highest_in(real, period=period) - lowest_in(real, period=period)
    path = rolling_sum(np.abs(real - earlier(real, bars=1)), period=period)
    return divide(span, path, otherwise=0.0)


def efficiency_ratio(real: FloatArray, *, period: int) -> FloatArray:
    """Return Kaufman's efficiency ratio: the way gained over the path travelled.

    Args:
        real: Shape (n,), any unit.
        period: Bars of both.

    Returns:
        Shape (n,), 0 (also where nothing moves) to 1. Source: Kaufman, Smarter
        Trading, 1995.
    """
    path = rolling_sum(np.abs(real - earlier(real, bars=1)), period=period)
    gained = np.abs(real - earlier(real, bars=period))
    return divide(gained, path, otherwise=0.0)
