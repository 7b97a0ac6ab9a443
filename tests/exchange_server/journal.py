"""What reached the exchange and what it did: only ever added to."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened.

    Attributes:
        number: Counts from 1, without a gap.
        at_ms: The machine's time, milliseconds since the epoch.
        at: The same in seconds, to the microsecond: of a request, when it arrived.
        kind: `request`, `answer`, `fault`, `order`, `fill`, `cancel`, `socket`, ...
        body: What it was.
    """

    number: int
    at_ms: int
    kind: str
    body: dict[str, Any]
    at: float = 0.0


@dataclass(slots=True)
class Journal:
    """The entries, in the order in which they happened.

    Attributes:
        most: How many are kept; the oldest are dropped beyond.
    """

    most: int = 200_000
    _entries: list[Entry] = field(default_factory=list)
    _count: int = 0

    def add(self, kind: str, at_ms: int, **body: Any) -> Entry:
        """Write down what happened."""
        self._count += 1
        at = round(time.time_ns() / 1_000_000_000, 6)
        entry = Entry(self._count, at_ms, kind, body, at)
        self._entries.append(entry)
        if len(self._entries) > self.most * 5 // 4:
            del self._entries[: -self.most]
        return entry

    def entries(self, kind: str | None = None, after: int = 0) -> list[Entry]:
        """Return what happened after an entry, of one kind or of any."""
        return [
            each
            for each in self._entries
            if each.number > after and kind in {None, each.kind}
        ]

    def described(
        self, kind: str | None = None, after: int = 0
    ) -> list[dict[str, Any]]:
        """Return the entries as they are told over HTTP."""
        return [asdict(each) for each in self.entries(kind, after)]

    @property
    def count(self) -> int:
        """Return how many entries there have been."""
        return self._count
