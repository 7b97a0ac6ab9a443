"""Amounts: what is accepted is what is kept."""

from __future__ import annotations

from decimal import Decimal

import pytest
from rest_framework.serializers import ValidationError

from apps.core.amounts import AmountField, NumberField, exact_digits


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


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("0.1", "0.1"),
        ("  7.50 ", "7.5"),
        ("999999999999999999.999999999999999999",) * 2,
        ("-0.000000000000000001",) * 2,
        ("1e-18", "0.000000000000000001"),
        ("1e3", "1000"),
        ("-0", "0"),
        ("0e400", "0"),
        (".5", "0.5"),
        (0.1, "0.1"),
        (1e-9, "0.000000001"),
        (12, "12"),
        (Decimal("1.10"), "1.1"),
    ],
)
def test_an_amount_is_kept_to_its_last_place_and_told_plainly(
    given: object, kept: str
) -> None:
    taken = AmountField().run_validation(given)
    assert taken == Decimal(kept)
    assert AmountField().to_representation(taken) == kept


@pytest.mark.parametrize(
    "given",
    [
        "NaN",
        "sNaN",
        "Infinity",
        "-inf",
        "1e400",
        "1e-400",
        "1e999999999",
        "1000000000000000000",
        pytest.param(10**400, id="401 digits"),
        "0.0000000000000000001",
        "1_000",
        "1,5",
        "٣",
        "0x10",
        "",
        pytest.param("1" * 2000, id="2000 ones"),
        pytest.param("0." + "0" * 2000 + "1", id="2001 places"),
        0.1234567890123456,
        1e300,
        float("nan"),
        float("inf"),
        True,
        None,
        [1],
        {},
    ],
)
def test_what_is_not_exactly_an_amount_is_refused(given: object) -> None:
    with pytest.raises(ValidationError):
        AmountField().run_validation(given)


@pytest.mark.parametrize("given", ["0", "-1", "0.000", "-0"])
def test_an_amount_that_has_to_be_positive_is(given: str) -> None:
    with pytest.raises(ValidationError, match="above 0"):
        AmountField(positive=True).run_validation(given)
    assert AmountField(positive=True).run_validation("0.1") == Decimal("0.1")
