"""An input names what it would have taken."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework import serializers

from apps.core.choices import NAMED, choices_text
from apps.core.serializers import StrictSerializer


class _Leg(StrictSerializer):
    side = serializers.ChoiceField(choices=["buy", "sell"])


class _Order(StrictSerializer):
    side = serializers.ChoiceField(choices=[("buy", "Buy"), ("{sell}", "Sell")])
    tags = serializers.ListField(child=serializers.ChoiceField(choices=["a", "b"]))
    legs = _Leg(many=True, required=False)
    own = serializers.ChoiceField(
        choices=["x"], required=False, error_messages={"invalid_choice": "Not {input}."}
    )


def _errors(**changes: Any) -> Any:
    shape = _Order(data={"side": "buy", "tags": []} | changes)
    assert not shape.is_valid()
    return shape.errors


@pytest.mark.parametrize("wrong", ["up", 1, 2.5, ["buy"], {"a": "{0}"}])
def test_a_value_that_is_no_choice_is_answered_with_the_choices(wrong: Any) -> None:
    (error,) = _errors(side=wrong)["side"]

    assert error.code == "invalid_choice"
    assert str(error) == f"'{wrong!s:.40}' is not one of: buy, {{sell}}."


def test_a_value_in_a_list_and_in_a_part_as_well() -> None:
    found = _errors(tags=["a", "c"], legs=[{"side": "buy"}, {"side": "up"}])

    assert str(found["tags"][1][0]) == "'c' is not one of: a, b."
    assert str(found["legs"][1]["side"][0]) == "'up' is not one of: buy, sell."


def test_a_long_value_is_quoted_in_part() -> None:
    (error,) = _errors(side="x" * 100_000)["side"]

    assert len(str(error)) < 100


def test_a_field_with_words_of_its_own_keeps_them() -> None:
    assert str(_errors(own="y")["own"][0]) == "Not y."


def test_of_many_choices_the_first_are_named() -> None:
    assert choices_text(range(NAMED)).endswith(f", {NAMED - 1}")
    assert choices_text(range(NAMED + 2)).endswith(f"{NAMED - 1} and 2 more")
