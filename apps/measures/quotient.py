"""Division that says when it has no answer."""

from __future__ import annotations

import math

# A rate of return is a quotient of two float64 values near each other, so the spread of
# a constant rate is a few units of 1e-16 and not zero. Less than this is rounding.
ROUNDING = 1e-14


def finite(value: float) -> float | None:
    """Return `value` as a plain float, or None where it is NaN or infinite."""
    number = float(value)
    return number if math.isfinite(number) else None


def quotient(
    numerator: float, denominator: float, *, tolerance: float = 0.0
) -> float | None:
    """Divide, or return None where the quotient is undefined.

    Args:
        numerator: Any number.
        denominator: Any number.
        tolerance: A denominator of at most this magnitude counts as zero.

    Returns:
        `numerator / denominator`, or None for a vanishing denominator or a quotient
        that is no finite number.
    """
    if not abs(denominator) > tolerance:
        return None
    return finite(float(numerator) / float(denominator))
