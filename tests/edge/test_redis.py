"""A Redis that is away: what waits, what goes on, and what fails closed."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.test import Client, RequestFactory
from redis.exceptions import AuthenticationError, RedisError
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.core import redis as core_redis
from apps.core.redis import PausingPool, PausingRedis
from apps.core.sessions import SessionStore
from apps.core.tests.answers import error_of
from apps.core.throttling import AnonThrottle
from apps.users.tests.factories import UserFactory
from config.caches import caches_redis
from tests.edge.servers import redis_run, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django import Settings

    from tests.edge.servers import RedisServer

PASSWORD = "hunter2-of-redis"  # noqa: S105
WAIT_SECONDS = 0.2


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_run(tmp_path, PASSWORD) as running:
        yield running


def client_for(address: str) -> PausingRedis:
    pool = PausingPool.from_url(
        address, socket_timeout=WAIT_SECONDS, socket_connect_timeout=WAIT_SECONDS
    )
    return PausingRedis(connection_pool=pool)


def asked(client: PausingRedis) -> tuple[float, RedisError]:
    """Return how long one call took, and how it failed."""
    started = time.monotonic()
    with pytest.raises(RedisError) as caught:
        client.get("key")
    return time.monotonic() - started, caught.value


def test_a_redis_that_hangs_is_waited_for_once_and_not_by_each_call(
    server: RedisServer,
) -> None:
    client = client_for(server.url)
    client.set("key", 1)
    server.pause()

    first, _ = asked(client)
    others = [asked(client)[0] for _ in range(20)]

    server.resume()
    assert WAIT_SECONDS <= first < 1
    assert sum(others) < WAIT_SECONDS


def test_a_redis_that_hangs_is_asked_again_by_one_caller_at_a_time(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core_redis, "PAUSE_SECONDS", 0.3)
    client = client_for(server.url)
    server.pause()
    asked(client)
    time.sleep(0.4)

    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: asked(client)[0], range(8)))

    server.resume()
    assert sum(wait >= WAIT_SECONDS for wait in waits) == 1


def test_a_redis_that_was_restarted_is_found_without_being_told(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core_redis, "PAUSE_SECONDS", 0.2)
    client = client_for(server.url)
    client.set("key", 1)
    server.kill()
    asked(client)
    server.start()

    def answers() -> bool:
        try:
            return bool(client.set("key", 2))
        except RedisError:
            return False

    until(answers, "Redis is found again", 5)


def test_a_restart_between_two_calls_is_not_noticed(server: RedisServer) -> None:
    client = client_for(server.url)
    client.set("key", 1)
    server.kill()
    server.start()

    assert client.get("key") is None


def test_a_wrong_password_is_named_also_while_redis_is_not_asked(
    server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING", "apps")
    client = client_for(server.url.replace(PASSWORD, "wrong-secret"))

    errors = [asked(client)[1] for _ in range(2)]

    assert [type(error) for error in errors] == [AuthenticationError] * 2
    assert "AuthenticationError" in caplog.text
    assert "wrong-secret" not in caplog.text
    assert PASSWORD not in caplog.text


# --- what stands on it


@pytest.fixture
def usual(settings: Settings) -> Iterator[dict[str, Any]]:
    """Give back the usual caches before the test's own Redis ends."""
    before = settings.CACHES
    yield before
    settings.CACHES = before


@pytest.fixture
def caching(
    server: RedisServer, settings: Settings, usual: dict[str, Any]
) -> RedisServer:
    """Cache and keep sessions in this Redis."""
    settings.CACHES = usual | caches_redis(server.url)
    settings.SESSION_ENGINE = "apps.core.sessions"
    settings.SESSION_CACHE_ALIAS = "sessions"
    return server


def health() -> tuple[int, Any]:
    response = Client().get("/api/health/ready/")
    return response.status_code, response.json()


@pytest.mark.django_db
def test_health_names_a_wrong_password(
    server: RedisServer,
    settings: Settings,
    usual: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("WARNING", "apps")
    address = server.url.replace(PASSWORD, "wrong-secret")
    settings.CACHES = usual | caches_redis(address)

    status, body = health()

    assert (status, body["cache"]) == (503, "password refused")
    assert "refuses the password" in caplog.text
    assert "wrong-secret" not in caplog.text


@pytest.mark.django_db
def test_health_names_a_redis_that_is_away_and_the_process_is_alive(
    caching: RedisServer,
) -> None:
    assert health()[0] == 200
    caching.kill()

    status, body = health()

    alive = Client().get("/api/health/live/").status_code
    caching.start()
    assert (status, body["db"], body["cache"], alive) == (503, "ok", "failed", 200)


def session_made() -> SessionStore:
    session = SessionStore()
    session["who"] = "ada"
    session.save()
    return session


@pytest.mark.django_db
@pytest.mark.parametrize("away", ["kill", "pause"])
def test_without_redis_sessions_are_read_from_their_rows(
    caching: RedisServer, away: str
) -> None:
    session = session_made()
    getattr(caching, away)()

    started = time.monotonic()
    read = SessionStore(session.session_key)["who"]
    seconds = time.monotonic() - started

    caching.resume() if away == "pause" else caching.start()
    assert read == "ada"
    assert seconds < 10


@pytest.mark.django_db
def test_a_session_that_ended_does_not_come_back_with_redis(
    caching: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core_redis, "PAUSE_SECONDS", 0.1)
    client = Client(raise_request_exception=False)
    client.force_login(UserFactory.create())
    key = client.session.session_key
    # What a hang leaves behind: the copy is still there when Redis goes on.
    caching.pause()
    refused = client.post("/api/v1/auth/logout/")
    row_stays = Session.objects.filter(pk=key).exists()
    caching.resume()
    time.sleep(0.2)

    assert error_of(refused, 503).code == "cache_unavailable"
    assert row_stays
    assert client.get("/api/v1/auth/session/").json()["authenticated"]
    assert client.post("/api/v1/auth/logout/").status_code == 204
    assert not SessionStore(key).load()


@pytest.mark.django_db
def test_calls_counted_in_redis_never_exceed_the_limit(
    caching: RedisServer, settings: Settings
) -> None:
    rates = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]
    framework = {"DEFAULT_THROTTLE_RATES": rates | {"anon": "20/hour"}}
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | framework

    def allowed(_: int) -> bool:
        request = Request(RequestFactory().get("/"))
        request.user = AnonymousUser()
        return AnonThrottle().allow_request(request, APIView(headers={}))

    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(allowed, range(200)))

    cache: Any = caches["default"]
    (key,) = cache.keys("throttle_anon_*")
    assert sum(outcomes) == 20
    assert 0 < cache.ttl(key) <= 3600
