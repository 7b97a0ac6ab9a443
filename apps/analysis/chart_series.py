"""Series made fit for a picture: no more points than its pixels can show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from apps.engines.contracts import FloatArray, IntArray

# About one bucket per pixel column of a panel.
BUCKETS = 2_000


def decimate(values: FloatArray, *, buckets: int = BUCKETS) -> IntArray:
    """Choose the points of a curve that keep its look at `buckets` columns.

    The lowest and the highest value of each bucket, so that no spike is lost, with the
    first and the last point of the whole.

    Args:
        values: The curve, shape (n,).
        buckets: Columns of the picture.

    Returns:
        Ascending indices into `values`, int64; all of them where n is at most twice
        the buckets.
    """
    count = len(values)
    if count <= 2 * buckets:
        return np.arange(count, dtype=np.int64)
    size = -(-count // buckets)
    padding = np.full(-count % size, values[-1])
    table = np.concatenate((values, padding)).reshape(-1, size)
    starts = np.arange(len(table), dtype=np.int64) * size
    extremes = (starts + table.argmin(axis=1), starts + table.argmax(axis=1))
    ends = np.array([0, count - 1], dtype=np.int64)
    # A bucket's extreme in the padding is the last value itself.
    chosen = np.minimum(np.concatenate((*extremes, ends)), count - 1)
    ascending: IntArray = np.unique(chosen)
    return ascending


def band(
    low: FloatArray, high: FloatArray, *, buckets: int = BUCKETS
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Reduce the ranges of bars to the range of each bucket.

    Args:
        low: Lowest price of each bar, shape (n,).
        high: Highest price of each bar, shape (n,).
        buckets: Columns of the picture.

    Returns:
        Index of each bucket's first bar, its lowest low and its highest high.
    """
    size = max(1, -(-len(low) // buckets))
    starts = np.arange(0, len(low), size, dtype=np.int64)
    return starts, np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts)
