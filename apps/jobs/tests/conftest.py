"""Both carriers, each with what it carries in a place of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

import pytest
from django.conf import settings as installed
from django_tasks_db.models import DBTaskResult
from pydantic import SecretStr
from redis import Redis

from apps.jobs.enums import JobQueue
from apps.jobs.tests.redis_server import BINARY, RedisServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import Settings


class Parcels(Protocol):
    """What is on its way."""

    def count(self) -> int:
        """Return how many there are."""
        ...

    def lose(self) -> None:
        """Lose them all."""
        ...


class DatabaseParcels:
    """The rows of `django.tasks`."""

    def count(self) -> int:
        """Return how many there are."""
        return DBTaskResult.objects.count()

    def lose(self) -> None:
        """Lose them all."""
        DBTaskResult.objects.all().delete()


class CeleryParcels:
    """The lists in Redis."""

    def __init__(self, url: str, prefix: str) -> None:
        self.redis = Redis.from_url(url)
        self.prefix = prefix

    def count(self) -> int:
        """Return how many there are."""
        keys = [self.prefix + queue for queue in JobQueue.values]
        return sum(int(self.redis.llen(key)) for key in keys)

    def lose(self) -> None:
        """Lose them all."""
        for key in self.redis.scan_iter(f"{self.prefix}*"):
            self.redis.delete(key)


@pytest.fixture(scope="session")
def broker_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis: one of our own, which nobody empties, else the one that is configured."""
    if BINARY:
        with RedisServer(tmp_path_factory.mktemp("redis")) as server:
            yield server.url
    elif installed.JOBS_REDIS_URL:
        yield installed.JOBS_REDIS_URL.get_secret_value()
    else:
        pytest.skip("Celery needs Redis: no redis-server here, and REDIS_URL is unset")


@pytest.fixture
def celery(broker_url: str, settings: Settings) -> Iterator[CeleryParcels]:
    """Have Celery carry the jobs."""
    settings.JOBS_BACKEND = "celery"
    settings.JOBS_REDIS_URL = SecretStr(broker_url)
    settings.JOBS_REDIS_PREFIX = f"test-{uuid4()}:"
    parcels = CeleryParcels(broker_url, settings.JOBS_REDIS_PREFIX)
    yield parcels
    parcels.lose()
    parcels.redis.close()


@pytest.fixture(params=["database", "celery"])
def carrier(request: pytest.FixtureRequest, settings: Settings) -> Parcels:
    """Have each of the carriers carry the jobs."""
    if request.param == "celery":
        parcels: CeleryParcels = request.getfixturevalue("celery")
        return parcels
    settings.JOBS_BACKEND = "database"
    return DatabaseParcels()
