"""How an answer is spoiled: bodies cut short, emptied, or told wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from tests.exchange_server.faults import FaultKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.exchange_server.faults import Fault

_HTML: Final = b"""<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head>
<body><center><h1>We will be back soon</h1></center></body></html>"""

BODY_KINDS: Final = frozenset(
    {FaultKind.TRUNCATE, FaultKind.EMPTY, FaultKind.HTML, FaultKind.NULLS}
    | {FaultKind.WRONG_SHAPE}
)
CANDLE_KINDS: Final = frozenset(
    each for each in FaultKind if each.startswith("candles_")
)

type Rows = list[list[Any]]


def _nulled(value: Any) -> Any:
    """Return the same shape with nothing in it."""
    if isinstance(value, dict):
        return {key: _nulled(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_nulled(each) for each in value]
    return None


def body_spoiled(fault: Fault, body: bytes) -> bytes:
    """Return an answer's body as a fault leaves it."""
    if fault.kind is FaultKind.TRUNCATE:
        return body[: max(len(body) * 2 // 3, 1)]
    if fault.kind is FaultKind.EMPTY:
        return b""
    if fault.kind is FaultKind.HTML:
        return _HTML
    if fault.kind is FaultKind.NULLS:
        return orjson.dumps(_nulled(orjson.loads(body)))
    return orjson.dumps({"data": {"rows": [1, "two", None]}})


def _shuffled(rows: Rows) -> Rows:
    middle = len(rows) // 2
    return rows[middle:] + rows[:middle]


def _doubled(rows: Rows) -> Rows:
    middle = len(rows) // 2
    return rows[: middle + 1] + rows[middle:]


def _changed(place: int, value: Any) -> Callable[[Rows], Rows]:
    def change(rows: Rows) -> Rows:
        if rows:
            rows[len(rows) // 2][place] = value
        return rows

    return change


def _impossible(rows: Rows) -> Rows:
    """Put the highest price below the lowest."""
    if rows:
        row = rows[len(rows) // 2]
        row[2], row[3] = f"{float(row[3]) * 0.9:.8f}", f"{float(row[2]) * 1.1:.8f}"
    return rows


def _unfinished(rows: Rows) -> Rows:
    """Tell the last bar as if it were being made: half its volume, another close."""
    if rows:
        row = rows[-1]
        row[4] = row[1]
        row[5] = f"{float(row[5]) / 2:.8f}"
    return rows


_CHANGES: Final[dict[FaultKind, Callable[[Rows], Rows]]] = {
    FaultKind.CANDLES_SHUFFLED: _shuffled,
    FaultKind.CANDLES_REVERSED: lambda rows: rows[::-1],
    FaultKind.CANDLES_DOUBLED: _doubled,
    FaultKind.CANDLES_NAN: _changed(4, "NaN"),
    FaultKind.CANDLES_ZERO: _changed(4, "0.00000000"),
    FaultKind.CANDLES_NULL: _changed(4, None),
    FaultKind.CANDLES_IMPOSSIBLE: _impossible,
    FaultKind.CANDLES_UNFINISHED: _unfinished,
}


def candles_spoiled(fault: Fault, body: bytes, series: str) -> bytes:
    """Return candles as a fault leaves them.

    Args:
        fault: What goes wrong.
        body: The answer's body.
        series: Of which market and interval they are.
    """
    rows: Rows = orjson.loads(body)
    if fault.kind is FaultKind.CANDLES_HOLE:
        return orjson.dumps(_with_hole(fault, rows, series))
    return orjson.dumps(_CHANGES[fault.kind](rows))


def _with_hole(fault: Fault, rows: Rows, series: str) -> Rows:
    """Leave out what opens in the fault's span, or three bars of the middle.

    With `once_each`, a bar that was left out once is there from then on.
    """
    middle = len(rows) // 2
    hidden = {row[0] for row in rows[middle : middle + 3]}
    if fault.start_ms is not None and fault.end_ms is not None:
        span = range(fault.start_ms, fault.end_ms)
        hidden = {row[0] for row in rows if row[0] in span}
    if fault.once_each:
        hidden = {each for each in hidden if f"{series} {each}" not in fault.seen}
        fault.seen.update(f"{series} {each}" for each in hidden)
    return [row for row in rows if row[0] not in hidden]
