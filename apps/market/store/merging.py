"""Two sorted series as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apps.market.batches import VALUE_COLUMNS, CandleBatch, batches_join
from apps.market.errors import CandlesConflict
from apps.market.moments import iso_from_ns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_SHOWN = 3


def candles_merge(
    old: Iterator[CandleBatch], new: Iterator[CandleBatch], *, replace: bool
) -> Iterator[CandleBatch]:
    """Yield the union of two series, sorted, in constant memory.

    Args:
        old: What is stored, sorted by time, times unique.
        new: What comes in, likewise.
        replace: Whether the new bar wins where both have one with other numbers.

    Raises:
        CandlesConflict: Both have a bar with other numbers, and `replace` is false.
    """
    left, right = next(old, None), next(new, None)
    while left is not None and right is not None:
        # Up to here both sides are known in full.
        until = min(int(left.time[-1]), int(right.time[-1]))
        cut_left = int(np.searchsorted(left.time, until, side="right"))
        cut_right = int(np.searchsorted(right.time, until, side="right"))
        merged = _union(
            left.rows(0, cut_left), right.rows(0, cut_right), replace=replace
        )
        yield merged
        left, right = left.rows(cut_left), right.rows(cut_right)
        left = left if len(left) else next(old, None)
        right = right if len(right) else next(new, None)
    if left is not None:
        yield left
        yield from old
    if right is not None:
        yield right
        yield from new


def _union(old: CandleBatch, new: CandleBatch, *, replace: bool) -> CandleBatch:
    _, in_old, in_new = np.intersect1d(
        old.time, new.time, assume_unique=True, return_indices=True
    )
    if not replace:
        differ = (old.values[:, in_old] != new.values[:, in_new]).any(axis=0)
        if differ.any():
            raise _conflict(old, new, in_old[differ], in_new[differ])
    kept = np.ones(len(old), dtype=np.bool_)
    kept[in_old] = False
    both = batches_join([old.where(kept), new])
    order = np.argsort(both.time, kind="stable")
    return CandleBatch(both.time[order], both.values[:, order])


def _conflict(
    old: CandleBatch,
    new: CandleBatch,
    in_old: NDArray[np.intp],
    in_new: NDArray[np.intp],
) -> CandlesConflict:
    shown = []
    for left, right in list(zip(in_old, in_new, strict=True))[:_SHOWN]:
        differences = ", ".join(
            f"{name} {stored:.15g} stored, {given:.15g} given"
            for name, stored, given in zip(
                VALUE_COLUMNS, old.values[:, left], new.values[:, right], strict=True
            )
            if stored != given
        )
        shown.append(f"{iso_from_ns(int(old.time[left]))} ({differences})")
    msg = (
        f"At least {len(in_old):,} bars are stored with other numbers: "
        f"{'; '.join(shown)}. Import with replace=true to overwrite them."
    )
    return CandlesConflict(msg, attr="replace")
