"""Pages of a list that grows while it is read."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from apps.core.tests.answers import client_of, error_of
from apps.strategies.services import strategy_create_from_template
from apps.users.tests.factories import UserFactory

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from apps.users.models import User

LIST = "/api/v1/strategies/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return UserFactory.create()


@pytest.fixture
def client(user: User) -> APIClient:
    return client_of(user)


def stored(user: User, count: int) -> list[str]:
    """Store strategies and return their ids, oldest first."""
    return [
        str(strategy_create_from_template(actor=user, template="sma_cross").pk)
        for _ in range(count)
    ]


def walk(client: APIClient, first: str) -> list[str]:
    """Follow `next` to the end and return the ids that came by."""
    seen: list[str] = []
    following: str | None = first
    while following:
        page: dict[str, Any] = client.get(following).json()
        seen += [row["id"] for row in page["results"]]
        following = page["next"]
    return seen


@pytest.mark.parametrize(
    "limit",
    ["0", "201", "abc", "", "-1", "1.5", "1e2", " 5", "+5", "٣", "²", "9" * 5_000],
)
def test_a_limit_out_of_range_is_refused_by_name(client: APIClient, limit: str) -> None:
    finding = error_of(client.get(f"{LIST}?limit={quote(limit)}"), 400)

    assert (finding.code, finding.attr) == ("page_limit_invalid", "limit")
    assert "1 to 200" in finding.detail


@pytest.mark.parametrize(("limit", "shown"), [("1", 1), ("200", 21), (None, 20)])
def test_a_page_has_as_many_rows_as_asked_or_twenty(
    client: APIClient, user: User, limit: str | None, shown: int
) -> None:
    stored(user, 21)

    response = client.get(LIST, {} if limit is None else {"limit": limit})

    assert len(response.json()["results"]) == shown


def test_pages_show_each_row_once_newest_first(client: APIClient, user: User) -> None:
    ids = stored(user, 7)

    assert walk(client, f"{LIST}?limit=3") == ids[::-1]


def test_rows_that_arrive_meanwhile_are_neither_skipped_nor_doubled(
    client: APIClient, user: User
) -> None:
    ids = stored(user, 5)
    first = client.get(f"{LIST}?limit=2").json()
    stored(user, 3)

    rest = walk(client, first["next"])

    assert [row["id"] for row in first["results"]] + rest == ids[::-1]


def test_a_row_that_is_deleted_meanwhile_takes_no_other_with_it(
    client: APIClient, user: User
) -> None:
    ids = stored(user, 5)
    first = client.get(f"{LIST}?limit=2").json()
    client.delete(f"{LIST}{ids[4]}/")

    assert walk(client, first["next"]) == ids[2::-1]


def test_the_way_back_shows_the_page_before(client: APIClient, user: User) -> None:
    stored(user, 4)
    first = client.get(f"{LIST}?limit=2").json()
    second = client.get(first["next"]).json()

    assert client.get(second["previous"]).json()["results"] == first["results"]


@pytest.mark.parametrize(
    "inside", ["p=abc", "p=99999-01-01", "p=%00", "r=1&p=", "o=-1", "o=x", "nonsense"]
)
def test_a_forged_cursor_is_never_our_error(client: APIClient, inside: str) -> None:
    cursor = base64.b64encode(inside.encode()).decode()

    assert client.get(LIST, {"cursor": cursor}).status_code < 500
