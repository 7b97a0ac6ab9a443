"""Canonical captures: checking their rows, writing them, and mapping them for a run.

A canonical capture is an uncompressed `.npz` that hftbacktest itself can read: its member
`data` holds the rows. Beside it, `best_time` and `best` hold the best bid and ask at the
exchange after each moment, worked out once.

hftbacktest hangs on rows in the wrong order, and reads raw memory on rows of another
type; so the rows are checked in every run, not only when they are written.
"""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from hftbacktest.types import event_dtype

from apps.engines.adapters.hftbacktest import ladder
from apps.engines.adapters.hftbacktest.npz import members_map
from apps.engines.errors import CaptureInvalid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apps.engines.contracts import FloatArray, IntArray

WORDS = 8
NPY_MAGIC = b"\x93NUMPY"

WRONG = {
    ladder.UNSEEN: "is marked neither for the exchange nor for us; every row needs the "
    "flag EXCH_EVENT or LOCAL_EVENT (see hftbacktest's correct_event_order)",
    ladder.UNKNOWN: "is of a kind that is not played; depth (1), trade (2), clear (3) and "
    "snapshot (4) are",
    ladder.SIDELESS: "needs the flag of exactly one side, BUY_EVENT or SELL_EVENT",
    ladder.PRICE: "has a price that is not a positive number",
    ladder.QUANTITY: "has a quantity that is not a number from 0 on, or a trade of 0",
    ladder.TIME: "has a time that is not positive; times are nanoseconds since 1970",
    ladder.EXCH_ORDER: "is earlier at the exchange than the row before it: the exchange's "
    "clock runs backwards; rows must be in order (see correct_event_order)",
    ladder.LOCAL_ORDER: "was received earlier than the row before it: our clock runs "
    "backwards; rows must be in order (see correct_event_order)",
}


@dataclass(frozen=True, slots=True)
class Capture:
    """A capture's rows, checked.

    Attributes:
        events: Rows of hftbacktest's event dtype, (n,).
        figures: What `ladder.examine` counted.
        best_time: When the best prices changed, int64 nanoseconds, (k,).
        best: Best bid and ask after that, quote per base, (k, 2), NaN for none.
    """

    events: NDArray[Any]
    figures: IntArray
    best_time: IntArray
    best: FloatArray

    @property
    def first(self) -> int:
        """The time of the first event at the exchange, nanoseconds."""
        return int(self.figures[ladder.FIRST])

    @property
    def last(self) -> int:
        """The time of the last event there."""
        return int(self.figures[ladder.LAST])


def columns_of(events: NDArray[Any]) -> tuple[IntArray, FloatArray]:
    """Return rows as integers and as floats, (n, 8) each, the same memory."""
    flat = events.view(np.int64).reshape(-1, WORDS)
    return flat, flat.view(np.float64)


def events_check(events: NDArray[Any], where: str) -> IntArray:
    """Return figures of rows that can be played.

    Args:
        events: The rows.
        where: What they were read from, for a person.

    Raises:
        CaptureInvalid: Says which row is wrong, and what would be right.
    """
    if events.dtype != event_dtype or events.ndim != 1:
        fields = ", ".join(f"{name} {kind}" for name, kind in _fields(event_dtype))
        found = ", ".join(f"{name} {kind}" for name, kind in _fields(events.dtype))
        msg = (
            f"{where} has {events.ndim} dimensions of ({found or events.dtype}); "
            f"hftbacktest's events are one of ({fields}), 64 bytes a row."
        )
        raise CaptureInvalid(msg)
    if not len(events):
        msg = f"{where} has no rows."
        raise CaptureInvalid(msg)
    problem, row, figures = ladder.examine(*columns_of(events))
    if problem != ladder.SOUND:
        msg = f"Row {row:,} of {where} {WRONG[problem]}: {events[row]}."
        raise CaptureInvalid(msg)
    for seen, flag in ((ladder.EXCH_ROWS, "EXCH"), (ladder.LOCAL_ROWS, "LOCAL")):
        if not figures[seen]:
            msg = (
                f"No row of {where} has the flag {flag}_EVENT; each event must reach "
                "the exchange and us (see hftbacktest's correct_event_order)."
            )
            raise CaptureInvalid(msg)
    checked: IntArray = figures
    return checked


def _fields(dtype: np.dtype[Any]) -> list[tuple[str, str]]:
    return [(name, dtype[name].str) for name in dtype.names or ()]


def capture_load(path: str) -> Capture:
    """Map a capture for a run and check its rows.

    Args:
        path: A canonical capture, or any file that `events_read` takes.

    Raises:
        CaptureInvalid: It is not there, cannot be read, or its rows cannot be played.
    """
    where = f"the capture {Path(path).name!r}"
    found = members_map(path) or {}
    events = found["data"] if "data" in found else events_read(path)
    figures = events_check(events, where)
    best_time, best = found.get("best_time"), found.get("best")
    if best_time is None or best is None or best.shape != (len(best_time), 2):
        return capture_of(events, figures)
    return Capture(events, figures, best_time, best)


def capture_of(events: NDArray[Any], figures: IntArray) -> Capture:
    """Return checked rows with their best prices, worked out.

    The prices are not mended: where the book is crossed, both stand as they are told.
    """
    prices, rank = np.unique(events["px"], return_inverse=True)
    time, ranks = ladder.best_prices(
        *columns_of(events), rank.astype(np.int64), len(prices)
    )
    # Where a side is empty its rank lies beside all prices: there NaN stands.
    known = np.concatenate(([np.nan], prices, [np.nan]))
    return Capture(events, figures, time, known[ranks + 1])


def events_read(path: str) -> NDArray[Any]:
    """Return the rows of a file of hftbacktest's, unchecked.

    Args:
        path: An `.npz` with the member `data`, compressed or not, or an `.npy`.

    Raises:
        CaptureInvalid: It is not there or cannot be read.
    """
    name = Path(path).name
    try:
        # Opened here: NumPy leaves a file that it takes for an archive open.
        with Path(path).open("rb") as file:
            if file.read(len(NPY_MAGIC)) == NPY_MAGIC:
                # Mapped, a header that claims more rows than there are is an error.
                mapped: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
                return np.array(mapped)
            file.seek(0)
            found = np.load(file, allow_pickle=False)
            if isinstance(found, np.ndarray):
                return found
            if "data" in found.files:
                rows: NDArray[Any] = found["data"]
                return rows
            members = ", ".join(found.files[:5]) or "nothing"
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        msg = f"The capture {name!r} cannot be read as a NumPy file: {error}"
        raise CaptureInvalid(f"{msg[:400].rstrip('.')}.") from error
    msg = f"The capture {name!r} has no member 'data', where rows belong; it has {members}."
    raise CaptureInvalid(msg)
