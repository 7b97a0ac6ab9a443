"""Stretches of bars in which nothing happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.market.batches import CLOSE, HIGH, LOW, OPEN, VOLUME
from apps.market.moments import iso_from_ns

if TYPE_CHECKING:
    from apps.engines.contracts import BoolArray, IntArray
    from apps.market.batches import CandleBatch

# A feed that repeats itself for fewer bars is an illiquid market on an ordinary day.
_FROZEN_BARS = 10


@dataclass(slots=True)
class Runs:
    """Counts bars that follow each other and are of one kind.

    Attributes:
        least: Runs of fewer bars are not counted.
        count: Runs of at least that many.
        bars: Bars in them.
        longest: Bars of the longest one.
        longest_ns: Its first open time, int64 nanoseconds.
    """

    least: int = 1
    count: int = 0
    bars: int = 0
    longest: int = 0
    longest_ns: int = 0
    _open: int = 0
    _open_ns: int = 0

    def apply(self, time: IntArray, mask: BoolArray) -> None:
        """Take in the next bars and which of them are of the kind, shapes (n,)."""
        if not len(mask):
            return
        if not mask.any():
            self._close(self._open, self._open_ns)
            self._open = 0
            return
        edges = np.diff(np.concatenate(([False], mask, [False])).astype(np.int8))
        starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
        lengths = (ends - starts).tolist()
        begins = time[starts].tolist()
        if starts[0] == 0 and self._open:
            lengths[0] += self._open
            begins[0] = self._open_ns
        else:
            self._close(self._open, self._open_ns)
        self._open = 0
        if ends[-1] == len(mask):
            self._open, self._open_ns = lengths.pop(), begins.pop()
        for length, begin in zip(lengths, begins, strict=True):
            self._close(length, begin)

    def finish(self) -> None:
        """Close the run that reaches to the end."""
        self._close(self._open, self._open_ns)
        self._open = 0

    def _close(self, length: int, begin: int) -> None:
        if length < self.least or not length:
            return
        self.count += 1
        self.bars += length
        if length > self.longest:
            self.longest, self.longest_ns = length, begin

    def as_json(self) -> dict[str, Any]:
        """Return the counts, and where the longest run begins."""
        longest = {"start": iso_from_ns(self.longest_ns), "bars": self.longest}
        return {
            "bars": self.bars,
            "runs": self.count,
            "longest": longest if self.longest else None,
        }


class QuietChecks:
    """Finds bars without a trade, and bars that only repeat the one before.

    A bar repeats the one before when its open, high, low and close are one price, and
    that bar closed at it. Ten in a row and more are a feed that may be frozen.
    """

    def __init__(self) -> None:
        self.zero_volume = Runs()
        self.frozen = Runs(least=_FROZEN_BARS)
        self._close: float | None = None

    def apply(self, batch: CandleBatch) -> None:
        """Take in the next bars."""
        if not len(batch):
            return
        values = batch.values
        close = values[CLOSE]
        before = np.empty_like(close)
        before[0] = np.nan if self._close is None else self._close
        before[1:] = close[:-1]
        frozen = (values[HIGH] == values[LOW]) & (close == before)
        frozen &= values[OPEN] == close
        self.zero_volume.apply(batch.time, values[VOLUME] == 0)
        self.frozen.apply(batch.time, frozen)
        self._close = float(close[-1])

    def finish(self) -> None:
        """Close the runs that reach to the end."""
        self.zero_volume.finish()
        self.frozen.finish()
