"""A page of candles as a batch: what can be no bar, or lies off the grid, is left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from apps.market.batches import CandleBatch
from apps.market.quality.rows import faults_find

if TYPE_CHECKING:
    from apps.exchanges.contracts import Candles


@dataclass(slots=True)
class PageRows:
    """Turns pages into batches and counts what is left out of them.

    Attributes:
        step: The bars' length.
        offset: What open times leave modulo the bars' length; found by the first page.
        impossible: Bars left out that no market can have made.
        off_grid: Bars left out whose time is not on the grid.
    """

    step: int
    offset: int | None = None
    impossible: int = 0
    off_grid: int = 0

    def batch(self, page: Candles, since: int) -> CandleBatch:
        """Return the good bars of a page that open at `since` or later, in order."""
        values = np.stack((page.open, page.high, page.low, page.close, page.volume))
        keep = page.time >= since
        finite = np.isfinite(values).all(axis=0)
        faulty = np.logical_or.reduce(list(faults_find(values).values()))
        good = finite & ~faulty
        self.impossible += int(np.count_nonzero(keep & ~good))
        keep &= good
        residue = page.time % self.step
        if self.offset is None and keep.any():
            # Weeks begin on Mondays, days at other hours than midnight at some venues:
            # the grid is what most bars share.
            found, counts = np.unique(residue[keep], return_counts=True)
            self.offset = int(found[np.argmax(counts)])
        if self.offset is not None:
            off = residue != self.offset
            self.off_grid += int(np.count_nonzero(keep & off))
            keep &= ~off
        time, values = page.time[keep], values[:, keep]
        if len(time) > 1 and not (np.diff(time) > 0).all():
            time, first = np.unique(time, return_index=True)
            values = values[:, first]
        return CandleBatch(time, values)
