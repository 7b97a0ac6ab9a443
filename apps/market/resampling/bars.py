"""Longer bars of shorter ones.

A long bar is made only where each of its short bars is there: a hole makes a hole. Where
a stretch was asked for twice and is missing at the exchange, nothing was traded or told
there, and the caller may say that such holes count as nothing, as the exchange's own long
bars do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from apps.market.batches import (
    CLOSE,
    HIGH,
    LOW,
    OPEN,
    VOLUME,
    CandleBatch,
    batches_join,
)
from apps.market.resampling.grid import opens
from apps.market.resampling.sums import sums_exact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from apps.engines.contracts import IntArray
    from apps.market.enums import Timeframe


@dataclass(slots=True)
class BarsResampler:
    """Makes long bars while short ones stream by.

    Attributes:
        source: The short bars' length.
        target: The long bars' length, a multiple.
        absent: Stretches, as first and last open time, whose missing bars count as
            nothing; in order, and apart from each other.
        incomplete: Long bars that were not made, for want of short ones.
    """

    source: Timeframe
    target: Timeframe
    absent: Sequence[tuple[int, int]] = ()
    incomplete: int = 0
    _rest: CandleBatch | None = field(default=None)

    def batches(self, short: Iterable[CandleBatch]) -> Iterator[CandleBatch]:
        """Yield the long bars of short ones that are sorted, times unique."""
        for batch in short:
            whole = batch if self._rest is None else batches_join([self._rest, batch])
            if not len(whole):
                continue
            keys = opens(whole.time, self.target)
            # The last long bar may go on in the next batch.
            cut = int(np.searchsorted(keys, keys[-1]))
            self._rest = whole.rows(cut)
            if cut:
                yield self._made(whole.rows(0, cut), keys[:cut])
        if self._rest is not None and len(self._rest):
            yield self._made(self._rest, opens(self._rest.time, self.target))
            self._rest = None

    def _made(self, short: CandleBatch, keys: IntArray) -> CandleBatch:
        starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
        counts = np.diff(np.append(starts, len(keys)))
        time = keys[starts]
        needed = self.target.nanoseconds // self.source.nanoseconds
        short_of = needed - counts
        if self.absent:
            for at in np.flatnonzero(short_of > 0):
                end = int(starts[at] + counts[at])
                there = short.time[starts[at] : end]
                short_of[at] -= self._absent(int(time[at]), there)
        good = short_of <= 0
        self.incomplete += int(np.count_nonzero(~good))
        long = _folded(short, time, starts)
        return long if good.all() else long.where(good)

    def _absent(self, open_time: int, there: IntArray) -> int:
        """Return how many of a long bar's missing bars count as nothing."""
        step = self.source.nanoseconds
        wanted = np.arange(open_time, open_time + self.target.nanoseconds, step)
        missing = np.setdiff1d(wanted, there, assume_unique=True)
        firsts = np.array([first for first, _ in self.absent])
        lasts = np.array([last for _, last in self.absent])
        place = np.searchsorted(firsts, missing, side="right") - 1
        inside = (place >= 0) & (missing <= lasts[np.maximum(place, 0)])
        return int(np.count_nonzero(inside))


def _folded(short: CandleBatch, time: IntArray, starts: IntArray) -> CandleBatch:
    ends = np.append(starts[1:], len(short)) - 1
    values = np.stack(
        [
            short.values[OPEN][starts],
            np.maximum.reduceat(short.values[HIGH], starts),
            np.minimum.reduceat(short.values[LOW], starts),
            short.values[CLOSE][ends],
            sums_exact(short.values[VOLUME], starts),
        ]
    )
    return CandleBatch(time, values)
