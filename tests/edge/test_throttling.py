"""Rate limits: who is counted, and what the one too many is told."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from redis.exceptions import ConnectionError as RedisConnectionError
from rest_framework.throttling import SimpleRateThrottle

from apps.core.tests.answers import client_of, error_of
from apps.users.tests.factories import UserFactory

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django import Settings

SESSION = "/api/v1/auth/session/"
TOKEN = "/api/v1/auth/token/"  # noqa: S105 - an address
MINE = "/api/v1/strategies/"
WRONG = {"username": "nobody", "password": "wrong"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def rates(settings: Settings) -> Callable[..., None]:
    def change(**scopes: str) -> None:
        framework = copy.deepcopy(settings.REST_FRAMEWORK)
        framework["DEFAULT_THROTTLE_RATES"] |= scopes
        settings.REST_FRAMEWORK = framework

    return change


def test_one_call_too_many_is_429_and_says_when_to_come_back(
    rates: Callable[..., None],
) -> None:
    rates(anon="2/minute")
    client = Client()
    assert [client.get(SESSION).status_code for _ in range(2)] == [200, 200]

    response = client.get(SESSION)

    assert error_of(response, 429).code == "throttled"
    assert 1 <= int(response["Retry-After"]) <= 60


def test_one_call_too_many_is_told_the_limit(rates: Callable[..., None]) -> None:
    rates(anon="1/minute")
    client = Client()
    client.get(SESSION)

    response = client.get(SESSION)

    assert response["RateLimit-Limit"] == "1"
    assert response["RateLimit-Remaining"] == "0"
    assert response["RateLimit-Reset"] == response["Retry-After"]


def test_a_call_within_the_limit_is_told_nothing_of_it(
    rates: Callable[..., None],
) -> None:
    rates(anon="1/minute")

    assert "RateLimit-Limit" not in Client().get(SESSION)


def test_calls_are_counted_again_once_the_period_is_over(
    rates: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    rates(anon="1/minute")
    moment = 1_000_000.0
    monkeypatch.setattr(SimpleRateThrottle, "timer", staticmethod(lambda: moment))
    client = Client()
    assert client.get(SESSION).status_code == 200
    wait = int(client.get(SESSION)["Retry-After"])

    moment += wait

    assert client.get(SESSION).status_code == 200


def test_each_user_has_a_count_of_their_own(rates: Callable[..., None]) -> None:
    rates(user="1/hour")
    ada, bob = client_of(UserFactory.create()), client_of(UserFactory.create())

    statuses = [client.get(MINE).status_code for client in (ada, ada, bob)]

    assert statuses == [200, 429, 200]


def test_who_is_signed_in_is_not_counted_by_address(
    rates: Callable[..., None],
) -> None:
    rates(anon="1/hour", user="100/hour")
    client = client_of(UserFactory.create())

    assert [client.get(MINE).status_code for _ in range(3)] == [200] * 3


def test_tries_to_sign_in_are_counted_whoever_they_claim_to_be(
    rates: Callable[..., None],
) -> None:
    rates(login="2/minute")
    client = Client()

    statuses = [
        client.post(TOKEN, WRONG | {"username": name}, "application/json").status_code
        for name in ("ada", "bob", "eve")
    ]

    assert statuses == [400, 400, 429]


def test_an_address_that_a_caller_writes_into_a_header_starts_no_new_count(
    rates: Callable[..., None],
) -> None:
    rates(login="2/minute")
    client = Client()

    statuses = [
        client.post(
            TOKEN, WRONG, "application/json", HTTP_X_FORWARDED_FOR=f"203.0.113.{number}"
        ).status_code
        for number in range(3)
    ]

    assert statuses == [400, 400, 429]


@pytest.mark.parametrize(
    ("names", "statuses"),
    [(("ada", "bob"), [400, 400]), (("ada", "ADA"), [400, 429])],
)
def test_two_addresses_are_counted_apart_but_not_against_one_name(
    rates: Callable[..., None], names: tuple[str, str], statuses: list[int]
) -> None:
    rates(login="1/minute")
    client = Client()

    found = [
        client.post(
            TOKEN,
            WRONG | {"username": name},
            "application/json",
            REMOTE_ADDR=f"203.0.113.{number}",
        ).status_code
        for number, name in enumerate(names)
    ]

    assert found == statuses


def test_a_count_that_cannot_be_kept_fails_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*args: object) -> None:
        raise RedisConnectionError

    monkeypatch.setattr(SimpleRateThrottle.cache, "get", refuse)

    client = Client(raise_request_exception=False)
    response = client.post(TOKEN, WRONG, "application/json")

    assert error_of(response, 503).code == "cache_unavailable"
