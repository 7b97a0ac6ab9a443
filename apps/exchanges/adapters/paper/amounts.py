"""Exact amounts at 18 decimal places, as the ledger rounds them.

The ledger's own are `apps.core.exact`, which knows the database: this room does not.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Context, Decimal

PLACES = 18
ZERO = Decimal(0)
_UNIT = Decimal(1).scaleb(-PLACES)
# Enough for the product of two amounts of 36 digits before it is rounded.
_WIDE = Context(prec=76, rounding=ROUND_HALF_EVEN)
# A quotient's digits before the point may fill that: here they are cut, and never fail.
_LONG = Context(prec=120, rounding=ROUND_DOWN)


def plus(*amounts: Decimal) -> Decimal:
    """Return a sum with all its digits; `+` would round to Python's own context."""
    total = ZERO
    for amount in amounts:
        total = _WIDE.add(total, amount)
    return total


def less(one: Decimal, other: Decimal) -> Decimal:
    """Return a difference with all its digits."""
    return _WIDE.subtract(one, other)


def times(one: Decimal, other: Decimal) -> Decimal:
    """Return a product at 18 places, half to even: what an execution costs."""
    return _WIDE.multiply(one, other).quantize(_UNIT, ROUND_HALF_EVEN, _WIDE)


def times_up(one: Decimal, other: Decimal) -> Decimal:
    """Return a product at 18 places, rounded up: what an order has to hold."""
    return _WIDE.multiply(one, other).quantize(_UNIT, ROUND_UP, _WIDE)


def over_down(one: Decimal, other: Decimal) -> Decimal:
    """Return a quotient at 18 places, rounded down: how much can be afforded."""
    return _WIDE.divide(one, other).quantize(_UNIT, ROUND_DOWN, _LONG)


def floor_to(value: Decimal, grain: Decimal) -> Decimal:
    """Return the largest multiple of a grain that is not above a value."""
    return _LONG.multiply(_LONG.divide_int(value, grain), grain)


def on_grid(value: Decimal, grain: Decimal) -> bool:
    """Return whether a value is a multiple of a grain."""
    return _LONG.remainder(value, grain) == 0


def places_of(value: Decimal) -> int:
    """Return how many decimal places a number needs."""
    exponent = value.normalize(_WIDE).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else PLACES + 1


def plain(value: Decimal) -> str:
    """Return a number for a person: without an exponent and without zeros at its end."""
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
