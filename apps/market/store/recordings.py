"""Recorded books and trades: parts while they come, one array at the end.

The columns are those of hftbacktest's events (see its `event_dtype`), so that a part is
read by whoever reads its captures. What belongs to the end is still missing in a part: who
sees a row, in which order the exchange and we saw them, and times that the venue did not
tell, which are 0. `ival` holds the venue's sequence number.

Where two processes wrote, whoever began later is believed, from its first row on, by the
time of receipt.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from apps.core.files import file_local, file_path, file_publish
from apps.core.files.guard import storage_guard
from apps.market.errors.live import RecordingUnreadable
from apps.market.store.paths import PARTIAL_SUFFIX
from apps.market.store.recording_parts import part_path, part_place, parts_list

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from uuid import UUID

    from numpy.typing import NDArray

    # Kind and side, the exchange's time and ours, price, quantity, sequence.
    type Row = tuple[int, int, int, float, float, int]

EVENTS = np.dtype(
    [
        ("ev", "<u8"),
        ("exch_ts", "<i8"),
        ("local_ts", "<i8"),
        ("px", "<f8"),
        ("qty", "<f8"),
        ("order_id", "<u8"),
        ("ival", "<i8"),
        ("fval", "<f8"),
    ],
    align=True,
)
DEPTH, TRADE, CLEAR, SNAPSHOT = 1, 2, 3, 4
BUY, SELL = 1 << 29, 1 << 28
EXCHANGE, LOCAL = 1 << 31, 1 << 30
KIND = 0xFF
_TYPES = {"u": pa.uint64(), "i": pa.int64(), "f": pa.float64()}
SCHEMA = pa.schema([(name, _TYPES[EVENTS[name].kind]) for name in EVENTS.names or ()])


def part_write(
    recording_id: UUID, number: int, rows: Sequence[Row], *, holder: str = ""
) -> None:
    """Store one part, whole or not at all.

    Args:
        recording_id: Whose part it is.
        number: Its place; what has a number is only written again with the same rows.
        rows: At least one.
        holder: Who writes, as of `holder_name`.

    Raises:
        StorageFull, StorageUnavailable: There is no room, or no bucket.
    """
    path = part_path(recording_id, holder, number)
    final = file_path(path)
    # A write that was given up may still be at work.
    partial = final.with_name(f"{final.name}.{uuid4().hex[:8]}{PARTIAL_SUFFIX}")
    with storage_guard():
        final.parent.mkdir(parents=True, exist_ok=True)
        try:
            with partial.open("wb") as file:
                pq.write_table(_table(rows), file, compression="zstd")
                file.flush()
                os.fsync(file.fileno())
            file_publish(path, source=partial)
            partial.replace(final)
        finally:
            partial.unlink(missing_ok=True)


def _table(rows: Sequence[Row]) -> pa.Table:
    columns = dict(
        zip(
            ("ev", "exch_ts", "local_ts", "px", "qty", "ival"),
            zip(*rows, strict=True),
            strict=True,
        )
    )
    nothing = {"order_id": np.zeros(len(rows), "<u8"), "fval": np.zeros(len(rows))}
    found = columns | nothing
    return pa.table(
        {name: pa.array(found[name], SCHEMA.field(name).type) for name in SCHEMA.names}
    )


def _read(path: str, **options: Any) -> pa.Table:
    try:
        return pq.read_table(file_local(path), **options)
    except (OSError, pa.ArrowException) as error:
        if isinstance(error, OSError) and error.errno:
            # The system's word: it says nothing of what is in the file.
            raise
        msg = f"The part {path} of the recording cannot be read ({error})."
        raise RecordingUnreadable(msg) from error


@dataclass(frozen=True, slots=True)
class PartsState:
    """What the parts of a recording hold.

    Attributes:
        following: The number of the next part.
        holder: Who wrote last; empty for nobody.
        rows: Of all parts.
        lowest_bid: The lowest price that was ever bid; None where there was none.
        highest_ask: The highest that was ever asked, likewise.
    """

    following: int
    holder: str
    rows: int
    lowest_bid: float | None
    highest_ask: float | None


def parts_state(recording_id: UUID) -> PartsState:
    """Return what the parts of a recording hold so far.

    Raises:
        StorageFull, StorageUnavailable: They could not be fetched from the bucket.
        RecordingUnreadable: One of them is damaged.
    """
    parts = parts_list(recording_id)
    rows = 0
    bids: list[float] = []
    asks: list[float] = []
    for path in parts:
        found = _read(path, columns=["ev", "px"])
        rows += found.num_rows
        bid, ask = _outermost(found["ev"].to_numpy(), found["px"].to_numpy())
        bids += [] if bid is None else [bid]
        asks += [] if ask is None else [ask]
    return PartsState(
        following=max((part_place(path)[1] + 1 for path in parts), default=0),
        holder=part_place(parts[-1])[0] if parts else "",
        rows=rows,
        lowest_bid=min(bids, default=None),
        highest_ask=max(asks, default=None),
    )


def _outermost(
    kind: NDArray[Any], price: NDArray[Any]
) -> tuple[float | None, float | None]:
    """Return the lowest bid and the highest ask of the rows of a book."""
    book = (kind & np.uint64(KIND)) != TRADE
    bids = price[book & ((kind & np.uint64(BUY)) > 0)]
    asks = price[book & ((kind & np.uint64(SELL)) > 0)]
    return (
        float(bids.min()) if len(bids) else None,
        float(asks.max()) if len(asks) else None,
    )


def events_write(recording_id: UUID, target: Path) -> int:
    """Join the parts of a recording to events that hftbacktest can play.

    Args:
        recording_id: The recording.
        target: Path of the NumPy file to write, ending in `.npy`.

    Returns:
        How many rows were recorded; nothing is written where there were none.

    Raises:
        StorageFull, StorageUnavailable: There is no room, or no bucket.
        RecordingUnreadable: A part is damaged.
    """
    rows = _joined(recording_id)
    if not len(rows):
        return 0
    with storage_guard(), target.open("wb") as file:
        np.save(file, events_order(rows), allow_pickle=False)
    return len(rows)


def _joined(recording_id: UUID) -> NDArray[Any]:
    """Return all rows once: those of a holder up to the first of the next one."""
    rows = np.zeros(0, EVENTS)
    for _, paths in groupby(
        parts_list(recording_id), key=lambda path: part_place(path)[0]
    ):
        own = np.concatenate([_events(path) for path in paths])
        before = rows[rows["local_ts"] < own["local_ts"].min()]
        rows = np.concatenate([before, _clears(before, own[:1]), own])
    return rows


def _clears(before: NDArray[Any], first: NDArray[Any]) -> NDArray[Any]:
    """Return what empties the book before a holder's first row, which is of a snapshot.

    It may not have known of what the one before it wrote last.
    """
    sides = zip((BUY, SELL), _outermost(before["ev"], before["px"]), strict=True)
    known = [(side, price) for side, price in sides if price is not None]
    clears = np.repeat(first, len(known))
    clears["ev"] = [CLEAR | side for side, _ in known]
    clears["px"] = [price for _, price in known]
    clears["qty"] = 0.0
    return clears


def _events(path: str) -> NDArray[Any]:
    table = _read(path, schema=SCHEMA)
    events = np.zeros(table.num_rows, EVENTS)
    for name in EVENTS.names or ():
        events[name] = table[name].to_numpy()
    return events


def events_order(rows: NDArray[Any]) -> NDArray[Any]:
    """Return rows as they are played: each seen by the exchange and by us, in order.

    We saw the rows in the order in which they came. One that the exchange saw before
    another that we saw first is split in two: it stands where we saw it, and again where
    the exchange did, a trade before a change of the book of the same time.

    Args:
        rows: As they came, (n,); `exch_ts` 0 where the venue told no time.

    Returns:
        Events of the same type, (m,), m at least n.
    """
    events = rows.copy()
    events["ival"] = 0
    events["local_ts"] = np.maximum.accumulate(events["local_ts"])
    events["exch_ts"] = _times_filled(events["exch_ts"], events["local_ts"])
    latest = np.maximum.accumulate(events["exch_ts"])
    late = events["exch_ts"] < latest
    events["ev"] |= np.uint64(LOCAL)
    events["ev"][~late] |= np.uint64(EXCHANGE)
    if not late.any():
        return events
    moved = events[late]
    moved["ev"] = (moved["ev"] & ~np.uint64(LOCAL)) | np.uint64(EXCHANGE)
    is_trade = (moved["ev"] & np.uint64(KIND)) == TRADE
    order = np.lexsort((~is_trade, moved["exch_ts"]))
    moved, is_trade = moved[order], is_trade[order]
    # Rows that are not late have times in order; `latest` has them at every row.
    before = np.searchsorted(latest, moved["exch_ts"], side="left")
    after = np.searchsorted(latest, moved["exch_ts"], side="right")
    found: NDArray[Any] = np.insert(events, np.where(is_trade, before, after), moved)
    return found


def _times_filled(told: NDArray[Any], ours: NDArray[Any]) -> NDArray[Any]:
    """Return the exchange's times, those that it did not tell as those told next."""
    known = told > 0
    if known.all():
        return told
    if not known.any():
        return ours
    places = np.where(known, np.arange(len(told)), len(told))
    following = np.minimum.accumulate(places[::-1])[::-1]
    filled: NDArray[Any] = told[np.minimum(following, len(told) - 1)]
    # Behind the last that is known: as long after it as we received it after that.
    last = int(np.flatnonzero(known)[-1])
    filled[last + 1 :] = told[last] + (ours[last + 1 :] - ours[last])
    return filled
