"""Amounts: what is accepted is what is kept."""

from __future__ import annotations

from decimal import Decimal

import pytest
from rest_framework.serializers import ValidationError

from apps.core.amounts import NumberField, exact_digits


@pytest.mark.parametrize(
    "text", ["123456789.012345", "1000000000000", "1E+12", "0.001"]
)
def test_fifteen_digits_are_kept_exactly(text: str) -> None:
    exact_digits(Decimal(text))
    assert Decimal(repr(float(text))) == Decimal(text)


@pytest.mark.parametrize("text", ["12345678901.123456", "0.1234567890123456"])
def test_more_digits_than_are_kept_are_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="significant digits"):
        exact_digits(Decimal(text))


@pytest.mark.parametrize("given", ["20", True, None, [1], float("nan")])
def test_what_only_looks_like_a_number_is_refused(given: object) -> None:
    with pytest.raises(ValidationError):
        NumberField().run_validation(given)


def test_a_whole_number_stays_whole() -> None:
    assert isinstance(NumberField().run_validation(20.0), int)
