"""ccxt's candles into ours, checked before they are believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from apps.exchanges.adapters.ccxt.numbers import FIRST_MS, LAST_MS, NS_PER_MS, invalid
from apps.exchanges.contracts import Candles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.exchanges.contracts import FloatArray, IntArray
    from apps.exchanges.errors import ExchangeAnswerInvalid

_COLUMNS = ("time", "open", "high", "low", "close", "volume")
_ROWS_AND_COLUMNS = 2
_PRICES = ("open", "high", "low", "close")


def candles_from(raw: Any, symbol: str, timeframe_ns: int) -> Candles:
    """Return a page of candles that can be believed, in order and each time once.

    A page may come in any order, and may hold a candle twice: the order of rows says
    nothing, because each row names its time. Two different candles of one time do: one
    of them is wrong, and nobody knows which.

    Args:
        raw: ccxt's rows of time in milliseconds, open, high, low, close and volume.
        symbol: The market.
        timeframe_ns: The nominal length of a candle.

    Raises:
        ExchangeAnswerInvalid: A row is too short or holds what is no number, a price is
            not above 0, a volume is below 0, a time is of another unit, or two
            different candles have one time.
    """
    what = f"candles of {symbol}"
    if not isinstance(raw, list | tuple):
        raise invalid(what, "rows", raw)
    table = _table(what, raw)
    time_ms = table[:, 0]
    _column_check(what, "time", time_ms, (time_ms >= FIRST_MS) & (time_ms <= LAST_MS))
    for place, name in enumerate(_COLUMNS[1:], start=1):
        column = table[:, place]
        low = column > 0 if name in _PRICES else column >= 0
        _column_check(what, name, column, np.isfinite(column) & low)
    table = _ordered(what, table)
    columns = {
        name: np.ascontiguousarray(table[:, place])
        for place, name in enumerate(_COLUMNS[1:], start=1)
    }
    time_ns = table[:, 0].astype(np.int64) * NS_PER_MS
    return Candles(time=time_ns, timeframe_ns=timeframe_ns, **columns)


def impossible(page: Candles) -> IntArray:
    """Return the places of candles whose range does not hold their first or last price."""
    most = np.maximum(page.open, page.close)
    least = np.minimum(page.open, page.close)
    return np.flatnonzero((page.high < most) | (page.low > least))


def agreed(before: Candles, after: Candles, symbol: str) -> Candles:
    """Return the second of two answers to one question, if it can be believed.

    Args:
        before: An answer with impossible candles.
        after: The next answer; newer candles and the last one may differ.
        symbol: The market.

    Raises:
        ExchangeAnswerInvalid: It has impossible candles that the first does not have.
    """
    known = {_row(before, place) for place in impossible(before).tolist()}
    for place in impossible(after).tolist():
        row = _row(after, place)
        if row not in known:
            raise invalid(f"candles of {symbol}", f"rows.{place}", row)
    return after


def _table(what: str, raw: Sequence[Any]) -> FloatArray:
    """Return the rows as one array; numpy reads text and makes NaN of None."""
    width = len(_COLUMNS)
    if not raw:
        return np.empty((0, width))
    try:
        table = np.array(raw, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise _row_error(what, raw, error) from error
    if table.ndim != _ROWS_AND_COLUMNS or table.shape[1] < width:
        raise _row_error(what, raw, "a row that is too short")
    return table[:, :width]


def _row_error(what: str, raw: Sequence[Any], found: object) -> ExchangeAnswerInvalid:
    """Name the first row that is none, or what numpy found."""
    for place, row in enumerate(raw):
        if not isinstance(row, list | tuple) or len(row) < len(_COLUMNS):
            return invalid(what, f"rows.{place}", row)
    return invalid(what, "rows", found)


def _column_check(
    what: str, name: str, column: FloatArray, good: np.ndarray[Any, np.dtype[np.bool_]]
) -> None:
    if good.all():
        return
    place = int(np.argmin(good))
    raise invalid(what, f"rows.{place}.{name}", column[place])


def _ordered(what: str, table: FloatArray) -> FloatArray:
    time_ms = table[:, 0]
    if len(time_ms) < 2 or np.all(np.diff(time_ms) > 0):  # noqa: PLR2004 - a pair
        return table
    table = table[np.argsort(time_ms, kind="stable")]
    again = np.flatnonzero(np.diff(table[:, 0]) == 0)
    for place in again.tolist():
        if not np.array_equal(table[place], table[place + 1]):
            raise invalid(
                what, "time", f"{int(table[place, 0])} of two different candles"
            )
    return np.delete(table, again + 1, axis=0)


def _row(page: Candles, place: int) -> tuple[float, ...]:
    columns = (page.time, page.open, page.high, page.low, page.close)
    return tuple(column[place].item() for column in columns)
