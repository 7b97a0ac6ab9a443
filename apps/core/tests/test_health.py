"""Probes: what they ask, what they tell, and that they always answer."""

from __future__ import annotations

import asyncio
import threading
import time
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

import pytest
from django.core.cache import cache
from django.db import DatabaseError, OperationalError
from django.test import AsyncClient, Client
from django.urls import resolve
from redis.exceptions import ConnectionError as RedisConnectionError

from apps.core import health

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "hunter2"  # noqa: S105
PROBES = ["/api/health/", "/api/health/ready/", "/api/health/live/"]

pytestmark = pytest.mark.django_db


class BrokenConnection:
    """A database connection that fails when it is asked."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def cursor(self) -> None:
        """Fail."""
        raise self._error

    def close(self) -> None:
        """Have nothing to close."""


class HungConnection:
    """A database connection that does not answer before it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def cursor(self) -> None:
        """Wait, and then fail."""
        # The test's loop waits for its threads at the end, as a server's never does.
        self.let_go.wait(3)
        raise OperationalError

    def close(self) -> None:
        """Have nothing to close."""


@pytest.fixture
def hung(monkeypatch: pytest.MonkeyPatch) -> Iterator[HungConnection]:
    connection = HungConnection()
    monkeypatch.setattr(health, "connection", connection)
    monkeypatch.setattr(health, "CHECK_SECONDS", 0.05)
    yield connection
    connection.let_go.set()


def cache_fails(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise error

    monkeypatch.setattr(cache, "set", refuse)


def test_a_well_service_is_200_and_says_what_was_asked() -> None:
    response = Client().get("/api/health/")

    assert response.status_code == 200
    assert response.json() == {"status": "healthy", "db": "ok", "cache": "ok"}


@pytest.mark.parametrize("error", [OperationalError(SECRET), DatabaseError(SECRET)])
def test_a_database_that_fails_is_named_without_its_internals(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(health, "connection", BrokenConnection(error))

    response = Client().get("/api/health/")

    assert response.status_code == 503
    assert response.json() == {"status": "unhealthy", "db": "failed", "cache": "ok"}


@pytest.mark.parametrize("error", [RedisConnectionError(SECRET), OSError(SECRET)])
def test_a_cache_that_fails_is_named_without_its_internals(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    cache_fails(monkeypatch, error)

    response = Client().get("/api/health/")

    assert response.status_code == 503
    assert response.json() == {"status": "unhealthy", "db": "ok", "cache": "failed"}


def test_a_cache_that_forgets_at_once_has_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cache, "get", {}.get)

    assert Client().get("/api/health/").json()["cache"] == "failed"


def test_both_are_named_when_both_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "connection", BrokenConnection(OperationalError()))
    cache_fails(monkeypatch, RedisConnectionError())

    body = Client().get("/api/health/").json()

    assert body == {"status": "unhealthy", "db": "failed", "cache": "failed"}


@pytest.mark.usefixtures("hung")
def test_a_database_that_hangs_has_timed_out() -> None:
    response = Client().get("/api/health/")

    assert response.status_code == 503
    assert response.json()["db"] == "timed out"


def test_the_answer_does_not_wait_for_what_hangs(hung: HungConnection) -> None:
    async def timed() -> tuple[float, dict[str, str]]:
        started = time.perf_counter()
        outcome = await health.health_check()
        seconds = time.perf_counter() - started
        hung.let_go.set()
        return seconds, outcome

    seconds, outcome = asyncio.run(timed())

    assert outcome == {"db": "timed out", "cache": "ok"}
    assert seconds < 2


def test_the_process_itself_is_alive_whatever_it_stands_on_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "connection", BrokenConnection(OperationalError()))

    response = Client().get("/api/health/live/")

    assert (response.status_code, response.json()) == (200, {"status": "alive"})


@pytest.mark.parametrize("where", PROBES)
def test_probes_are_coroutines_because_they_only_wait(where: str) -> None:
    view = resolve(where).func

    assert iscoroutinefunction(view)


@pytest.mark.parametrize("where", PROBES)
def test_probes_answer_an_event_loop(where: str) -> None:
    async def ask() -> int:
        response = await AsyncClient().get(where)
        return response.status_code

    assert asyncio.run(ask()) == 200


@pytest.mark.parametrize("where", PROBES[:2])
def test_an_answer_is_never_taken_from_a_cache(where: str) -> None:
    assert Client().get(where)["Cache-Control"] == "no-store"


@pytest.mark.parametrize("where", PROBES)
def test_probes_are_not_sent_to_https(where: str, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True

    assert Client().get(where).status_code == 200
