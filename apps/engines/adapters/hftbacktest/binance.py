"""Binance's USDT-M futures streams, as upstream's collector writes them.

One line is a 19-digit local time in nanoseconds, a space, and the message. Upstream's
converter reads the messages; it takes any file for one of its own and believes every
line, so the file is read through before, and a line that it failed at is looked for
after.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from hftbacktest.data.utils import binancefutures

from apps.engines.adapters.hftbacktest.raw import DISORDER_NS, Raw, opened
from apps.engines.adapters.hftbacktest.rows import CHANGE, KIND, LOCAL
from apps.engines.errors import CaptureInvalid

if TYPE_CHECKING:
    from numpy.typing import NDArray

LINE = re.compile(rb"(\d{19}) \{")
SYMBOL = re.compile(rb'"s":"([^"]+)"')
DEPTH = b'"e":"depthUpdate"'
HAPPENED = re.compile(rb'"T":(\d+)')
SEQUENCE = re.compile(rb'"u":(\d+),"pu":(\d+)')
# What its converter raises on messages that are none: too deep, too large, cut short.
DAMAGED = (
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    AssertionError,
    OverflowError,
    RecursionError,
)
LEVEL = b'["'
# Rows of a line beside its levels: a trade, or a snapshot's two clears.
BESIDE = 2
MILLISECONDS = 1_000_000


@dataclass(slots=True)
class _Scan:
    """What is seen on the way through a file, line by line."""

    name: str
    lines: int = 0
    rows: int = 0
    combined: bool = False
    symbols: set[bytes] = field(default_factory=set)
    snapshots: int = 0
    late: int = 0
    breaks: int = 0
    last_local: int = 0
    last_exch: int = 0
    last_update: int | None = None
    first_depth: int | None = None

    def take(self, line: bytes) -> None:
        """Look at one line.

        Raises:
            CaptureInvalid: It is not one of a capture, or a clock runs backwards.
        """
        self.lines += 1
        found = LINE.match(line)
        if found is None or not line.endswith(b"}\n"):
            self._refuse(
                f"is not a 19-digit time in nanoseconds, a space and a whole message: "
                f"{line[:60]!r}"
            )
        local = int(found[1])
        if local < self.last_local - DISORDER_NS:
            back = (self.last_local - local) / 1e9
            self._refuse(
                f"was received {back:.3f} s before one above it: our clock runs backwards"
            )
        self.late += local < self.last_local
        self.last_local = max(local, self.last_local)
        self.rows += line.count(LEVEL) + BESIDE
        self.combined |= line.startswith(b'{"stream":', 20)
        self.snapshots += line.startswith(b'{"lastUpdateId":', 20)
        symbol = SYMBOL.search(line)
        if symbol is not None:
            self.symbols.add(symbol[1])
        if DEPTH in line and LEVEL in line:
            self._depth(local, line)

    def _depth(self, local: int, line: bytes) -> None:
        if self.first_depth is None or local < self.first_depth:
            self.first_depth = local
        happened, sequence = HAPPENED.search(line), SEQUENCE.search(line)
        exch_ms = int(happened[1]) if happened else 0
        if happened and exch_ms * MILLISECONDS < self.last_exch - DISORDER_NS:
            back = self.last_exch / 1e9 - exch_ms / 1e3
            self._refuse(
                f"happened {back:.3f} s before one above it: the exchange's clock runs backwards"
            )
        self.last_exch = max(self.last_exch, exch_ms * MILLISECONDS)
        if sequence is not None:
            update, previous = int(sequence[1]), int(sequence[2])
            self.breaks += self.last_update not in {None, previous}
            self.last_update = update

    def _refuse(self, reason: str) -> NoReturn:
        msg = f"Line {self.lines:,} of {self.name!r} {reason}."
        raise CaptureInvalid(msg)

    def findings(self) -> tuple[str, ...]:
        """Return what is to be known of the file."""
        told = (
            (
                not self.snapshots,
                "There is no snapshot: the book fills up from changes.",
            ),
            (self.breaks, f"{self.breaks:,} times changes of the book are missing."),
            (self.late, f"{self.late:,} lines were put into the order of their times."),
        )
        return tuple(text for holds, text in told if holds)


def events_from(path: str) -> Raw:
    """Read one file.

    Raises:
        CaptureInvalid: It is not such a file, is damaged, holds more than one market,
            or a clock runs backwards.
    """
    scan = _scan(path)
    if scan.first_depth is None:
        msg = f"{scan.name!r} has no changes of a book (depthUpdate) among {scan.lines:,} lines."
        raise CaptureInvalid(msg)
    if len(scan.symbols) > 1:
        names = ", ".join(sorted(one.decode(errors="replace") for one in scan.symbols))
        msg = f"{scan.name!r} holds more than one market: {names}; a capture is of one."
        raise CaptureInvalid(msg)
    try:
        # It prints what it does, line by line.
        with contextlib.redirect_stdout(io.StringIO()):
            events: NDArray[Any] = binancefutures.convert(
                path, combined_stream=scan.combined, buffer_size=scan.rows
            )
    except DAMAGED as error:
        msg = f"{_damage(path, scan)} ({type(error).__name__}: {error})."
        raise CaptureInvalid(msg) from error
    depth = (events["ev"] & np.uint64(KIND) == CHANGE) & (
        events["ev"] & np.uint64(LOCAL) > 0
    )
    shift = int(events["local_ts"][depth].min()) - scan.first_depth
    return Raw(events, shift, scan.findings())


def _scan(path: str) -> _Scan:
    scan = _Scan(Path(path).name)
    with opened(path) as lines:
        for line in lines:
            scan.take(line)
    if not scan.lines:
        msg = f"{scan.name!r} is empty."
        raise CaptureInvalid(msg)
    return scan


def _damage(path: str, scan: _Scan) -> str:
    """Return which line cannot be read."""
    with opened(path) as lines:
        for number, line in enumerate(lines, start=1):
            try:
                message = json.loads(line[20:])
            except (ValueError, RecursionError):
                return f"Line {number:,} of {scan.name!r} holds no JSON message: {line[:60]!r}"
            data = message.get("data", message)
            if not isinstance(data, dict) or (
                "e" not in data and "lastUpdateId" not in data and "code" not in data
            ):
                return f"Line {number:,} of {scan.name!r} holds no event: {line[:60]!r}"
    return f"A message of {scan.name!r} lacks what its kind must have"
