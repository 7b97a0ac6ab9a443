"""Indicators whose every value needs the one before, in a way no array pass has.

Only these need numba, which takes half a second and some memory to import, so they live
in a module of their own: it is imported when one of them is computed, not before.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import talib
from numba import njit

from apps.indicators.functions.smoothing import exponential_from_first
from apps.indicators.functions.windows import (
    divide,
    highest_in,
    lowest_in,
    position_between,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.indicators.contracts import FloatArray


_FISHER_LIMIT = 0.99
_FISHER_BOUND = 0.999
"""Places beyond the limit are set to the bound, as Ehlers does."""


def vidya(real: FloatArray, *, short: int, long: int, alpha: float) -> FloatArray:
    """Return the variable index dynamic average, faster when volatility rises.

    Args:
        real: Shape (n,), any unit.
        short: Bars of the volatility (standard deviation) now.
        long: Bars of the volatility that it is compared with.
        alpha: The newest value's weight where both are equal.

    Returns:
        Shape (n,), the unit of `real`; it stands still where the longer window is flat.
        Source: Chande 1992.
    """
    start = long - 2
    now = talib.STDDEV(real, short)
    usual = talib.STDDEV(real, long)
    # A weight above one would overshoot the value itself, and could run away.
    weights = np.minimum(alpha * divide(now, usual, otherwise=0.0), 1.0)
    result = np.full(len(real), np.nan)
    result[start:] = _weighted(real[start:], weights[start:])
    result[: long - 1] = np.nan
    return result


def fisher(
    high: FloatArray, low: FloatArray, *, period: int
) -> tuple[FloatArray, FloatArray]:
    """Return Ehlers' Fisher transform of the price's place in its range.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        period: Bars of the range.

    Returns:
        The transform and its value one bar ago, each of shape (n,), about -4 to 4; a
        range of zero counts as its middle. Source: Ehlers 2002.
    """
    middle = 0.5 * (high + low)
    bottom, top = lowest_in(middle, period=period), highest_in(middle, period=period)
    place = position_between(middle, bottom, top)[period - 1 :]
    result, signal = np.full(len(high), np.nan), np.full(len(high), np.nan)
    result[period - 1 :] = _fisher(place)
    signal[period - 1] = 0.0
    signal[period:] = result[period - 1 : -1]
    return result, signal


def kvo(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    volume: FloatArray,
    *,
    fast: int,
    slow: int,
) -> FloatArray:
    """Return Klinger's volume oscillator.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.
        volume: Shape (n,), base units.
        fast: Period of the fast average of the volume force, in bars.
        slow: Period of the slow one, in bars.

    Returns:
        Shape (n,), base units times 100; before the first change of price, and in a
        trend without any range, there is no force. The averages begin at the first
        force. Source: Klinger 1997; Achelis, p. 170.
    """
    force = volume[1:] * _klinger(high + low + close, high - low)
    result = np.full(len(high), np.nan)
    quick = exponential_from_first(force, period=fast)
    result[1:] = quick - exponential_from_first(force, period=slow)
    result[:slow] = np.nan
    return result


def _weighted_loop(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Return an exponential average whose weight changes at each bar."""
    result = np.empty(len(values))
    current = values[0]
    result[0] = current
    for bar in range(1, len(values)):
        current += weights[bar] * (values[bar] - current)
        result[bar] = current
    return result


def _fisher_loop(place: FloatArray) -> FloatArray:
    """Return the transform of places in a range, 0 to 1."""
    result = np.empty(len(place))
    smooth, current = 0.0, 0.0
    for bar in range(len(place)):
        smooth = 0.33 * 2.0 * (place[bar] - 0.5) + 0.67 * smooth
        # The transform of 1 is infinite; Ehlers stops short of it.
        if abs(smooth) > _FISHER_LIMIT:
            smooth = math.copysign(_FISHER_BOUND, smooth)
        current = 0.5 * math.log((1.0 + smooth) / (1.0 - smooth)) + 0.5 * current
        result[bar] = current
    return result


def _klinger_loop(total: FloatArray, span: FloatArray) -> FloatArray:
    """Return the signed force per unit of volume, from the second bar on."""
    result = np.empty(len(total) - 1)
    trend, cumulated = 0.0, 0.0
    for bar in range(1, len(total)):
        turn = np.sign(total[bar] - total[bar - 1])
        if turn not in (0.0, trend):
            trend = turn
            cumulated = span[bar - 1]
        cumulated += span[bar]
        share = span[bar] / cumulated if cumulated > 0.0 else 0.5
        result[bar - 1] = trend * 100.0 * abs(2.0 * share - 1.0)
    return result


_weighted: Callable[[FloatArray, FloatArray], FloatArray] = njit(cache=True)(
    _weighted_loop
)
_fisher: Callable[[FloatArray], FloatArray] = njit(cache=True)(_fisher_loop)
_klinger: Callable[[FloatArray, FloatArray], FloatArray] = njit(cache=True)(
    _klinger_loop
)
