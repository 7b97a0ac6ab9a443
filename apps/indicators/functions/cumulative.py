"""Lines that add up from the first bar on: only their course has a meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import talib

from apps.indicators.functions.windows import divide

if TYPE_CHECKING:
    from apps.indicators.contracts import BoolArray, FloatArray


def ad(
    high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray
) -> FloatArray:
    """Return Chaikin's accumulation/distribution line.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.
        volume: Shape (n,), base units.

    Returns:
        Shape (n,), base units, cumulated from the first bar; a bar without range adds
        nothing. Source: Achelis, p. 50.
    """
    return talib.AD(high, low, close, volume)


def obv(close: FloatArray, volume: FloatArray) -> FloatArray:
    """Return on-balance volume: added when the price rises, taken off when it falls.

    Args:
        close: Shape (n,), quote per base.
        volume: Shape (n,), base units.

    Returns:
        Shape (n,), base units, from the first bar's volume on; only differences mean
        anything. Source: Granville 1963; Achelis, p. 231.
    """
    return talib.OBV(close, volume)


def pvt(close: FloatArray, volume: FloatArray) -> FloatArray:
    """Return the price and volume trend: volume times the relative change, cumulated.

    Args:
        close: Shape (n,), quote per base.
        volume: Shape (n,), base units.

    Returns:
        Shape (n,), base units, 0 at the first bar; a change from 0 adds nothing.
        Source: Achelis, Price and Volume Trend.
    """
    past = close[:-1]
    steps = volume[1:] * divide(close[1:] - past, past, otherwise=0.0)
    return np.concatenate(([0.0], np.cumsum(steps)))


def nvi(close: FloatArray, volume: FloatArray) -> FloatArray:
    """Return the negative volume index: returns of the bars with falling volume.

    Args:
        close: Shape (n,), quote per base.
        volume: Shape (n,), base units.

    Returns:
        Shape (n,), 1000 at the first bar. Source: Fosback 1976; Achelis, p. 216.
    """
    return _chained(close, volume[1:] < volume[:-1])


def pvi(close: FloatArray, volume: FloatArray) -> FloatArray:
    """Return the positive volume index: returns of the bars with rising volume.

    Args:
        close: Shape (n,), quote per base.
        volume: Shape (n,), base units.

    Returns:
        Shape (n,), 1000 at the first bar. Source: Fosback 1976.
    """
    return _chained(close, volume[1:] > volume[:-1])


def wad(high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    """Return Williams' accumulation/distribution, which needs no volume.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.

    Returns:
        Shape (n,), quote per base, 0 at the first bar. Source: Williams 1972; Achelis,
        p. 368.
    """
    return talib.WAD(high, low, close)


def _chained(close: FloatArray, counted: BoolArray) -> FloatArray:
    """Return an index from 1000 that follows the returns of the counted bars."""
    past = close[:-1]
    growth = divide(close[1:], past, otherwise=1.0)
    steps = np.where(counted, growth, 1.0)
    return 1000.0 * np.concatenate(([1.0], np.cumprod(steps)))
