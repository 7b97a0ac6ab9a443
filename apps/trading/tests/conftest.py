from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rest_framework.test import APIClient

from apps.portfolio.tests.world import (
    account_make,
    deposit,
    live_store_make,
    market_make,
    price_put,
    user_make,
)
from apps.trading.tests.fake_venue import FakeVenue, venue_use

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django import Settings

    from apps.portfolio.models import Account
    from apps.stream.latest import LatestStore
    from apps.users.models import User


@pytest.fixture
def live_store(settings: Settings, tmp_path: Path) -> LatestStore:
    """Where live prices are, with nothing in it."""
    return live_store_make(settings, tmp_path)


@pytest.fixture
def priced(live_store: LatestStore) -> LatestStore:
    """One market, with a price of 100."""
    price_put("binance", "BTC/USDT", "99.99", "100")
    return live_store


@pytest.fixture
def trader(db: None, priced: LatestStore) -> User:
    """A person; a market with a price, and rules: steps of 0.001, ticks of 0.01."""
    market_make(step="0.001", min_quantity="0.001")
    return user_make()


@pytest.fixture
def account(trader: User) -> Account:
    """An account on paper with 10,000 USDT."""
    made = account_make(trader)
    deposit(made, "USDT", 10_000)
    return made


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeVenue:
    """A venue in memory, in the place of every other."""
    return venue_use(monkeypatch, FakeVenue())


@pytest.fixture
def client(trader: User) -> APIClient:
    """A client that is signed in as the trader."""
    signed_in = APIClient(raise_request_exception=False)
    signed_in.force_authenticate(trader)
    return signed_in
