"""How numbers are read in a strategy: exactly, finite, in range, with a clear refusal.

Money and rates are Decimals and are sent as strings. Parameters are plain JSON numbers,
because they end in float64 arrays.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real

from pydantic_core import PydanticCustomError

from apps.strategies.rules.findings import shown

DECIMAL_PLACES_MAXIMUM = 18
"""As many as the database keeps."""

NUMBER_MAXIMUM = 10**12
"""Wide enough for any price or amount, and safe to calculate with in float64."""

# The exponent is bounded, so that reading never builds a number of a million digits.
_DECIMAL = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{0,40})?([eE][+-]?[0-9]{1,3})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class DecimalRange:
    """The values that a Decimal field takes, and how it reads them.

    Attributes:
        lower: The least value.
        upper: The greatest value.
        includes_lower: Whether `lower` itself is allowed.
        includes_upper: Whether `upper` itself is allowed.
        example: A value to show in messages.
    """

    lower: Decimal
    upper: Decimal
    includes_lower: bool = False
    includes_upper: bool = False
    example: str

    def read(self, value: object) -> Decimal:
        """Return a value as a Decimal without trailing zeros.

        Args:
            value: A decimal string; a whole number or a Decimal is taken, too.

        Raises:
            PydanticCustomError: Not a decimal number, not finite, negative, with too
                many decimal places or out of range; its type is the code of
                `StrategyNumberInvalid`.
        """
        number = Decimal(self._text(value))
        if number < self.lower or number > self.upper:
            raise self._fault(f"{shown(str(value))} is out of range")
        if (number == self.lower and not self.includes_lower) or (
            number == self.upper and not self.includes_upper
        ):
            raise self._fault(f"{shown(str(value))} is out of range")
        plain = Decimal(decimal_text(number))
        places = plain.as_tuple().exponent
        if isinstance(places, int) and -places > DECIMAL_PLACES_MAXIMUM:
            raise self._fault(
                f"{shown(str(value))} has more than {DECIMAL_PLACES_MAXIMUM} "
                "decimal places"
            )
        return plain

    def _text(self, value: object) -> str:
        if isinstance(value, float):
            raise self._fault("a JSON number is not exact; send a string")
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise self._fault(f"{_named(value)} is not a decimal number")
        if isinstance(value, int) and abs(value) > NUMBER_MAXIMUM:
            raise self._fault("the number is out of range")
        text = str(value).strip()
        if not _DECIMAL.fullmatch(text):
            raise self._fault(f"'{shown(text)}' is not a finite decimal number")
        return text

    def _fault(self, message: str) -> PydanticCustomError:
        lower = "at least" if self.includes_lower else "above"
        upper = "at most" if self.includes_upper else "below"
        return _number_fault(
            f"{message}; it must be {lower} {decimal_text(self.lower)} and {upper} "
            f'{decimal_text(self.upper)}, written as in "{self.example}"'
        )


def decimal_text(value: Decimal) -> str:
    """Return a Decimal in plain notation, without trailing zeros or a negative zero."""
    # Not `normalize`, which rounds to the context's precision.
    text = format(value or Decimal(0), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def number_read(value: object) -> int | float:
    """Return a parameter's value: whole numbers as int, the rest as float.

    Args:
        value: An int, a float or another real number of Python.

    Raises:
        PydanticCustomError: Not a number, not finite, or too large; its type is the
            code of `StrategyNumberInvalid`.
    """
    number: int | float
    if isinstance(value, bool):
        raise _not_a_number(value)
    if isinstance(value, int):
        number = value
    elif isinstance(value, Real):
        number = float(value)
    else:
        raise _not_a_number(value)
    # An int may be too large for float(); comparing it is exact, and NaN is not within.
    if not -NUMBER_MAXIMUM <= number <= NUMBER_MAXIMUM:
        told = "the number" if isinstance(number, int) else f"{number}"
        raise _number_fault(
            f"{told} is out of range; it must be finite and within "
            f"{NUMBER_MAXIMUM:,} of zero"
        )
    return int(number) if float(number).is_integer() else number


def _not_a_number(value: object) -> PydanticCustomError:
    return _number_fault(f"{_named(value)} is not a number; send one such as 20")


def _number_fault(message: str) -> PydanticCustomError:
    # Braces would be taken for placeholders if the message were the template.
    return PydanticCustomError(
        "strategy_number_invalid", "{message}", {"message": message}
    )


def _named(value: object) -> str:
    names = {type(None): "null", bool: "true or false", str: "text", dict: "an object"}
    return names.get(type(value), f"a {type(value).__name__}")
