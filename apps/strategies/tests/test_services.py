"""Writes of strategies: versions follow one another, and never change."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from apps.strategies.errors import (
    StrategyChanged,
    StrategyInvalid,
    StrategyNotFound,
    TemplateNotFound,
)
from apps.strategies.models import Strategy, StrategyVersion
from apps.strategies.services import (
    strategy_create,
    strategy_create_from_template,
    strategy_delete,
    strategy_update,
)
from apps.strategies.tests.test_definition import strategy as definition
from apps.users.tests.factories import UserFactory

if TYPE_CHECKING:
    from apps.users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return UserFactory.create()


@pytest.fixture
def stored(user: User) -> Strategy:
    return strategy_create(actor=user, definition=definition())


def update(user: User, stored: Strategy, **changes: object) -> Strategy:
    return strategy_update(
        actor=user,
        strategy_id=stored.pk,
        definition=definition(**changes),
        expected_hashes=None,
    )


def numbers(stored: Strategy) -> list[int]:
    return list(stored.versions.order_by("number").values_list("number", flat=True))


def test_a_new_strategy_has_its_name_and_one_version(stored: Strategy) -> None:
    assert stored.name == "SMA cross"
    assert stored.latest is not None
    assert numbers(stored) == [1]


def test_what_does_not_hold_is_not_stored(user: User) -> None:
    with pytest.raises(StrategyInvalid):
        strategy_create(actor=user, definition=definition(timeframe="7h"))

    assert not Strategy.objects.exists()


def test_a_template_becomes_a_strategy_of_ones_own(user: User) -> None:
    stored = strategy_create_from_template(actor=user, template="sma_cross")

    assert stored.owner == user
    assert numbers(stored) == [1]


def test_a_template_that_there_is_not_offers_a_near_one(user: User) -> None:
    with pytest.raises(TemplateNotFound, match="did you mean 'sma_cross'"):
        strategy_create_from_template(actor=user, template="sma_corss")


def test_a_change_makes_the_next_version_and_keeps_the_last(
    user: User, stored: Strategy
) -> None:
    before = stored.versions.get()

    changed = update(user, stored, fees="0.002")

    assert numbers(stored) == [1, 2]
    assert changed.latest is not None
    assert changed.latest.number == 2
    kept = stored.versions.get(number=1)
    assert (kept.definition, kept.content_hash) == (
        before.definition,
        before.content_hash,
    )


def test_unchanged_content_makes_no_version(user: User, stored: Strategy) -> None:
    update(user, stored)

    assert numbers(stored) == [1]


def test_another_way_to_write_the_same_makes_no_version(
    user: User, stored: Strategy
) -> None:
    update(user, stored, fees="0.0010")

    assert numbers(stored) == [1]


def test_going_back_is_a_version_as_well(user: User, stored: Strategy) -> None:
    update(user, stored, fees="0.002")

    back = update(user, stored)

    assert numbers(stored) == [1, 2, 3]
    hashes = dict(stored.versions.values_list("number", "content_hash"))
    assert hashes[1] == hashes[3] != hashes[2]
    assert back.latest is not None
    assert back.latest.number == 3


def test_a_new_name_names_the_strategy(user: User, stored: Strategy) -> None:
    update(user, stored, name="Slow cross")

    stored.refresh_from_db()
    assert stored.name == "Slow cross"


def test_a_stale_change_is_refused_and_stores_nothing(
    user: User, stored: Strategy
) -> None:
    seen = stored.versions.get().content_hash
    update(user, stored, fees="0.002")

    with pytest.raises(StrategyChanged) as caught:
        strategy_update(
            actor=user,
            strategy_id=stored.pk,
            definition=definition(fees="0.003"),
            expected_hashes=frozenset({seen}),
        )

    assert caught.value.attr == "If-Match"
    assert numbers(stored) == [1, 2]


def test_a_change_of_what_was_seen_is_taken(user: User, stored: Strategy) -> None:
    changed = strategy_update(
        actor=user,
        strategy_id=stored.pk,
        definition=definition(fees="0.003"),
        expected_hashes=frozenset({stored.versions.get().content_hash}),
    )

    assert changed.latest is not None
    assert changed.latest.number == 2


def test_a_change_that_does_not_hold_leaves_the_strategy(
    user: User, stored: Strategy
) -> None:
    with pytest.raises(StrategyInvalid):
        update(user, stored, name="Broken", timeframe="7h")

    stored.refresh_from_db()
    assert (stored.name, numbers(stored)) == ("SMA cross", [1])


def test_nobody_else_can_change_or_delete_a_strategy(stored: Strategy) -> None:
    other = UserFactory.create()

    with pytest.raises(StrategyNotFound):
        update(other, stored, fees="0.002")
    with pytest.raises(StrategyNotFound):
        strategy_delete(actor=other, strategy_id=stored.pk)

    assert numbers(stored) == [1]


def test_a_strategy_goes_with_its_versions_and_no_others(
    user: User, stored: Strategy
) -> None:
    update(user, stored, fees="0.002")
    other = strategy_create(actor=user, definition=definition())

    strategy_delete(actor=user, strategy_id=stored.pk)

    assert list(Strategy.objects.all()) == [other]
    assert list(StrategyVersion.objects.values_list("strategy", flat=True)) == [
        other.pk
    ]


def test_what_there_is_not_cannot_be_deleted(user: User) -> None:
    with pytest.raises(StrategyNotFound):
        strategy_delete(actor=user, strategy_id=uuid.uuid4())
