"""Wilder's directional movement, section IV of his New Concepts of 1978."""

from __future__ import annotations

from typing import TYPE_CHECKING

import talib

if TYPE_CHECKING:
    from apps.indicators.contracts import FloatArray


def adx(
    high: FloatArray, low: FloatArray, close: FloatArray, *, period: int
) -> FloatArray:
    """Return Wilder's average directional movement index.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.
        period: Bars of every smoothing.

    Returns:
        Shape (n,), 0 (no trend, also without any movement) to 100. Source: Wilder
        1978, section IV.
    """
    return talib.ADX(high, low, close, period)


def adxr(
    high: FloatArray, low: FloatArray, close: FloatArray, *, period: int
) -> FloatArray:
    """Return the directional movement rating: the mean of ADX now and a period ago.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.
        period: Bars of every smoothing; the earlier ADX is `period - 1` bars back.

    Returns:
        Shape (n,), 0 to 100. Source: Wilder 1978, section IV.
    """
    return talib.ADXR(high, low, close, period)


def dx(
    high: FloatArray, low: FloatArray, close: FloatArray, *, period: int
) -> FloatArray:
    """Return the directional movement index, |+DI - -DI| over their sum.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.
        period: Bars of the smoothing.

    Returns:
        Shape (n,), 0 (also without any movement) to 100. Source: Wilder 1978,
        section IV.
    """
    return talib.DX(high, low, close, period)


def di(
    high: FloatArray, low: FloatArray, close: FloatArray, *, period: int
) -> tuple[FloatArray, FloatArray]:
    """Return the directional indicators, directional movement over true range.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.
        period: Bars of the smoothing.

    Returns:
        +DI and -DI, each of shape (n,), 0 (also without any range) to 100. Source:
        Wilder 1978, section IV.
    """
    plus = talib.PLUS_DI(high, low, close, period)
    return plus, talib.MINUS_DI(high, low, close, period)


def dm(
    high: FloatArray, low: FloatArray, *, period: int
) -> tuple[FloatArray, FloatArray]:
    """Return the directional movements, summed by Wilder's smoothing.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        period: Bars of the smoothing.

    Returns:
        +DM and -DM, each of shape (n,), quote per base. Source: Wilder 1978,
        section IV.
    """
    return talib.PLUS_DM(high, low, period), talib.MINUS_DM(high, low, period)
