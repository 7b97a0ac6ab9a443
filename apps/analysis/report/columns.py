"""Numbers packed small for the page's script, which unpacks them again."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.analysis.report.candles import SECOND_NS

if TYPE_CHECKING:
    from apps.engines.contracts import FloatArray, IntArray

MOST_DECIMALS = 12
# Of a price: less than that is float noise.
NOISE = 1e-11
# A curve is drawn on some hundred pixels; the sixth digit moves none.
CURVE_DIGITS = 6


def decimals_of(*arrays: FloatArray, most: int = MOST_DECIMALS) -> int:
    """Return how many decimals write all of some prices in full, at most `most`."""
    values = np.concatenate([array[np.isfinite(array)] for array in arrays])
    allowed = NOISE * np.abs(values)
    for decimals in range(most):
        if (np.abs(np.round(values, decimals) - values) <= allowed).all():
            return decimals
    return most


def curve_decimals(values: FloatArray) -> int:
    """Return how many decimals show a curve's shape."""
    largest = float(np.abs(values).max(initial=0.0))
    if largest == 0:
        return 0
    return int(np.clip(CURVE_DIGITS - math.ceil(math.log10(largest)), 0, MOST_DECIMALS))


def units(values: FloatArray, decimals: int) -> IntArray:
    """Return values as whole numbers of 10^-decimals."""
    whole: IntArray = np.round(values * 10.0**decimals).astype(np.int64)
    return whole


def steps(whole: IntArray) -> list[int]:
    """Return whole numbers as the first and each next one's difference to the last."""
    differences: list[int] = np.diff(whole, prepend=0).tolist()
    return differences


def optional(values: FloatArray, decimals: int) -> list[int | None]:
    """Return values as whole numbers of 10^-decimals, None where one is not a number."""
    known = np.isfinite(values)
    whole = units(np.where(known, values, 0.0), decimals).tolist()
    return [
        value if there else None
        for value, there in zip(whole, known.tolist(), strict=True)
    ]


def times(nanoseconds: IntArray) -> dict[str, Any]:
    """Return times as a start in seconds and runs of equal steps.

    Args:
        nanoseconds: Ascending times, at least one.
    """
    seconds = nanoseconds // SECOND_NS
    gaps = np.diff(seconds)
    edges = np.flatnonzero(np.diff(gaps, prepend=-1))
    lengths = np.diff(edges, append=len(gaps))
    runs = np.column_stack((gaps[edges], lengths)).tolist() if len(gaps) else []
    return {"start": int(seconds[0]), "runs": runs}
