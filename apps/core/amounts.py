"""Amounts that every database keeps exactly.

SQLite keeps decimals as 8-byte floats, which hold 15 significant digits: an amount with
more would be read back as another. What is not exact is refused when it comes in.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rest_framework import serializers

MOST_DIGITS = 15


def exact_digits(value: Decimal) -> None:
    """Refuse a number with more significant digits than are kept exactly.

    Raises:
        ValidationError: It has more than 15.
    """
    digits = len(value.normalize().as_tuple().digits)
    if digits > MOST_DIGITS:
        msg = f"It has {digits} significant digits; at most {MOST_DIGITS} are kept exactly."
        raise serializers.ValidationError(msg, code="max_digits")


class RateField(serializers.DecimalField):
    """What trading costs, as a fraction of what is traded: from 0 on, below 1."""

    def __init__(self, **options: Any) -> None:
        """Take any option of a field but its bounds."""
        super().__init__(
            max_digits=20,
            decimal_places=18,
            min_value=Decimal(0),
            max_value=Decimal("0.999999"),
            validators=[exact_digits],
            **options,
        )


class NumberField(serializers.FloatField):
    """A JSON number; what only looks like one, a text or a boolean, is refused."""

    def to_internal_value(self, data: Any) -> float:
        """Return the number, whole numbers as int."""
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        number = super().to_internal_value(data)
        return int(number) if number.is_integer() else number
