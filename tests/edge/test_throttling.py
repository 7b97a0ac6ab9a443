"""Rate limits: who is counted, and what the one too many is told."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import AnonymousUser
from django.core.cache.backends.locmem import LocMemCache
from django.core.handlers.asgi import ASGIRequest
from django.test import Client, RequestFactory
from redis.exceptions import ConnectionError as RedisConnectionError
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from apps.core.tests.answers import client_of, error_of
from apps.core.throttling import AnonThrottle, _incremented
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


def test_a_count_that_is_thrown_out_while_it_begins_begins_anew() -> None:
    class Forgetful(LocMemCache):
        def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
            self.clear()
            return super().incr(key, delta, version)

    assert _incremented(Forgetful("forgetful", {}), "a", 60) == 1


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


@pytest.fixture
def redis_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise RedisConnectionError

    monkeypatch.setattr(SimpleRateThrottle.cache, "incr", refuse)


@pytest.mark.usefixtures("redis_is_away")
def test_a_try_to_sign_in_that_cannot_be_counted_fails_closed() -> None:
    client = Client(raise_request_exception=False)
    response = client.post(TOKEN, WRONG, "application/json")

    assert error_of(response, 503).code == "cache_unavailable"
    assert int(response["Retry-After"]) > 0


@pytest.mark.usefixtures("redis_is_away")
def test_without_redis_each_process_counts_users_and_addresses_itself(
    rates: Callable[..., None],
) -> None:
    rates(user="2/hour", anon="1/hour")
    client, stranger = client_of(UserFactory.create()), Client()

    assert [client.get(MINE).status_code for _ in range(3)] == [200, 200, 429]
    assert [stranger.get(SESSION).status_code for _ in range(2)] == [200, 429]


def test_calls_at_the_same_time_never_exceed_the_limit(
    rates: Callable[..., None],
) -> None:
    rates(anon="20/hour")
    together = Barrier(8)

    def calls(_: int) -> list[bool]:
        together.wait()
        return [allowed() for _ in range(10)]

    def allowed() -> bool:
        request = Request(RequestFactory().get(SESSION))
        request.user = AnonymousUser()
        return AnonThrottle().allow_request(request, APIView(headers={}))

    with ThreadPoolExecutor(8) as pool:
        outcomes = [one for many in pool.map(calls, range(8)) for one in many]

    assert (len(outcomes), sum(outcomes)) == (80, 20)


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "True-Client-IP"]
)
def test_no_header_changes_the_address_that_is_counted(
    rates: Callable[..., None], header: str
) -> None:
    rates(anon="2/hour")
    client = Client()

    statuses = [
        client.get(SESSION, headers={header: f"203.0.113.{number}"}).status_code
        for number in range(3)
    ]

    assert statuses == [200, 200, 429]


@pytest.mark.parametrize(
    ("peer", "counted"), [("10.0.0.1", "203.0.113.9"), ("10.0.0.2", "10.0.0.2")]
)
def test_only_a_trusted_proxy_says_who_calls_and_only_its_own_word_counts(
    peer: str, counted: str
) -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        request = Request(ASGIRequest(scope, BytesIO()))
        seen.append(AnonThrottle().get_ident(request))

    # As the server wraps the service; the first address is the caller's invention.
    forwarded = b"198.51.100.1, 203.0.113.9"
    scope = {
        "type": "http",
        "method": "GET",
        "path": SESSION,
        "client": (peer, 1234),
        "headers": [(b"host", b"localhost"), (b"x-forwarded-for", forwarded)],
    }
    server = ProxyHeadersMiddleware(app, trusted_hosts="10.0.0.1")
    async_to_sync(server)(scope, None, None)  # type: ignore[arg-type]  # never used

    assert seen == [counted]
