"""Between a tick and its number of decimals."""

from __future__ import annotations

from decimal import Decimal


def tick_from_decimals(decimals: int) -> Decimal:
    """Return 10 to the power of minus `decimals`, as in 2 to 0.01."""
    return Decimal(1).scaleb(-decimals)


def decimals_of_tick(tick: Decimal) -> int:
    """Return how many decimals a multiple of `tick` may have, as in 0.050 to 2."""
    exponent = tick.normalize().as_tuple().exponent
    return max(0, -int(exponent))
