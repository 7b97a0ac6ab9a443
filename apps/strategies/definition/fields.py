"""The kinds of field that a strategy is made of: exact numbers, names and texts."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from apps.strategies.definition.amounts import (
    NUMBER_MAXIMUM,
    DecimalRange,
    decimal_text,
    number_read,
)

_ZERO, _ONE = Decimal(0), Decimal(1)
_STOP = DecimalRange(lower=_ZERO, upper=_ONE, example="0.05")
_TARGET = DecimalRange(
    lower=_ZERO, upper=Decimal(1_000), includes_upper=True, example="0.10"
)
_SHARE = DecimalRange(lower=_ZERO, upper=_ONE, includes_upper=True, example="0.5")
_AMOUNT = DecimalRange(
    lower=_ZERO, upper=Decimal(NUMBER_MAXIMUM), includes_upper=True, example="1000"
)
_RATE = DecimalRange(lower=_ZERO, upper=_ONE, includes_lower=True, example="0.001")

_AS_TEXT = PlainSerializer(decimal_text, return_type=str, when_used="json")
_DECIMAL_SCHEMA = WithJsonSchema(
    {"type": "string", "format": "decimal", "pattern": r"^\d+(\.\d{1,18})?$"}
)
_NUMBER_SCHEMA = WithJsonSchema({"type": "number"})


def _text_read(value: str) -> str:
    """Refuse what a database or a terminal cannot hold; line breaks and tabs may be."""
    if any(c < " " and c not in "\t\r\n" for c in value) or "\x7f" in value:
        raise PydanticCustomError(
            "strategy_field_invalid", "control characters cannot be used in a text"
        )
    return value


def _parameter_value_read(value: object) -> object:
    return value if isinstance(value, str) else number_read(value)


StopFraction = Annotated[
    Decimal, BeforeValidator(_STOP.read), _AS_TEXT, _DECIMAL_SCHEMA
]
TargetFraction = Annotated[
    Decimal, BeforeValidator(_TARGET.read), _AS_TEXT, _DECIMAL_SCHEMA
]
Share = Annotated[Decimal, BeforeValidator(_SHARE.read), _AS_TEXT, _DECIMAL_SCHEMA]
Amount = Annotated[Decimal, BeforeValidator(_AMOUNT.read), _AS_TEXT, _DECIMAL_SCHEMA]
Rate = Annotated[Decimal, BeforeValidator(_RATE.read), _AS_TEXT, _DECIMAL_SCHEMA]
Number = Annotated[int | float, BeforeValidator(number_read), _NUMBER_SCHEMA]
NumberOrName = Annotated[
    int | float | Annotated[str, StringConstraints(max_length=100)],
    BeforeValidator(_parameter_value_read),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string"}]}),
]
Text = Annotated[str, AfterValidator(_text_read)]
Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(_text_read),
]
