"""Exact amounts: the arithmetic of money, to the last of 18 places."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from hypothesis import given, settings, strategies as st

from apps.core.exact import (
    UNIT,
    ExactDecimalField,
    exact,
    negative,
    over,
    plain,
    plus,
    times,
)

MOST = Decimal("999999999999999999.999999999999999999")
HALF = st.integers(min_value=-(10**27) + 1, max_value=10**27 - 1).map(
    lambda units: Decimal(units).scaleb(-18)
)
FEW = settings(max_examples=60)


def nearest(value: Fraction) -> int:
    """Return a number in units of the last place, half to even."""
    return round(value * 10**18)


@FEW
@given(one=HALF, other=HALF)
def test_a_product_and_a_quotient_are_rounded_once_half_to_even(
    one: Decimal, other: Decimal
) -> None:
    product = times(one, other)
    assert Fraction(product) * 10**18 == nearest(Fraction(one) * Fraction(other))
    if other:
        value = Fraction(one) / Fraction(other)
        if abs(value) < 10**17:
            assert Fraction(over(one, other)) * 10**18 == nearest(value)


@FEW
@given(units=st.integers(min_value=-(10**36) + 1, max_value=10**36 - 1))
def test_an_amount_as_plain_text_is_the_same_amount(units: int) -> None:
    value = Decimal(units).scaleb(-18)
    text = plain(value)
    assert Decimal(text) == value
    assert "E" not in text
    assert not ("." in text and text.endswith(("0", ".")))


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("-0.000", "0"),
        ("1E+3", "1000"),
        ("100", "100"),
        ("0.10", "0.1"),
        ("1E-18", "0.000000000000000001"),
    ],
)
def test_plain_text_has_no_exponent_and_no_zeros_at_its_end(
    given: str, text: str
) -> None:
    assert plain(Decimal(given)) == text


def test_there_is_one_zero_and_halves_go_to_even() -> None:
    assert str(exact(Decimal("-0"))) == str(exact(Decimal("-1e-30"))) == "0E-18"
    assert exact(UNIT / 2) == 0
    assert exact(UNIT * Decimal("1.5")) == 2 * UNIT
    assert exact(-UNIT * Decimal("2.5")) == -2 * UNIT


@pytest.mark.parametrize(
    "given", ["1e18", "-1e18", "NaN", "sNaN", "Infinity", "-Infinity", "1e400"]
)
def test_what_no_column_holds_is_no_amount(given: str) -> None:
    with pytest.raises(OverflowError):
        exact(Decimal(given))
    with pytest.raises((ValidationError, OverflowError)):
        ExactDecimalField().to_python(Decimal(given))


def test_the_largest_amount_is_one() -> None:
    assert exact(MOST) == MOST
    assert exact(MOST.copy_negate()) == MOST.copy_negate() == negative(MOST)
    with pytest.raises(OverflowError):
        plus(MOST, UNIT)


def test_sums_and_signs_keep_all_digits() -> None:
    # Python's own would round to 28 digits.
    assert negative(MOST) != -MOST
    assert plus(MOST, negative(MOST), UNIT) == UNIT
    assert plus() == 0
    assert str(negative(Decimal(0))) == "0E-18"


@pytest.mark.parametrize("given", [0.1, float("nan"), 1.0])
def test_a_float_is_no_amount(given: float) -> None:
    with pytest.raises(ValidationError, match="float"):
        ExactDecimalField().to_python(given)
    with pytest.raises(ValidationError, match="float"):
        ExactDecimalField().get_db_prep_save(given, connection)


def test_a_migration_writes_the_field_as_it_is() -> None:
    field = ExactDecimalField(null=True, default=0)
    _, path, args, options = field.deconstruct()
    assert path == "apps.core.exact.ExactDecimalField"
    assert (args, options) == ([], {"null": True, "default": 0})
    assert field.clone().max_digits == 36
