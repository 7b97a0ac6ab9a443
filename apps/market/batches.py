"""Candles on their way: blocks of rows as arrays, in one shape for every source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from apps.engines.contracts import BoolArray, FloatArray, IntArray

VALUE_COLUMNS = ("open", "high", "low", "close", "volume")
OPEN, HIGH, LOW, CLOSE, VOLUME = range(5)
PRICES = slice(OPEN, VOLUME)
# One row group of a stored file, and the block in which everything is worked on.
BATCH_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class CandleBatch:
    """Rows that follow each other in their source.

    Attributes:
        time: Open times, int64 nanoseconds UTC, shape (n,).
        values: float64, shape (5, n): open, high, low, close, volume.
        first_line: Where the first row stands in its source, counted from 1.
    """

    time: IntArray
    values: FloatArray
    first_line: int = 1

    def __len__(self) -> int:
        return len(self.time)

    def rows(self, start: int, stop: int | None = None) -> CandleBatch:
        """Return the rows from `start` up to but without `stop`, without copying."""
        return CandleBatch(
            self.time[start:stop], self.values[:, start:stop], self.first_line + start
        )

    def where(self, mask: BoolArray) -> CandleBatch:
        """Return the rows that the mask, shape (n,), picks."""
        return CandleBatch(self.time[mask], self.values[:, mask], self.first_line)


def batches_join(batches: list[CandleBatch]) -> CandleBatch:
    """Return all rows as one batch; no batches make an empty one."""
    if not batches:
        return CandleBatch(np.empty(0, np.int64), np.empty((5, 0)))
    if len(batches) == 1:
        return batches[0]
    return CandleBatch(
        np.concatenate([batch.time for batch in batches]),
        np.concatenate([batch.values for batch in batches], axis=1),
        batches[0].first_line,
    )


def batches_resize(
    batches: Iterable[CandleBatch], rows: int = BATCH_ROWS
) -> Iterator[CandleBatch]:
    """Yield the same rows in batches of exactly `rows`, but for the last."""
    pending: list[CandleBatch] = []
    held = 0
    for batch in batches:
        rest = batch
        while held + len(rest) >= rows:
            pending.append(rest.rows(0, rows - held))
            rest = rest.rows(rows - held)
            yield batches_join(pending)
            pending, held = [], 0
        if len(rest):
            pending.append(rest)
            held += len(rest)
    if pending:
        yield batches_join(pending)
