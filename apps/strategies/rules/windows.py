"""Values over the last n bars, for a whole series at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import NDArray

    type AnyArray = NDArray[Any]


def shifted(array: AnyArray, count: int) -> AnyArray:
    """Return the array moved `count` bars into the future, shape kept.

    Args:
        array: One value per bar, shape (bars,); a 0-d array, the same on every bar,
            is returned as it is.
        count: Bars, not negative.

    Returns:
        Shape as given; zero, or False, on the first `count` bars.
    """
    if array.ndim == 0 or count == 0:
        return array
    moved = np.zeros_like(array)
    if count < len(array):
        moved[count:] = array[:-count]
    return moved


def over_window(
    array: AnyArray, count: int, combine: Callable[[AnyArray, AnyArray], AnyArray]
) -> AnyArray:
    """Combine the last `count` values on every bar, that of the bar itself included.

    A window is put together from blocks whose lengths are powers of two, each made of
    two of the next smaller: log2(count) passes over the array, no running total that
    would carry a rounding error, or one huge value, on to later bars.

    Args:
        array: One value per bar, shape (bars,).
        count: Bars in the window, at least 1.
        combine: An associative function of two arrays: add, maximum, logical_and.

    Returns:
        Shape (bars,). On the first `count - 1` bars, whose window is not full, the
        value means nothing.
    """
    block, block_length = array, 1
    result: AnyArray | None = None
    covered = 0
    while True:
        if count & block_length:
            part = _moved(block, covered)
            result = part if result is None else combine(result, part)
            covered += block_length
            if covered == count:
                return result
        block = combine(block, _moved(block, block_length))
        block_length *= 2


def _moved(array: AnyArray, count: int) -> AnyArray:
    # The first bars hold themselves: any finite value will do where nothing is defined.
    moved = array.copy()
    if 0 < count < len(array):
        moved[count:] = array[:-count]
    return moved
