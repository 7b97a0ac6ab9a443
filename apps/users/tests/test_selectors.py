"""Finding people by name, as admin tasks do."""

from __future__ import annotations

import pytest

from apps.users.errors import UserNotFound
from apps.users.selectors import user_named
from apps.users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_the_only_user_need_not_be_named() -> None:
    ada = UserFactory.create(username="ada")

    assert user_named(name=None) == ada
    assert user_named(name="ada") == ada


def test_of_several_one_must_be_named_and_all_are_listed() -> None:
    for name in ("eve", "ada"):
        UserFactory.create(username=name)

    with pytest.raises(UserNotFound, match="--user NAME; users are: ada, eve"):
        user_named(name=None)


def test_a_name_that_nobody_has_is_said_to_be_none() -> None:
    with pytest.raises(UserNotFound, match="no user 'bob'; users are: none yet"):
        user_named(name="bob")


@pytest.mark.parametrize("name", ["\udcff", "a\x00b"])
def test_a_name_that_no_database_takes_is_nobodys(name: str) -> None:
    with pytest.raises(UserNotFound, match="There is no user"):
        user_named(name=name)
