"""From a collector's files to a canonical capture, and what is to be known of it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from hftbacktest.types import DEPTH_BBO_EVENT, event_dtype

from apps.engines.adapters.hftbacktest import binance, ladder, tardis
from apps.engines.adapters.hftbacktest.capture import (
    capture_of,
    events_check,
    events_read,
)
from apps.engines.adapters.hftbacktest.config import SECOND_NS
from apps.engines.adapters.hftbacktest.npz import members_write
from apps.engines.adapters.hftbacktest.raw import Raw, opened
from apps.engines.adapters.hftbacktest.rows import KIND
from apps.engines.captures import CaptureLayout, CaptureSummary
from apps.engines.errors import CaptureInvalid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apps.engines.adapters.hftbacktest.capture import Capture
    from apps.engines.captures import CaptureRequest
    from apps.engines.contracts import IntArray

MOST_DECIMALS = 12
# Nanoseconds between 2009, when there was nothing to trade, and 2100; what is given in
# another unit lies far outside.
EARLIEST, LATEST = 1_230_768_000 * SECOND_NS, 4_102_444_800 * SECOND_NS
# Clocks that part by more than this have been set, or are not of one time.
MOST_LATENCY_NS = 600 * SECOND_NS
# Above this part of all moments a book is not one that was traded on.
MOST_CROSSED = 0.5
BEGINNING = 512
# From here on kinds of events are a collector's own.
OWN_KINDS = 100


def capture_convert(request: CaptureRequest) -> CaptureSummary:
    """Read a capture, check it, and write it canonically; see `CaptureReader`."""
    target = Path(request.target)
    if target.suffix != ".npz":
        msg = f"A canonical capture is an .npz file; {target.name!r} is not named so."
        raise CaptureInvalid(msg, attr="target")
    layout = request.layout or layout_find(request.sources)
    where = " and ".join(repr(Path(source).name) for source in request.sources)
    raw = _read(request.sources, layout)
    capture, shift = _checked(raw, where)
    figures = capture.figures
    crossed = _crossed(capture, where)
    members_write(
        request.target,
        data=capture.events,
        best_time=capture.best_time,
        best=capture.best,
    )
    with target.open("rb") as written:
        digest = hashlib.file_digest(written, "sha256").hexdigest()
    return CaptureSummary(
        layout=layout,
        first=capture.first,
        last=capture.last,
        rows=len(capture.events),
        depth_rows=int(figures[ladder.DEPTHS]),
        trade_rows=int(figures[ladder.TRADES]),
        clock_shift_ns=shift,
        moments=len(capture.best_time),
        crossed=crossed,
        price_tick=_tick_of(capture.events),
        sha256=digest,
        findings=(*raw.findings, *_findings(capture, crossed)),
    )


def layout_find(sources: tuple[str, ...]) -> CaptureLayout:
    """Return in what form a capture comes, from how its first file begins.

    Raises:
        CaptureInvalid: It is in none that is known.
    """
    if not sources:
        msg = "Name at least one file of the capture."
        raise CaptureInvalid(msg, attr="sources")
    first = sources[0]
    try:
        with Path(first).open("rb") as file:
            start = file.read(8)
    except OSError as error:
        msg = f"The capture {Path(first).name!r} cannot be read: {error.strerror}."
        raise CaptureInvalid(msg, attr="sources") from error
    if start.startswith((b"PK", b"\x93NUMPY")):
        return CaptureLayout.HFTBACKTEST
    with opened(first) as lines:
        line = lines.readline(BEGINNING)
    if binance.LINE.match(line):
        return CaptureLayout.BINANCE_USDM
    if line.startswith(b"exchange,symbol,"):
        return CaptureLayout.TARDIS
    msg = (
        f"{Path(first).name!r} is not a capture that can be read. It begins with "
        f"{line[:40]!r}; a Binance USDT-M capture begins with a 19-digit time in "
        "nanoseconds, a space and a message, Tardis's CSV with "
        "'exchange,symbol,timestamp,local_timestamp', and hftbacktest's events are a "
        "NumPy file."
    )
    raise CaptureInvalid(msg, attr="sources")


def _read(sources: tuple[str, ...], layout: CaptureLayout) -> Raw:
    if layout is CaptureLayout.TARDIS:
        return tardis.events_from(sources)
    if len(sources) != 1:
        msg = (
            f"A capture of the layout {layout.value!r} is one file, not {len(sources)}."
        )
        raise CaptureInvalid(msg, attr="sources")
    if layout is CaptureLayout.BINANCE_USDM:
        return binance.events_from(sources[0])
    events = events_read(sources[0])
    if events.dtype != event_dtype or events.ndim != 1:
        return Raw(events)
    # Upstream's converters mark other streams, such as best prices, so; nothing plays
    # them.
    kind = events["ev"] & np.uint64(KIND)
    played = (kind != DEPTH_BBO_EVENT) & (kind < OWN_KINDS)
    left_out = int(np.count_nonzero(~played))
    if not left_out:
        return Raw(events)
    finding = f"{left_out:,} rows of other streams were left out."
    return Raw(events[played], findings=(finding,))


def _checked(raw: Raw, where: str) -> tuple[Capture, int]:
    """Return the rows, sound, with their best prices, and how far our clock was moved.

    Raises:
        CaptureInvalid: Says what is wrong with them.
    """
    events, shift = raw.events, raw.clock_shift_ns
    figures = events_check(events, where)
    _clocks_check(figures, where)
    ahead = -int(figures[ladder.LEAST])
    if ahead > 0:
        # As upstream's converters do with rows that are not yet in order.
        events = events.copy()
        events["local_ts"] += ahead
        figures = events_check(events, where)
        shift += ahead
    return capture_of(events, figures), shift


def _findings(capture: Capture, crossed: int) -> tuple[str, ...]:
    seen, ours = capture.figures[ladder.EXCH_ROWS], capture.figures[ladder.LOCAL_ROWS]
    told = (
        (
            crossed,
            f"At {crossed:,} of {len(capture.best_time):,} moments the best bid "
            "was not below the best ask.",
        ),
        (
            seen != ours,
            f"The exchange sees {seen:,} events and we see {ours:,}: some are cut off.",
        ),
        (
            not capture.figures[ladder.TRADES],
            "There are no trades: a resting order fills only when the price crosses it.",
        ),
    )
    return tuple(text for holds, text in told if holds)


def _clocks_check(figures: IntArray, where: str) -> None:
    first, last = int(figures[ladder.FIRST]), int(figures[ladder.LAST])
    if not EARLIEST <= first <= last <= LATEST:
        msg = (
            f"The times of {where} run from {first} to {last}, which are no nanoseconds "
            "since 1970 of this century."
        )
        raise CaptureInvalid(msg)
    least, most = int(figures[ladder.LEAST]), int(figures[ladder.MOST])
    if most - least > MOST_LATENCY_NS:
        msg = (
            f"In {where} the time from the exchange to us goes from {least / 1e9:.3f} s "
            f"to {most / 1e9:.3f} s: one of the two clocks was set, or runs backwards; "
            f"they must stay within {MOST_LATENCY_NS / 1e9:g} s of each other."
        )
        raise CaptureInvalid(msg)


def _crossed(capture: Capture, where: str) -> int:
    """Return at how many moments the book is crossed.

    Raises:
        CaptureInvalid: Nearly always, or it never has two sides.
    """
    bid, ask = capture.best.T
    both = int(np.count_nonzero(np.isfinite(bid + ask)))
    if not both:
        msg = (
            f"The book of {where} never has a bid and an ask at once; a capture needs "
            "the depth of both sides."
        )
        raise CaptureInvalid(msg)
    crossed = int(np.count_nonzero(bid >= ask))
    if crossed > MOST_CROSSED * both:
        msg = (
            f"The book of {where} is crossed: in {crossed:,} of {both:,} moments the "
            "best bid is not below the best ask. The sides may be mixed up, or a "
            "snapshot is missing."
        )
        raise CaptureInvalid(msg)
    return crossed


def _tick_of(events: NDArray[Any]) -> str:
    prices = np.unique(events["px"])
    prices = prices[np.isfinite(prices) & (prices > 0)]
    for decimals in range(MOST_DECIMALS):
        if np.allclose(np.round(prices, decimals), prices, rtol=1e-14, atol=0.0):
            return f"{10.0**-decimals:.{decimals}f}"
    return f"{10.0**-MOST_DECIMALS:.{MOST_DECIMALS}f}"
