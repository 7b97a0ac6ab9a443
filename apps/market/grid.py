"""The number of decimals that prices and quantities really have.

A float such as 0.09019005000000001 stands for 0.09019005; the rest is noise of an earlier
computation. Twelve significant digits tell the two apart: no market quotes finer, and the
noise of a float64 begins at the sixteenth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from apps.engines.contracts import FloatArray

SIGNIFICANT_DIGITS = 12
MOST_PRICE_DECIMALS = 12
MOST_QUANTITY_DECIMALS = 8
# Below half a unit in the twelfth digit, whatever the first digit is.
_NOISE = 5e-13
# Looked up, because a vectorised power need not be exact.
_POWERS = np.array([float(10**exponent) for exponent in range(23)])
_WHOLE_POWERS = np.array([10**exponent for exponent in range(19)])


class DecimalsMeter:
    """Finds the most decimals among all numbers that pass, and strips their noise.

    Args:
        most: Decimals beyond this many are rounded away.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.decimals = 0

    def measure(self, values: FloatArray) -> FloatArray:
        """Return the numbers at 12 significant digits and at most `most` decimals.

        Args:
            values: float64 of any shape; what is not finite comes back as it is.
        """
        with np.errstate(invalid="ignore", over="ignore"):
            scale = _POWERS[self.decimals]
            scaled = values * scale
            whole = np.rint(scaled)
            fits = np.abs(scaled - whole) <= _NOISE * np.abs(scaled)
            if np.all(fits | ~np.isfinite(values)):
                # A quotient of two exact floats is the float nearest to the decimal.
                return np.where(np.isfinite(values), whole / scale, values)
            return self._measure_each(values)

    def _measure_each(self, values: FloatArray) -> FloatArray:
        finite = np.isfinite(values) & (values != 0)
        magnitude = np.zeros(values.shape)
        np.log10(np.abs(values), out=magnitude, where=finite)
        places = SIGNIFICANT_DIGITS - 1 - np.floor(magnitude)
        places = np.clip(places, 0, self.most)
        places = places.astype(np.int64)
        scale = _POWERS[places]
        whole = np.rint(values * scale)
        digits = np.where(finite & (np.abs(whole) < 2.0**63), whole, 0).astype(np.int64)
        while self.decimals < self.most:
            surplus = np.maximum(places - self.decimals, 0)
            if not np.any(digits % _WHOLE_POWERS[surplus]):
                break
            self.decimals += 1
        return np.where(np.isfinite(values), whole / scale, values)


def values_round(values: FloatArray, decimals: int) -> FloatArray:
    """Return the floats nearest to the values at `decimals` decimals.

    Args:
        values: float64 of any shape; what is not finite comes back as it is.
        decimals: 0 to 22, where powers of ten are exact floats.
    """
    scale = _POWERS[decimals]
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = values * scale
        return np.where(np.isfinite(scaled), np.rint(scaled) / scale, values)
