"""Oscillators between bounds.

One convention holds for all: where there is nothing to measure (a range of zero, no
gain and no loss) an oscillator stands at its neutral middle. TA-Lib answers 0 there,
which for most of these reads as the deepest oversold, or overbought, that there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import talib

from apps.indicators.functions.statistics import percent_rank
from apps.indicators.functions.windows import (
    divide,
    earlier,
    highest_in,
    lowest_in,
    position_between,
    rolling_mean,
    rolling_sum,
)

if TYPE_CHECKING:
    from apps.indicators.contracts import FloatArray


def rsi(real: FloatArray, *, period: int) -> FloatArray:
    """Return Wilder's relative strength index.

    Args:
        real: Shape (n,), any unit.
        period: Bars of Wilder's smoothing.

    Returns:
        Shape (n,), 0 to 100, 50 while nothing has moved yet. Source: Wilder 1978,
        section VI.
    """
    moved = np.logical_or.accumulate(real != real[0])
    strength = talib.RSI(real, period)
    strength[period:][~moved[period:]] = 50.0
    return strength


def stoch(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    *,
    period: int,
    slowing: int,
    smoothing: int,
) -> tuple[FloatArray, FloatArray]:
    """Return the slow stochastic oscillator.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.
        period: Bars of the range in which the close is placed.
        slowing: Bars of the average that makes K; 1 gives the fast stochastic.
        smoothing: Bars of the average of K that makes D.

    Returns:
        K and D, each of shape (n,), 0 to 100. Source: Lane 1984; Achelis, p. 325.
    """
    bottom, top = lowest_in(low, period=period), highest_in(high, period=period)
    raw = 100.0 * position_between(close, bottom, top)
    line = rolling_mean(raw, period=slowing)
    return line, rolling_mean(line, period=smoothing)


def stochrsi(real: FloatArray, *, period: int, stochastic_period: int) -> FloatArray:
    """Return where the relative strength index lies in its own recent range.

    Args:
        real: Shape (n,), any unit.
        period: Bars of the relative strength index.
        stochastic_period: Bars of the range.

    Returns:
        Shape (n,), 0 to 100. Source: Chande and Kroll, The New Technical Trader, 1994,
        where it runs from 0 to 1.
    """
    strength = rsi(real, period=period)
    bottom = lowest_in(strength, period=stochastic_period)
    top = highest_in(strength, period=stochastic_period)
    return 100.0 * position_between(strength, bottom, top)


def willr(
    high: FloatArray, low: FloatArray, close: FloatArray, *, period: int
) -> FloatArray:
    """Return Williams' %R: how far the close is below the top of the recent range.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.
        period: Bars of the range.

    Returns:
        Shape (n,), -100 (at the bottom) to 0 (at the top). Source: Williams 1973;
        Achelis, p. 371.
    """
    bottom, top = lowest_in(low, period=period), highest_in(high, period=period)
    return 100.0 * position_between(close, bottom, top) - 100.0


def cci(
    high: FloatArray, low: FloatArray, close: FloatArray, *, period: int
) -> FloatArray:
    """Return the commodity channel index: deviation in units of the mean deviation.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.
        period: Bars of the mean.

    Returns:
        Shape (n,), mostly -100 to 100, 0 where nothing deviates. Source: Lambert 1980;
        Achelis, p. 105.
    """
    return talib.CCI(high, low, close, period)


def cmo(real: FloatArray, *, period: int) -> FloatArray:
    """Return Chande's momentum oscillator: gains less losses over their sum.

    Sums over a window, as published; TA-Lib's function of this name smooths the gains
    and losses as RSI does, which is another indicator.

    Args:
        real: Shape (n,), any unit.
        period: Bars of the sums.

    Returns:
        Shape (n,), -100 to 100, 0 where nothing moves. Source: Chande and Kroll, The
        New Technical Trader, 1994, p. 96.
    """
    change = real - earlier(real, bars=1)
    gains = rolling_sum(np.maximum(change, 0.0), period=period)
    losses = rolling_sum(np.maximum(-change, 0.0), period=period)
    return 100.0 * divide(gains - losses, gains + losses, otherwise=0.0)


def ultosc(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    *,
    short: int,
    medium: int,
    long: int,
) -> FloatArray:
    """Return Williams' ultimate oscillator: buying pressure over three windows.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.
        short: Bars of the window that weighs four sevenths.
        medium: Bars of the window that weighs two sevenths.
        long: Bars of the window that weighs one seventh.

    Returns:
        Shape (n,), 0 to 100; a window without any range counts as 50. Source:
        Williams 1985; Achelis, p. 346.
    """
    past = earlier(close, bars=1)
    pressure = close - np.minimum(low, past)
    ranges = np.maximum(high, past) - np.minimum(low, past)

    def average(period: int) -> FloatArray:
        bought = rolling_sum(pressure, period=period)
        return divide(bought, rolling_sum(ranges, period=period), otherwise=0.5)

    weighted = 4.0 * average(short) + 2.0 * average(medium) + average(long)
    return 100.0 * weighted / 7.0


def msw(real: FloatArray, *, period: int) -> tuple[FloatArray, FloatArray]:
    """Return the MESA sine wave: the phase of the cycle of the given length.

    The window's discrete Fourier term is taken of the differences from the newest
    value, which changes nothing but rounding, so that a flat window has none at all.

    Args:
        real: Shape (n,), any unit.
        period: Length of the cycle, in bars.

    Returns:
        The sine of the phase and of the phase 45 degrees ahead, each of shape (n,), -1
        to 1, both 0 where nothing moves. Source: Ehlers, MESA and Trading Market
        Cycles, 2002.
    """
    newest = real[period - 1 :]
    in_phase, quadrature = np.zeros(len(newest)), np.zeros(len(newest))
    for bars in range(1, period):
        differences = real[period - 1 - bars : len(real) - bars] - newest
        angle = 2.0 * np.pi * bars / period
        in_phase += np.cos(angle) * differences
        quadrature += np.sin(angle) * differences
    phase = np.arctan2(quadrature, in_phase) + 0.5 * np.pi
    present = (in_phase != 0.0) | (quadrature != 0.0)
    sine, lead = np.full(len(real), np.nan), np.full(len(real), np.nan)
    sine[period - 1 :] = np.where(present, np.sin(phase), 0.0)
    lead[period - 1 :] = np.where(present, np.sin(phase + 0.25 * np.pi), 0.0)
    return sine, lead


def connors_rsi(
    real: FloatArray, *, period: int, streak_period: int, rank_period: int
) -> FloatArray:
    """Return Connors' RSI: the mean of an RSI, that of the streak, and a rank.

    Args:
        real: Shape (n,), any unit.
        period: Bars of the relative strength index of the value.
        streak_period: Bars of that of the streak, bars up or down in a row.
        rank_period: Earlier one-bar returns among which the newest is ranked.

    Returns:
        Shape (n,), 0 to 100. Source: Connors, Alvarez and Radtke, An Introduction to
        ConnorsRSI, 2012.
    """
    past = earlier(real, bars=1)
    change = divide(real - past, past, otherwise=0.0)
    rank = np.full(len(real), np.nan)
    rank[1:] = percent_rank(change[1:], period=rank_period)
    streak = rsi(_streak(real), period=streak_period)
    mean: FloatArray = (rsi(real, period=period) + streak + rank) / 3.0
    return mean


def _streak(real: FloatArray) -> FloatArray:
    """Return how many bars in a row went up (positive) or down; 0 where unchanged."""
    direction: FloatArray = np.sign(np.diff(real, prepend=real[:1]))
    bars = np.arange(len(real))
    turned = np.diff(direction, prepend=np.nan) != 0.0
    began = np.maximum.accumulate(np.where(turned, bars, 0))
    counted: FloatArray = direction * (bars - began + 1)
    return counted
