"""Reading order-book captures: what is asked of an engine, and what it tells of one.

A capture is every change of a book and every trade, as a collector received them. What a
collector wrote is made canonical once, checked, and then played as it is. Times are int64
nanoseconds UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable


class CaptureLayout(StrEnum):
    """In what form a capture comes.

    `binance_usdm`: a gzip file of lines, each a 19-digit local time in nanoseconds, a
    space, and a message of Binance's USDT-M futures streams. `tardis`: Tardis.dev's CSV
    files `incremental_book_L2` and, beside it, `trades`. `hftbacktest`: a NumPy file of
    hftbacktest's own events, `.npz` with the member `data`, or `.npy`.
    """

    BINANCE_USDM = "binance_usdm"
    TARDIS = "tardis"
    HFTBACKTEST = "hftbacktest"


@dataclass(frozen=True, slots=True)
class CaptureRequest:
    """One capture to be read.

    Attributes:
        sources: Paths of its files; more than one only for `tardis`, in any order.
        target: Path to write the canonical capture to, ending in `.npz`.
        layout: The form that it comes in; None: find out.
    """

    sources: tuple[str, ...]
    target: str
    layout: CaptureLayout | None = None


@dataclass(frozen=True, slots=True)
class CaptureSummary:
    """What a capture holds, as it was written.

    Attributes:
        layout: The form that it came in.
        first: Time of the first event at the exchange, nanoseconds.
        last: Time of the last event there.
        rows: Rows that will be played.
        depth_rows: Changes of the book among the events, each counted once.
        trade_rows: Trades among them.
        clock_shift_ns: By how much our clock was moved on, so that nothing is received
            before it happens.
        moments: How many times the book changed, changes of one time together.
        crossed: At how many of these the best bid was not below the best ask.
        price_tick: The largest power of ten that all prices are multiples of, as text.
        sha256: Of the file that was written, in hexadecimal.
        findings: What a reader must know of it, a sentence each.
    """

    layout: CaptureLayout
    first: int
    last: int
    rows: int
    depth_rows: int
    trade_rows: int
    clock_shift_ns: int
    moments: int
    crossed: int
    price_tick: str
    sha256: str
    findings: tuple[str, ...] = ()


@runtime_checkable
class CaptureReader(Protocol):
    """An engine that can read captures and write them for itself."""

    def capture(self, request: CaptureRequest) -> CaptureSummary:
        """Read one capture, check it, and write it where it was asked to.

        Nothing is left at the target when it is refused.

        Raises:
            CaptureInvalid: It cannot be read or believed; says what is wrong, where, and
                what would be right.
        """
        ...
