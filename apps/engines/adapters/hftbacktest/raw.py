"""What the readers of collectors' files have in common: opening them, and the clocks."""

from __future__ import annotations

import gzip
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np
from hftbacktest.data import (
    correct_event_order,
    correct_local_timestamp,
    validate_event_order,
)

from apps.engines.adapters.hftbacktest.config import MILLISECOND_NS
from apps.engines.errors import CaptureInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

GZIP = b"\x1f\x8b"
# Threads of one collector may write two messages in the wrong order, but not by more.
DISORDER_NS = 10 * MILLISECOND_NS


@dataclass(frozen=True, slots=True)
class Raw:
    """What a reader made of a collector's files.

    Attributes:
        events: Rows of hftbacktest's event dtype.
        clock_shift_ns: By how much our clock was moved on.
        findings: What a reader of the capture must know, a sentence each.
    """

    events: NDArray[Any]
    clock_shift_ns: int = 0
    findings: tuple[str, ...] = ()


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """Open a file, unpacked where it is gzip.

    Raises:
        CaptureInvalid: It is not there, is cut off, or is no sound gzip file.
    """
    name = Path(path).name
    try:
        with Path(path).open("rb") as plain:
            packed = plain.read(len(GZIP)) == GZIP
        with gzip.open(path) if packed else Path(path).open("rb") as file:
            yield cast("BinaryIO", file)
    except EOFError as error:
        msg = f"{name!r} is cut off: its gzip stream ends before its end mark."
        raise CaptureInvalid(msg) from error
    except (OSError, zlib.error) as error:
        msg = f"{name!r} cannot be read: {error}."
        raise CaptureInvalid(msg) from error


def ordered(rows: NDArray[Any]) -> tuple[NDArray[Any], int]:
    """Return rows as hftbacktest plays them, and by how much our clock was moved on.

    As upstream's converters do: our clock is moved on so far that nothing is received
    before it happens, and rows that the exchange and we see in different orders are
    split in two.

    Args:
        rows: One row an event, without the flags of who sees it.
    """
    shift = max(0, -int((rows["local_ts"] - rows["exch_ts"]).min(initial=0)))
    rows = correct_local_timestamp(rows, 0)
    events = correct_event_order(
        rows,
        np.argsort(rows["exch_ts"], kind="stable"),
        np.argsort(rows["local_ts"], kind="stable"),
    )
    validate_event_order(events)
    return events, shift
