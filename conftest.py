"""What every test stands on: no TLS, a data folder of its own, nothing remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.core.cache import caches

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django import Settings

    from apps.core.tests.bucket import Bucket
    from tests.exchange_server.fixtures import Served


def pytest_configure(config: pytest.Config) -> None:
    """Give each of several test processes a Redis database of its own: tests empty it."""
    worker = getattr(config, "workerinput", None)
    if worker is None:
        return
    number = 1 + int(worker["workerid"].removeprefix("gw"))
    for cache in django_settings.CACHES.values():
        if str(cache["LOCATION"]).startswith("redis"):
            address = urlsplit(cache["LOCATION"])
            base = int(address.path.strip("/") or 0)
            cache["LOCATION"] = address._replace(path=f"/{base + number}").geturl()


@pytest.fixture(autouse=True)
def _surroundings(settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.SECURE_SSL_REDIRECT = False
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    settings.S3_BUCKET = ""
    # Argon2 is slow on purpose; what is tested here is not the hash.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    _forget()
    yield
    _forget()


def _forget() -> None:
    for cache in caches.all():
        cache.clear()


@pytest.fixture(scope="session")
def bucket_server() -> Iterator[str]:
    """The address of a server that speaks S3."""
    # Only tests that ask for a bucket pay for boto3.
    from apps.core.tests.bucket import server_run  # noqa: PLC0415

    with server_run() as address:
        yield address


@pytest.fixture
def bucket(bucket_server: str, settings: Settings) -> Iterator[Bucket]:
    """An empty bucket, where files are stored from now on."""
    from apps.core.tests.bucket import bucket_made  # noqa: PLC0415

    with bucket_made(bucket_server, settings) as made:
        yield made


@pytest.fixture
def exchange_server() -> Iterator[Served]:
    """A loopback exchange in a thread of this process, new for each test."""
    # Only tests that ask for an exchange pay for it, here and below.
    from tests.exchange_server.fixtures import serve  # noqa: PLC0415

    with serve() as served:
        yield served


@pytest.fixture(scope="session")
def exchange_process() -> Iterator[Served]:
    """A loopback exchange in a program of its own, one for all: clear what you script."""
    from tests.exchange_server.fixtures import serve_process  # noqa: PLC0415

    with serve_process() as served:
        yield served
