"""A loopback exchange for tests of live accounts, and what is left behind of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apps.exchanges.registry import exchanges_close
from apps.portfolio import live_clients
from apps.portfolio.tests.factories import WITH_ALL_KEYS, live_settings
from tests.exchange_server.fixtures import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import Settings

    from tests.exchange_server.fixtures import Served


@pytest.fixture(scope="module")
def venue_running() -> Iterator[Served]:
    """An exchange with keys of every kind, one for the tests of a file."""
    with serve(WITH_ALL_KEYS) as served:
        yield served


@pytest.fixture
def venue(venue_running: Served, settings: Settings) -> Iterator[Served]:
    """The exchange, in which everything goes well, in the place of Binance."""
    venue_running.faults_clear()
    venue_running.clock_set(skew_seconds=0)
    live_settings(settings, venue_running)
    live_clients._opened.clear()
    yield venue_running
    venue_running.faults_clear()
    venue_running.clock_set(skew_seconds=0)
    exchanges_close()
