"""One price made of a bar's four, and the step from one to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import talib

from apps.indicators.functions.windows import earlier, highest_in, lowest_in

if TYPE_CHECKING:
    from apps.indicators.contracts import FloatArray


def avgprice(
    open: FloatArray,  # noqa: A002 - the input's name
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
) -> FloatArray:
    """Return the mean of open, high, low and close.

    Args:
        open: Shape (n,), quote per base.
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.

    Returns:
        Shape (n,), quote per base. Source: TA-Lib, AVGPRICE.
    """
    return talib.AVGPRICE(open, high, low, close)


def medprice(high: FloatArray, low: FloatArray) -> FloatArray:
    """Return the middle of the bar.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.

    Returns:
        Shape (n,), quote per base. Source: Achelis, p. 191.
    """
    return talib.MEDPRICE(high, low)


def typprice(high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    """Return the typical price, the mean of high, low and close.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.

    Returns:
        Shape (n,), quote per base. Source: Achelis, p. 345.
    """
    return talib.TYPPRICE(high, low, close)


def wcprice(high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    """Return the mean of high, low and twice the close.

    Args:
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.

    Returns:
        Shape (n,), quote per base. Source: Achelis, p. 364.
    """
    return talib.WCLPRICE(high, low, close)


def midpoint(real: FloatArray, *, period: int) -> FloatArray:
    """Return the middle between the window's extremes.

    Args:
        real: Shape (n,), any unit.
        period: Length of the window, in bars.

    Returns:
        Shape (n,), the unit of `real`. Source: TA-Lib, MIDPOINT.
    """
    top = highest_in(real, period=period)
    return 0.5 * (top + lowest_in(real, period=period))


def heikin_ashi(
    open: FloatArray,  # noqa: A002 - the input's name
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return Heikin-Ashi bars, each of which opens in the middle of the body before it.

    Args:
        open: Shape (n,), quote per base.
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.

    Returns:
        Open, high, low and close, each of shape (n,), quote per base: none of them is a
        price at which anything traded. The first bar opens in the middle of its own
        body. Source: Valcu 2004.
    """
    opened, top, bottom, closed = talib.HA(open, high, low, close)
    return opened, top, bottom, closed


def heikin_ashi_close(
    open: FloatArray,  # noqa: A002 - the input's name
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
) -> FloatArray:
    """Return the close of the Heikin-Ashi bar alone, which is the average price.

    Args:
        open: Shape (n,), quote per base.
        high: Shape (n,), quote per base.
        low: Shape (n,), quote per base.
        close: Shape (n,), quote per base.

    Returns:
        Shape (n,), quote per base. Source: Valcu 2004.
    """
    return talib.AVGPRICE(open, high, low, close)


def log_return(real: FloatArray, *, period: int) -> FloatArray:
    """Return the natural logarithm of the value over that of `period` bars ago.

    Args:
        real: Shape (n,), any unit.
        period: Bars looked back.

    Returns:
        Shape (n,), 0 where either value is not positive. Source: Hull, Options,
        Futures, and Other Derivatives.
    """
    past = earlier(real, bars=period)
    ratio = np.ones(len(real))
    np.divide(real, past, out=ratio, where=(real > 0.0) & (past > 0.0))
    result = np.log(ratio)
    result[:period] = np.nan
    return result
