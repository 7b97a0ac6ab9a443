"""Live prices over HTTP where as many are held fresh as may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from apps.core.tests.answers import error_of
from apps.market.models import LiveDemand
from apps.market.services.demand import demand_want
from apps.market.tests.test_live_api import BTC, URL, lives, tickers_write

if TYPE_CHECKING:
    from pytest_django import Settings
    from rest_framework.test import APIClient

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("live_store")]


@pytest.fixture(autouse=True)
def _full(settings: Settings) -> None:
    settings.LIVE_SYMBOLS_PER_EXCHANGE = 1
    now = timezone.now()
    demand_want(exchange="binance", kind="tickers", symbols=["ETH/USDT"], now=now)
    lives()


def test_a_price_that_is_there_is_answered_with_its_age(client: APIClient) -> None:
    tickers_write("BTC/USDT", age=3_600)
    for _ in range(2):
        body = client.get(BTC).json()
        assert (body["symbol"], body["stale"]) == ("BTC/USDT", True)
    assert LiveDemand.objects.get().symbol == "ETH/USDT"


def test_where_there_is_none_it_is_said_at_once_that_there_is_no_room(
    client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nap(_: float) -> None:
        msg = "it waited"
        raise AssertionError(msg)

    monkeypatch.setattr("apps.market.services.prices._nap", nap)
    for _ in range(2):
        error = error_of(client.get(BTC), 429)
        assert (error.code, error.attr) == ("live_symbols_too_many", "symbol")
        assert "LIVE_SYMBOLS_PER_EXCHANGE" in error.detail


def test_of_several_each_is_answered_as_far_as_it_can_be(client: APIClient) -> None:
    tickers_write("ETH/USDT", "BTC/USDT")
    answer = client.get(f"{URL}tickers/?symbols=ETH/USDT,BTC/USDT,NEW/USDT")
    eth, btc, new = answer.json()["results"]
    assert (eth["error"], btc["error"]) == (None, None)
    assert (new["ticker"], new["error"]["code"]) == (None, "live_symbols_too_many")


def test_when_there_is_room_again_it_is_held_fresh(
    client: APIClient, settings: Settings
) -> None:
    tickers_write("BTC/USDT")
    client.get(BTC)
    settings.LIVE_SYMBOLS_PER_EXCHANGE = 2
    client.get(BTC)
    assert LiveDemand.objects.filter(symbol="BTC/USDT").exists()
