"""Reads of strategies: what is one's own, newest first, in few queries."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from apps.strategies.errors import StrategyNotFound, StrategyVersionNotFound
from apps.strategies.selectors import (
    strategy_get,
    strategy_list,
    strategy_version_get,
    strategy_version_list,
)
from apps.strategies.services import strategy_create, strategy_update
from apps.strategies.tests.test_definition import strategy as definition
from apps.users.tests.factories import UserFactory

if TYPE_CHECKING:
    from apps.strategies.models import Strategy
    from apps.users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return UserFactory.create()


def stored(user: User, versions: int = 1) -> Strategy:
    """Store a strategy that was changed until it has so many versions."""
    strategy = strategy_create(actor=user, definition=definition())
    for number in range(2, versions + 1):
        strategy_update(
            actor=user,
            strategy_id=strategy.pk,
            definition=definition(fees=f"0.00{number}"),
            expected_hashes=None,
        )
    return strategy


def test_only_what_is_ones_own_is_listed_newest_first(user: User) -> None:
    stored(UserFactory.create())
    mine = [stored(user) for _ in range(3)]

    assert list(strategy_list(actor=user)) == mine[::-1]


def test_a_list_with_its_versions_is_one_query(
    user: User, django_assert_num_queries: Any
) -> None:
    for _ in range(4):
        stored(user, versions=2)

    with django_assert_num_queries(1):
        numbers = [
            one.latest and one.latest.number for one in strategy_list(actor=user)
        ]

    assert numbers == [2, 2, 2, 2]


def test_what_is_somebody_elses_is_not_there(user: User) -> None:
    theirs = stored(UserFactory.create())

    with pytest.raises(StrategyNotFound) as foreign:
        strategy_get(actor=user, strategy_id=theirs.pk)
    with pytest.raises(StrategyNotFound) as missing:
        strategy_get(actor=user, strategy_id=uuid.uuid4())

    assert foreign.value.code == missing.value.code


def test_versions_are_listed_newest_first(user: User) -> None:
    strategy = stored(user, versions=3)

    found = strategy_version_list(actor=user, strategy_id=strategy.pk)

    assert [version.number for version in found] == [3, 2, 1]


def test_versions_of_somebody_elses_are_not_there(user: User) -> None:
    theirs = stored(UserFactory.create())

    with pytest.raises(StrategyNotFound):
        strategy_version_list(actor=user, strategy_id=theirs.pk)
    with pytest.raises(StrategyNotFound):
        strategy_version_get(actor=user, strategy_id=theirs.pk, number=1)


@pytest.mark.parametrize(("asked", "found"), [(None, 3), (3, 3), (1, 1)])
def test_a_version_is_the_one_asked_for_or_the_latest(
    user: User, asked: int | None, found: int
) -> None:
    strategy = stored(user, versions=3)

    version = strategy_version_get(actor=user, strategy_id=strategy.pk, number=asked)

    assert version.number == found


@pytest.mark.parametrize("number", [0, 3, 10**9])
def test_a_version_that_there_is_not_names_those_that_there_are(
    user: User, number: int
) -> None:
    strategy = stored(user, versions=2)

    with pytest.raises(StrategyVersionNotFound, match="versions are 1 to 2"):
        strategy_version_get(actor=user, strategy_id=strategy.pk, number=number)
