from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from rest_framework.test import APIClient

from apps.engines import registry
from apps.exchanges.registry import exchanges_close
from apps.market.services.backfill_run import BackfillWork
from apps.market.tests.backfills import BEGIN, after
from apps.market.tests.captures import CALL, FakeReader
from apps.market.tests.exchange import QUICK
from apps.market.tests.factories import user_make
from apps.market.tests.venue import fetch
from apps.stream.latest import latest_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_django import Settings

    from apps.market.tests.backfills import Venue
    from apps.stream.latest import LatestStore
    from apps.users.models import User
    from tests.exchange_server.fixtures import Served


@pytest.fixture
def data_dir(settings: Settings) -> Path:
    """The data directory, which is the test's own."""
    folder: Path = settings.DATA_DIR
    return folder


@pytest.fixture
def actor(db: None) -> User:
    """A person with data."""
    return user_make()


@pytest.fixture
def client(actor: User) -> APIClient:
    """A client that is signed in as `actor`."""
    signed_in = APIClient(raise_request_exception=False)
    signed_in.force_authenticate(actor)
    return signed_in


@pytest.fixture
def live_store(settings: Settings, tmp_path: Path) -> LatestStore:
    """Where live prices are, with nothing in it."""
    # Files of the test's own; where it is Redis, each test process has its own database.
    settings.CACHE_DIR = tmp_path / "cache"
    store = latest_store()
    for kind in ("tickers", "books", "trades"):
        store.forget(f"{kind}:binance")
    for name in ("exchanges", "feed"):
        store.forget(f"status:{name}")
    return store


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> FakeReader:
    """An engine that counts as installed and reads any file."""
    fake = FakeReader()
    monkeypatch.setattr(CALL, fake)
    monkeypatch.setattr(registry, "version_of", lambda _: "1")
    return fake


@pytest.fixture
def venue(exchange_server: Served, settings: Settings) -> Iterator[Served]:
    """A loopback exchange that stands in for Binance, for the real ccxt client."""
    settings.EXCHANGE_ENDPOINTS = {"binance": exchange_server.url}
    settings.EXCHANGE_RATE_LIMITS = False
    exchanges_close()
    yield exchange_server
    exchanges_close()


@pytest.fixture
def filled(
    monkeypatch: pytest.MonkeyPatch, actor: User
) -> Callable[..., dict[str, Any]]:
    """Fetches hours from a venue, from START on."""

    def fill(found: Venue, hours: int | None, **changes: Any) -> dict[str, Any]:
        monkeypatch.setattr(
            "apps.market.services.backfill.market_data", lambda _: found
        )
        asked = {"start": BEGIN, "end": None if hours is None else after(hours)}
        return fetch(actor, work=BackfillWork(patience=QUICK), **asked | changes)

    return fill
