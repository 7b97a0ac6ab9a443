"""Numbers as they come in and go out: what would not be kept exactly is refused.

Amounts of money are exact to 18 places. Other decimals SQLite keeps as 8-byte floats,
and JSON numbers are read as such: both hold 15 significant digits, and one with more
would be read back as another.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from drf_spectacular.drainage import set_override
from rest_framework import serializers

from apps.core.exact import MOST_DIGITS, PLACES, exact, plain

FLOAT_DIGITS = 15
_LONGEST_TEXT = 64
# No blanks, no underscores, no digits of other scripts: all of them Decimal would take.
_TEXT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_PATTERN = rf"^-?\d{{1,{MOST_DIGITS - PLACES}}}(\.\d{{1,{PLACES}}})?$"
_POSITIVE = rf"^(?=.*[1-9])\d{{1,{MOST_DIGITS - PLACES}}}(\.\d{{1,{PLACES}}})?$"


def exact_digits(value: Decimal) -> None:
    """Refuse a number with more significant digits than are kept exactly.

    Raises:
        ValidationError: It has more than 15.
    """
    digits = len(value.normalize().as_tuple().digits)
    if digits > FLOAT_DIGITS:
        msg = f"It has {digits} significant digits; at most {FLOAT_DIGITS} are kept exactly."
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


class AmountField(serializers.DecimalField):
    """An amount of money, a price or a quantity, exact to its last of 18 places.

    It comes in as text; a JSON number is taken where it certainly is what was written,
    up to 15 digits. It goes out as text without an exponent and without zeros at its end.
    """

    default_error_messages = {  # noqa: RUF012 - DRF's own way
        "not_positive": "It must be above 0, not {value}.",
        "too_large": "It may have at most {digits} digits before the point.",
        "too_fine": "It may have at most {places} decimal places.",
        "number_inexact": "This number has {digits} digits; send it as text to be exact.",
    }

    def __init__(self, *, positive: bool = False, **options: Any) -> None:
        """Take any option of a field but its digits.

        Args:
            positive: Whether it must be above zero.
            options: Those of any field.
        """
        self.positive = positive
        super().__init__(max_digits=MOST_DIGITS, decimal_places=PLACES, **options)
        set_override(
            self,
            "field",
            {
                "type": "string",
                "format": "decimal",
                "pattern": _POSITIVE if positive else _PATTERN,
                # Else a reader sees any number that the pattern lets pass.
                "examples": ["0.25"],
            },
        )

    def to_internal_value(self, data: Any) -> Decimal:
        """Return the amount at 18 places, or refuse what is not exactly one."""
        text = self._text(data)
        if len(text) > _LONGEST_TEXT or not _TEXT.fullmatch(text):
            self.fail("invalid")
        number = Decimal(text)
        if number.is_zero():
            number = Decimal(0)
        elif number.adjusted() >= MOST_DIGITS - PLACES:
            self.fail("too_large", digits=MOST_DIGITS - PLACES)
        else:
            number = self._places(number)
        if self.positive and number <= 0:
            self.fail("not_positive", value=plain(number))
        return number

    def to_representation(self, value: Any) -> str:
        """Return the amount as plain text."""
        return plain(value if isinstance(value, Decimal) else Decimal(str(value)))

    def _text(self, data: Any) -> str:
        if isinstance(data, bool) or not isinstance(data, str | int | float | Decimal):
            self.fail("invalid")
        if not isinstance(data, float):
            # A whole number too long to be written has to be too long for us as well.
            return data.strip() if isinstance(data, str) else self._whole(data)
        text = repr(data)
        digits = len(re.sub(r"[eE].*|[^0-9]", "", text).strip("0"))
        if digits > FLOAT_DIGITS:
            self.fail("number_inexact", digits=digits)
        return text

    def _whole(self, data: int | Decimal) -> str:
        if isinstance(data, int) and abs(data) >= 10 ** (MOST_DIGITS - PLACES):
            self.fail("too_large", digits=MOST_DIGITS - PLACES)
        return str(data)

    def _places(self, number: Decimal) -> Decimal:
        rounded = exact(number)
        if rounded != number:
            self.fail("too_fine", places=PLACES)
        return rounded


class NumberField(serializers.FloatField):
    """A JSON number; what only looks like one, a text or a boolean, is refused."""

    def to_internal_value(self, data: Any) -> float:
        """Return the number, whole numbers as int."""
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        number = super().to_internal_value(data)
        return int(number) if number.is_integer() else number
