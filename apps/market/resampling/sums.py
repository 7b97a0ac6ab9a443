"""Sums of decimals that are kept as floats, without an error of their own.

A venue's quantity is a decimal of few digits, and its float64 the nearest to it. Added as
floats, sixty of them are off in the last digits, and in another way for each order. So
the decimals are added: as whole numbers of the finest step that all of them have.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from apps.engines.contracts import FloatArray, IntArray

_MOST_DECIMALS = 12
# Whole numbers up to here are exact as float64.
_EXACT = 2.0**53
_POWERS = tuple(float(10**exponent) for exponent in range(_MOST_DECIMALS + 1))


def sums_exact(values: FloatArray, starts: IntArray) -> FloatArray:
    """Return the sum of each group, as the float nearest to that of the decimals.

    Args:
        values: float64, shape (n,), zero or above.
        starts: Where each group begins, ascending from 0, shape (m,).

    Returns:
        float64, shape (m,). Where the values are no decimals of up to 12 places, or the
        sums too large for them, each is the correctly rounded sum of the floats.
    """
    if not len(values):
        return np.empty(0)
    largest = float(np.add.reduceat(values, starts).max())
    for scale in _POWERS:
        if largest * scale >= _EXACT:
            break
        whole = np.rint(values * scale)
        if np.array_equal(whole / scale, values):
            sums: FloatArray = np.add.reduceat(whole.astype(np.int64), starts) / scale
            return sums
    ends = [*starts[1:].tolist(), len(values)]
    return np.array(
        [
            math.fsum(values[a:b].tolist())
            for a, b in zip(starts.tolist(), ends, strict=True)
        ]
    )
