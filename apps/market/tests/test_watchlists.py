"""Watchlists: whose they are, what is on them, and their prices."""

from __future__ import annotations

import asyncio
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from apps.core.tests.answers import client_of, error_of
from apps.market.models import Watchlist, WatchlistItem
from apps.market.services import watchlists
from apps.market.services.venues import markets_refresh
from apps.market.tests.factories import user_make
from apps.market.tests.venues import FakeVenue, market

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries
    from rest_framework.test import APIClient

    from apps.stream.latest import LatestStore

pytestmark = pytest.mark.django_db
URL = "/api/v1/watchlists/"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def majors(client: APIClient) -> str:
    """A watchlist of three, by its address."""
    where = str(client.post(URL, {"name": "Majors"}).json()["_links"]["self"])
    for symbol in ("BTC/USDT", "ETH/USDT", "SOL/USDT"):
        add(client, where, symbol=symbol)
    return where


def add(client: APIClient, where: str, **item: Any) -> Any:
    return client.post(
        f"{where}items/", {"exchange": "binance", "symbol": "BTC/USDT", **item}
    )


def ticker(symbol: str, *, age: float = 0.0) -> bytes:
    received = timezone.now() - timedelta(seconds=age)
    told = {
        "symbol": symbol,
        "last": "100.5",
        "bid": "100.4",
        "ask": None,
        "bid_quantity": "2",
        "ask_quantity": None,
        "base_volume": "12.5",
        "venue_time": None,
        "received_at": received.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    return json.dumps(told).encode()


def symbols(client: APIClient, where: str) -> list[str]:
    return [one["symbol"] for one in client.get(where).json()["items"]]


def test_a_watchlist_is_made_read_renamed_and_deleted(client: APIClient) -> None:
    made = client.post(URL, {"name": "Majors"})
    assert made.status_code == 201
    where = made["Location"]
    assert client.get(where).json() == made.json()
    assert client.patch(where, {"name": "Old"}).json()["name"] == "Old"
    assert client.patch(where, {"name": "Old"}).status_code == 200
    assert [one["name"] for one in client.get(URL).json()["results"]] == ["Old"]
    assert client.delete(where).status_code == 204
    assert error_of(client.get(where), 404).code == "watchlist_not_found"


def test_two_watchlists_of_one_user_have_two_names(client: APIClient) -> None:
    client.post(URL, {"name": "Majors"})
    error = error_of(client.post(URL, {"name": "Majors"}), 409)
    assert (error.code, error.attr) == ("watchlist_name_taken", "name")
    other = client.post(URL, {"name": "Minors"}).json()["_links"]["self"]
    taken = error_of(client.patch(other, {"name": "Majors"}), 409)
    assert taken.code == "watchlist_name_taken"
    assert client_of(user_make()).post(URL, {"name": "Majors"}).status_code == 201


def test_items_are_kept_in_the_order_in_which_they_came(
    client: APIClient, majors: str
) -> None:
    assert symbols(client, majors) == ["BTC/USDT", "ETH/USDT", "SOL/USDT"]
    assert client.get(URL).json()["results"][0]["item_count"] == 3


def test_items_are_put_in_another_order(client: APIClient, majors: str) -> None:
    items = client.get(majors).json()["items"]
    order = [items[number]["id"] for number in (2, 0, 1)]
    answer = client.put(f"{majors}order/", {"items": order})
    assert [one["symbol"] for one in answer.json()["items"]] == [
        "SOL/USDT",
        "BTC/USDT",
        "ETH/USDT",
    ]
    add(client, majors, symbol="ADA/USDT")
    assert symbols(client, majors)[-1] == "ADA/USDT"


def test_an_order_that_is_not_of_all_items_once_is_refused(
    client: APIClient, majors: str
) -> None:
    ids = [one["id"] for one in client.get(majors).json()["items"]]
    for wrong in (ids[:2], [*ids, ids[0]], [*ids[:2], str(uuid.uuid4())]):
        error = error_of(client.put(f"{majors}order/", {"items": wrong}), 400)
        assert (error.code, error.attr) == ("watchlist_order_invalid", "items")
    assert symbols(client, majors) == ["BTC/USDT", "ETH/USDT", "SOL/USDT"]


def test_an_item_is_noted_on_and_removed(client: APIClient, majors: str) -> None:
    added = add(client, majors, symbol="ADA/USDT", note="later")
    assert (added.status_code, added.json()["note"]) == (201, "later")
    where = added["Location"]
    assert client.patch(where, {"note": ""}).json()["note"] == ""
    assert client.delete(where).status_code == 204
    assert error_of(client.delete(where), 404).code == "watchlist_item_not_found"
    assert symbols(client, majors) == ["BTC/USDT", "ETH/USDT", "SOL/USDT"]


def test_a_market_is_on_a_watchlist_once(client: APIClient, majors: str) -> None:
    error = error_of(add(client, majors), 409)
    assert (error.code, error.attr) == ("watchlist_item_taken", "symbol")
    assert add(client, majors, exchange="kraken").status_code == 201


def test_lists_and_items_are_bounded(
    client: APIClient, majors: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchlists, "MOST_ITEMS", 3)
    monkeypatch.setattr(watchlists, "MOST_WATCHLISTS", 1)
    full = add(client, majors, symbol="ADA/USDT")
    assert error_of(full, 409).code == "watchlist_full"
    assert error_of(client.post(URL, {"name": "x"}), 409).code == "watchlist_full"


def test_what_no_exchange_lists_is_refused_with_near_ones(
    client: APIClient, majors: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = error_of(add(client, majors, exchange="binanec"), 404)
    assert (error.code, error.attr) == ("exchange_unknown", "exchange")
    assert "binance" in error.detail
    # Until its markets were read, nobody knows better.
    assert add(client, majors, symbol="NEW/USDT").status_code == 201
    fake = FakeVenue()
    fake.listed["binance"] = [market("BTC/USDT"), market("ETH/BTC"), market("ETH/USD")]
    monkeypatch.setattr("apps.market.services.venues.market_data", fake)
    markets_refresh(exchange="binance", now=NOW)
    for given, near in (("btcusdt", "BTC/USDT"), ("ETH/USDC", "ETH/USD")):
        error = error_of(add(client, majors, symbol=given), 404)
        assert (error.code, error.attr) == ("symbol_unknown", "symbol")
        assert f"mean {near}" in error.detail


def test_prices_come_with_their_ages_and_null_where_there_is_none(
    client: APIClient, majors: str, live_store: LatestStore
) -> None:
    fresh = {"BTC/USDT": ticker("BTC/USDT"), "ETH/USDT": ticker("ETH/USDT", age=60)}
    asyncio.run(live_store.write("tickers:binance", fresh))
    answer = client.get(f"{majors}?prices=true")
    assert answer["Cache-Control"] == "no-store"
    btc, eth, sol = (one["ticker"] for one in answer.json()["items"])
    assert (btc["exchange"], btc["last"], btc["ask"]) == ("binance", "100.5", None)
    assert (btc["stale"], eth["stale"], sol) == (False, True, None)
    assert 0 <= btc["age_seconds"] < 30
    assert 60 <= eth["age_seconds"] < 90
    plain = client.get(majors)
    assert all(one["ticker"] is None for one in plain.json()["items"])


def test_another_users_watchlist_is_not_found(majors: str) -> None:
    other = client_of(user_make())
    watchlist, item = Watchlist.objects.get(), WatchlistItem.objects.first()
    assert item is not None
    calls = [
        other.get(majors),
        other.patch(majors, {"name": "mine"}),
        other.delete(majors),
        other.put(f"{majors}order/", {"items": [str(item.pk)]}),
        add(other, majors, symbol="ADA/USDT"),
        other.patch(f"{majors}items/{item.pk}/", {"note": "mine"}),
        other.delete(f"{majors}items/{item.pk}/"),
    ]
    assert [error_of(one, 404).code for one in calls] == ["watchlist_not_found"] * 7
    assert watchlist.items.count() == 3
    assert other.get(URL).json()["results"] == []


def test_reading_needs_as_many_queries_for_many_items_as_for_one(
    client: APIClient, majors: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        add(client, majors, symbol=f"C{number}/USDT")
        client.post(URL, {"name": f"list {number}"})
    with django_assert_num_queries(2):
        assert len(client.get(f"{majors}?prices=true").json()["items"]) == 23
    with django_assert_num_queries(1):
        assert len(client.get(URL).json()["results"]) == 20
