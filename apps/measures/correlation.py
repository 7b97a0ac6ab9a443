"""How two series of returns move together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apps.measures.quotient import ROUNDING, quotient

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.engines.contracts import FloatArray


def correlation(
    one: FloatArray | Sequence[float], other: FloatArray | Sequence[float]
) -> float | None:
    """Return Pearson's coefficient, `cov(x, y) / (std(x) std(y))`.

    Pearson, "Notes on Regression and Inheritance in the Case of Two Parents",
    Proceedings of the Royal Society 58, 1895, pp. 240-242.

    Args:
        one: Fractions per period, shape (n,).
        other: Fractions of the same periods, shape (n,).

    Returns:
        From -1 to 1; None with less than two periods, or where one of them never varies.
    """
    first, second = (np.asarray(given, dtype=np.float64) for given in (one, other))
    minimum = 2
    if len(first) < minimum:
        return None
    first, second = first - first.mean(), second - second.mean()
    spreads = [float(np.sqrt((part * part).mean())) for part in (first, second)]
    if min(spreads) <= ROUNDING:
        return None
    found = quotient(float((first * second).mean()), spreads[0] * spreads[1])
    return None if found is None else min(1.0, max(-1.0, found))
