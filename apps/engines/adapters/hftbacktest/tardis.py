"""Tardis.dev's CSV files: `incremental_book_L2`, and `trades` beside it.

Read here and not by upstream's converter, which cuts every snapshot to the size of the
first, drops one at the end, and tells the files apart by whether 'trades' occurs anywhere
in their path. What follows, the clocks and the order of events, is upstream's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from apps.engines.adapters.hftbacktest.raw import DISORDER_NS, Raw, opened, ordered
from apps.engines.adapters.hftbacktest.rows import (
    BUY,
    CHANGE,
    CLEAR,
    SELL,
    SNAPSHOT,
    TRADE,
    rows_make,
)
from apps.engines.errors import CaptureInvalid

if TYPE_CHECKING:
    from numpy.typing import NDArray

MICROSECOND_NS = 1_000
SHARED = {
    "exchange": pa.string(),
    "symbol": pa.string(),
    "timestamp": pa.int64(),
    "local_timestamp": pa.int64(),
    "side": pa.string(),
    "price": pa.float64(),
    "amount": pa.float64(),
}
BOOK = SHARED | {"is_snapshot": pa.bool_()}
TRADES = SHARED | {"id": pa.string()}


@dataclass(frozen=True, slots=True)
class _File:
    """One file's columns."""

    name: str
    is_book: bool
    table: pa.Table

    def numbers(self, name: str) -> NDArray[Any]:
        found: NDArray[Any] = self.table[name].to_numpy()
        return found

    def times(self, name: str) -> NDArray[np.int64]:
        found: NDArray[np.int64] = self.numbers(name) * MICROSECOND_NS
        return found


def events_from(paths: tuple[str, ...]) -> Raw:
    """Read the files of one market.

    Raises:
        CaptureInvalid: They are not such files, are damaged, not of one market, or our
            clock runs backwards.
    """
    files = [_file(path) for path in paths]
    books = [one for one in files if one.is_book]
    if len(books) != 1 or len(files) > 2:  # noqa: PLR2004 - a book and its trades
        msg = (
            f"A Tardis capture is one incremental_book_L2 file and at most one trades "
            f"file; of {len(files)} files {len(books)} are books."
        )
        raise CaptureInvalid(msg, attr="sources")
    markets = {
        (one["exchange"], one["symbol"])
        for file in files
        for one in file.table.select(["exchange", "symbol"])
        .group_by(["exchange", "symbol"])
        .aggregate([])
        .to_pylist()
    }
    if len(markets) != 1:
        names = ", ".join(
            sorted(f"{exchange} {symbol}" for exchange, symbol in markets)
        )
        msg = f"The files hold more than one market: {names}; a capture is of one."
        raise CaptureInvalid(msg, attr="sources")
    # Trades first: of one time, a trade must come before the change of depth that it
    # made, or a queue would be shortened twice.
    trades = [_trades(one) for one in files if not one.is_book]
    rows = np.concatenate([*(part for part, _ in trades), _book(books[0])])
    events, shift = ordered(rows)
    left_out = sum(count for _, count in trades)
    findings = (
        (f"{left_out:,} trades without a side were left out.",) if left_out else ()
    )
    return Raw(events, shift, findings)


def _file(path: str) -> _File:
    name = Path(path).name
    with opened(path) as file:
        header = file.readline().decode(errors="replace").strip().split(",")
    is_book = "is_snapshot" in header
    expected = BOOK if is_book else TRADES
    if set(header) != set(expected):
        msg = (
            f"The columns of {name!r} are {', '.join(header)[:200]}; a book has "
            f"{', '.join(BOOK)} and a trades file {', '.join(TRADES)}."
        )
        raise CaptureInvalid(msg, attr="sources")
    try:
        with opened(path) as file:
            table = csv.read_csv(
                file,
                convert_options=csv.ConvertOptions(
                    column_types=expected, strings_can_be_null=False
                ),
            )
    except pa.ArrowInvalid as error:
        msg = f"{name!r} cannot be read: {str(error)[:300].rstrip('.')}."
        raise CaptureInvalid(msg, attr="sources") from error
    found = _File(name, is_book, table)
    _check(found)
    return found


def _check(file: _File) -> None:
    if not file.table.num_rows:
        msg = f"{file.name!r} has no rows."
        raise CaptureInvalid(msg, attr="sources")
    for column in file.table.column_names:
        missing = file.table[column].null_count
        if missing:
            row = int(np.argmax(pc.is_null(file.table[column]).to_numpy()))
            msg = f"Row {row:,} of {file.name!r} has no {column}; each row needs one."
            raise CaptureInvalid(msg, attr="sources")
    local = file.times("local_timestamp")
    back = np.maximum.accumulate(local) - local
    if back.max() > DISORDER_NS:
        row = int(np.argmax(back > DISORDER_NS))
        msg = (
            f"Row {row:,} of {file.name!r} was received {back[row] / 1e9:.3f} s before "
            "one above it: our clock runs backwards."
        )
        raise CaptureInvalid(msg, attr="sources")


def _rows(file: _File, events: NDArray[Any]) -> NDArray[Any]:
    rows = rows_make(file.table.num_rows)
    rows["ev"] = events
    rows["exch_ts"] = file.times("timestamp")
    rows["local_ts"] = file.times("local_timestamp")
    rows["px"] = file.numbers("price")
    rows["qty"] = file.numbers("amount")
    return rows


def _trades(file: _File) -> tuple[NDArray[Any], int]:
    """Return the trades whose side is known, and how many were left out."""
    side = file.numbers("side")
    rows = _rows(file, TRADE | np.where(side == "buy", BUY, SELL))
    known = (side == "buy") | (side == "sell")
    return rows[known], int(np.count_nonzero(~known))


def _book(file: _File) -> NDArray[Any]:
    """Return the changes of depth, each snapshot behind a clear of what it covers."""
    side, snapshot = file.numbers("side"), file.numbers("is_snapshot").astype(bool)
    bid = (side == "bid") | (side == "buy")
    strange = ~(bid | (side == "ask") | (side == "sell"))
    if strange.any():
        row = int(np.argmax(strange))
        msg = f"Row {row:,} of {file.name!r} has the side {side[row]!r}; bid or ask."
        raise CaptureInvalid(msg, attr="sources")
    kind = np.where(snapshot, SNAPSHOT, CHANGE)
    rows = _rows(file, kind | np.where(bid, BUY, SELL))
    edges = np.flatnonzero(np.diff(snapshot.astype(np.int8), prepend=0, append=0))
    parts: list[NDArray[Any]] = []
    done = 0
    for begin, end in zip(edges[0::2], edges[1::2], strict=True):
        parts.append(rows[done:begin])
        taken = rows[begin:end]
        for one, flag in ((bid[begin:end], BUY), (~bid[begin:end], SELL)):
            if one.any():
                parts += [_clear(taken[one], flag), taken[one]]
        done = end
    return np.concatenate([*parts, rows[done:]])


def _clear(levels: NDArray[Any], flag: int) -> NDArray[Any]:
    """Return the row that clears one side as far as a snapshot of it reaches."""
    clear = levels[:1].copy()
    clear["ev"] = CLEAR | flag
    clear["px"] = levels["px"].min() if flag == BUY else levels["px"].max()
    clear["qty"] = 0.0
    return clear
