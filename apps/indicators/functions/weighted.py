"""Prices weighted with the volume that traded at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import talib

from apps.indicators.functions.windows import rolling_mean, rolling_sum

if TYPE_CHECKING:
    from apps.indicators.contracts import FloatArray, IntArray

_DAY = 24 * 60 * 60 * 1_000_000_000
"""Nanoseconds."""


def vwap(
    time: IntArray,
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    volume: FloatArray,
) -> FloatArray:
    """Return the volume-weighted average price of the session, begun at each UTC day.

    Args:
        time: Open times, shape (n,), int64 nanoseconds UTC, ascending.
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.
        volume: Shape (n,), base units.

    Returns:
        Shape (n,), quote per base: of the typical price; while nothing has traded in
        the session, the typical price itself. Source: Berkowitz, Logue and Noser 1988.
    """
    typical = talib.TYPPRICE(high, low, close)
    turnover = typical * volume
    day = time // _DAY
    starts = np.flatnonzero(np.diff(day, prepend=day[0] - 1))
    paid, traded = np.empty(len(typical)), np.empty(len(typical))
    # A sum for each session: taking yesterday's total off one sum over everything
    # would leave its rounding behind in a session without volume.
    for start, stop in zip(starts, [*starts[1:], len(typical)], strict=True):
        np.cumsum(turnover[start:stop], out=paid[start:stop])
        np.cumsum(volume[start:stop], out=traded[start:stop])
    return _quotient(paid, traded, typical)


def vwap_rolling(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    volume: FloatArray,
    *,
    period: int,
) -> FloatArray:
    """Return the volume-weighted average of the typical price over a rolling window.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.
        volume: Shape (n,), base units.
        period: Length of the window, in bars.

    Returns:
        Shape (n,), quote per base; where nothing traded, the plain average. Source:
        Berkowitz, Logue and Noser 1988, over a window.
    """
    return vwma(talib.TYPPRICE(high, low, close), volume, period=period)


def vwma(real: FloatArray, volume: FloatArray, *, period: int) -> FloatArray:
    """Return the volume-weighted moving average.

    Args:
        real: Shape (n,), any unit.
        volume: Shape (n,), base units.
        period: Length of the window, in bars.

    Returns:
        Shape (n,), the unit of `real`; where nothing traded, the plain average. Source:
        Tulip Indicators, vwma.
    """
    paid = rolling_sum(real * volume, period=period)
    traded = rolling_sum(volume, period=period)
    return _quotient(paid, traded, rolling_mean(real, period=period))


def _quotient(paid: FloatArray, traded: FloatArray, untraded: FloatArray) -> FloatArray:
    """Return turnover over volume, and another price where nothing traded."""
    result = untraded.copy()
    np.divide(paid, traded, out=result, where=traded != 0.0)
    return result
