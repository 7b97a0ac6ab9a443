"""Rows of candles by the plain reading that most exchanges share, where it is proven.

ccxt reads each cell of each row by several calls: of a backfill that is most of the work.
Where an exchange sends time, open, high, low, close and volume in this order, a few rows
read by ccxt itself prove it, and the others are read the same way at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

# Shorter pages are not worth a proof.
_LEAST_ROWS = 32
_PROOFS = 3
_LAST_COLUMN = 5
_UNREADABLE = (TypeError, ValueError, LookupError, OverflowError)


def rows_parsed(client: Any, raw: Sequence[Any], market: Any) -> list[Any]:
    """Return the rows as the client's own `parse_ohlcv` reads them, text as floats.

    Args:
        client: A ccxt client.
        raw: The exchange's rows.
        market: ccxt's market of them.
    """
    if len(raw) >= _LEAST_ROWS and _proven(client, raw, market):
        try:
            return [_plain(row) for row in raw]
        except _UNREADABLE:
            # A cell is no number: ccxt says what it makes of it.
            return [client.parse_ohlcv(row, market) for row in raw]
    return [client.parse_ohlcv(row, market) for row in raw]


def _plain(row: Any) -> list[Any]:
    return [
        int(row[0]),
        float(row[1]),
        float(row[2]),
        float(row[3]),
        float(row[4]),
        float(row[5]),
    ]


def _proven(client: Any, raw: Sequence[Any], market: Any) -> bool:
    """Whether ccxt reads rows plainly, shown by rows that could not hide another way."""
    proofs = 0
    for row in raw:
        if not _telling(row):
            continue
        # The client's numbers may be text, to be exact.
        try:
            same = _plain(client.parse_ohlcv(row, market)) == _plain(row)
        except _UNREADABLE:
            return False
        if not same:
            return False
        proofs += 1
        if proofs == _PROOFS:
            return True
    return False


def _telling(row: Any) -> bool:
    """Whether each number of a row stands in one cell alone.

    Of a bar that opened where it closed, nobody can say which of the two was read.
    """
    if not isinstance(row, list):
        return False
    try:
        cells = [float(cell) for cell in row]
    except _UNREADABLE:
        return False
    return len(cells) > _LAST_COLUMN and all(
        cells.count(cells[place]) == 1 for place in range(_LAST_COLUMN + 1)
    )
