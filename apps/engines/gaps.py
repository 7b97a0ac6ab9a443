"""Missing stretches of a series, and which trades span them (rule 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from apps.engines.contracts import Bars, IntArray


def gaps_spanned(bars: Bars, entry_bar: IntArray, exit_bar: IntArray) -> IntArray:
    """Return how many missing stretches lie between each entry and its exit.

    Args:
        bars: The series, n bars.
        entry_bar: Indices into it, int64.
        exit_bar: Indices into it, int64, as many.
    """
    if not len(bars):
        return np.zeros(len(entry_bar), dtype=np.int64)
    step = np.diff(bars.time, prepend=bars.time[:1])
    before = np.cumsum(step > bars.timeframe_ns)
    spanned: IntArray = before[exit_bar] - before[entry_bar]
    return spanned
