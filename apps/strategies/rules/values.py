"""What a part of a rule can be: one number, a number per bar, or a yes/no per bar."""

from __future__ import annotations

from enum import StrEnum


class ValueType(StrEnum):
    """The three types of the rule language; the value is the word for a person."""

    SCALAR = "number"
    SERIES = "series"
    CONDITION = "condition"


def joined(types: tuple[ValueType, ...]) -> ValueType:
    """Return the type of numbers and series taken together, bar by bar.

    A condition stays a condition: only `shift` takes one, next to its count of bars.
    """
    for widest in (ValueType.CONDITION, ValueType.SERIES):
        if widest in types:
            return widest
    return ValueType.SCALAR
