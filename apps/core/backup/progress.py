"""How far a long work has come, told now and then."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    type Say = Callable[[str], None]

EVERY_SECONDS = 2.0
MIB = 1024**2


class Meter:
    """Counts bytes and says now and then how many of all there have been.

    Args:
        say: Is told a line for a person.
        what: What is being done.
        total: How many bytes there will be; 0: that is not known.
    """

    def __init__(self, say: Say, what: str, total: int = 0) -> None:
        self._say = say
        self._what = what
        self._total = total
        self._done = 0
        self._next = time.monotonic() + EVERY_SECONDS
        say(what)

    def __call__(self, size: int) -> None:
        """Count some bytes."""
        self._done += size
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + EVERY_SECONDS
            whole = f" of {self._total / MIB:,.0f}" if self._total else ""
            self._say(f"{self._what}: {self._done / MIB:,.0f}{whole} MiB")
