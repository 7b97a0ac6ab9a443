"""Live prices over HTTP: as they were written, with their age, or why there are none."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from apps.core.tests.answers import error_of
from apps.market.models import LiveDemand
from apps.market.services import prices
from apps.market.services.venues import markets_refresh
from apps.market.tests.test_watchlists import ticker
from apps.market.tests.venues import FakeVenue, market
from apps.stream.errors import LiveUnavailable
from apps.stream.latest import latest_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django import DjangoAssertNumQueries, Settings
    from rest_framework.test import APIClient

    from apps.stream.latest import LatestStore

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("live_store")]
URL = "/api/v1/exchanges/binance/"
BTC = f"{URL}ticker/?symbol=BTC/USDT"


def write(channel: str, **bodies: bytes) -> None:
    asyncio.run(latest_store().write(channel, bodies))


def tickers_write(*symbols: str, age: float = 0.0) -> None:
    bodies = {symbol: ticker(symbol, age=age) for symbol in symbols}
    write("tickers:binance", **bodies)


def moment(age: float = 0.0) -> str:
    at = timezone.now() - timedelta(seconds=age)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def status_write(exchange: str = "binance", *, age: float = 0.0, **told: Any) -> None:
    """Write how an exchange is, as the feed would."""
    body = {
        "exchange": exchange,
        "reachable": True,
        "latency_seconds": 0.05,
        "clock_skew_seconds": 0.001,
        "circuit": "closed",
        "message": "",
        "at": moment(age),
        "feed": {},
        **told,
    }
    write("status:exchanges", **{exchange: json.dumps(body).encode()})


def lives(*, age: float = 0.0) -> None:
    """Say that a feed lives, as it would."""
    body = {"holder": "here:1", "at": moment(age), "exchanges": []}
    write("status:feed", feed=json.dumps(body).encode())


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prices, "LONGEST_WAIT", 0.3)


@pytest.fixture
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a call that waits."""

    def nap(_: float) -> None:
        msg = "it waited"
        raise AssertionError(msg)

    monkeypatch.setattr(prices, "_nap", nap)


def later(act: Callable[[], None], seconds: float = 0.1) -> threading.Timer:
    timer = threading.Timer(seconds, act)
    timer.start()
    return timer


# --- a ticker


def test_a_ticker_is_sent_as_it_was_received_with_its_age(client: APIClient) -> None:
    tickers_write("BTC/USDT")
    answer = client.get(BTC)
    body = answer.json()
    assert answer["Cache-Control"] == "no-store"
    assert (body["exchange"], body["symbol"], body["last"]) == (
        "binance",
        "BTC/USDT",
        "100.5",
    )
    assert body["ask"] is None
    assert 0 <= body["age_seconds"] < 30
    assert body["stale"] is False


def test_an_old_ticker_is_sent_and_said_to_be_stale(
    client: APIClient, settings: Settings
) -> None:
    settings.LIVE_STALE_SECONDS = 3
    tickers_write("BTC/USDT", age=4)
    body = client.get(BTC).json()
    assert 4 <= body["age_seconds"] < 30
    assert body["stale"] is True


def test_a_clock_that_is_ahead_makes_no_age_below_zero(client: APIClient) -> None:
    tickers_write("BTC/USDT", age=-30)
    assert client.get(BTC).json()["age_seconds"] == 0


def test_asking_has_a_market_held_fresh_for_a_minute(client: APIClient) -> None:
    tickers_write("BTC/USDT")
    client.get(BTC)
    wanted = LiveDemand.objects.get()
    assert (wanted.exchange, wanted.kind, wanted.symbol) == (
        "binance",
        "tickers",
        "BTC/USDT",
    )
    assert 30 < (wanted.until - timezone.now()).total_seconds() < 61


def test_asking_again_and_again_writes_it_down_once(
    client: APIClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    tickers_write("BTC/USDT")
    client.get(BTC)
    with django_assert_num_queries(0):
        for _ in range(5):
            assert client.get(BTC).status_code == 200


def test_a_first_ask_waits_a_moment_where_the_feed_lives(client: APIClient) -> None:
    lives()
    timer = later(lambda: tickers_write("BTC/USDT"))
    answer = client.get(BTC)
    timer.join()
    assert (answer.status_code, answer.json()["stale"]) == (200, False)


def test_what_is_old_on_a_first_ask_is_waited_for_too(client: APIClient) -> None:
    lives()
    tickers_write("BTC/USDT", age=3_600)
    timer = later(lambda: tickers_write("BTC/USDT"))
    body = client.get(BTC).json()
    timer.join()
    assert body["stale"] is False
    assert body["age_seconds"] < 30


@pytest.mark.usefixtures("no_wait")
def test_nobody_waits_where_nothing_holds_prices_fresh(client: APIClient) -> None:
    lives(age=60)
    answer = client.get(BTC)
    error = error_of(answer, 503)
    assert (error.code, error.attr) == ("price_not_live", "symbol")
    assert "manage.py run_streams" in error.detail
    assert int(answer["Retry-After"]) > 0
    assert LiveDemand.objects.count() == 1


def test_who_waited_in_vain_is_told_to_come_back_and_does_not_wait_again(
    client: APIClient, request: pytest.FixtureRequest
) -> None:
    lives()
    begun = time.monotonic()
    error = error_of(client.get(BTC), 503)
    assert time.monotonic() - begun >= prices.LONGEST_WAIT
    assert error.code == "price_not_live"
    assert "run_streams" not in error.detail
    request.getfixturevalue("no_wait")
    assert error_of(client.get(BTC), 503).code == "price_not_live"


@pytest.mark.usefixtures("no_wait")
def test_only_so_many_wait_at_once(
    client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives()
    monkeypatch.setattr(prices, "_seats", threading.BoundedSemaphore(1))
    assert prices._seats.acquire(blocking=False)
    assert error_of(client.get(BTC), 503).code == "price_not_live"


def test_what_the_feed_knows_of_a_symbol_or_an_exchange_is_told(
    client: APIClient,
) -> None:
    lives()
    status_write(feed={"refused": {"BTC/USDT": "binance has no market 'BTC/USDT'"}})
    assert "has no market" in error_of(client.get(BTC), 503).detail
    status_write(message="it does not answer", reachable=False)
    assert "it does not answer" in error_of(client.get(BTC), 503).detail
    status_write(message="it did not answer", reachable=False, age=60)
    assert "did not answer" not in error_of(client.get(BTC), 503).detail


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"symbol": "BTC/USDT"}', b"null"])
def test_what_cannot_be_read_counts_as_not_there(
    client: APIClient, body: bytes
) -> None:
    write("tickers:binance", **{"BTC/USDT": body})
    assert error_of(client.get(BTC), 503).code == "price_not_live"


@pytest.mark.parametrize(
    ("path", "status", "code", "attr"),
    [
        ("binance/ticker/", 400, "required", "symbol"),
        ("binance/ticker/?symbol=", 400, "blank", "symbol"),
        (f"binance/ticker/?symbol={'X' * 129}", 400, "max_length", "symbol"),
        ("binance/ticker/?symbol=BTC/USDT&speed=9", 400, "invalid", "speed"),
        ("binanec/ticker/?symbol=BTC/USDT", 404, "exchange_unknown", "exchange"),
        ("binance/order-book/?symbol=BTC/USDT&depth=51", 400, "max_value", "depth"),
        ("binance/order-book/?symbol=BTC/USDT&depth=0", 400, "min_value", "depth"),
        ("binance/trades/?symbol=BTC/USDT&limit=101", 400, "max_value", "limit"),
        ("binance/tickers/?symbols=,", 400, "symbols_too_many", "symbols"),
        (f"binance/tickers/?symbols=A/B,{'X' * 129}", 400, "max_length", "symbols"),
        (
            "binance/tickers/?symbols=A/B%00",
            400,
            "null_characters_not_allowed",
            "symbols",
        ),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(
    client: APIClient, path: str, status: int, code: str, attr: str
) -> None:
    error = error_of(client.get(f"/api/v1/exchanges/{path}"), status)
    assert (error.code, error.attr) == (code, attr)
    assert not LiveDemand.objects.exists()


def test_a_symbol_that_is_not_listed_is_refused_with_near_ones_and_not_asked_for(
    client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeVenue()
    fake.listed["binance"] = [market("BTC/USDT"), market("ETH/USDT")]
    monkeypatch.setattr("apps.market.services.venues.market_data", fake)
    markets_refresh(exchange="binance", now=datetime(2026, 1, 1, tzinfo=UTC))
    error = error_of(client.get(f"{URL}ticker/?symbol=BTC-USDT"), 404)
    assert (error.code, error.attr) == ("symbol_unknown", "symbol")
    assert "BTC/USDT" in error.detail
    assert not LiveDemand.objects.exists()


def test_a_store_that_is_out_of_reach_is_unavailable(
    client: APIClient, live_store: LatestStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        msg = "the store does not answer"
        raise LiveUnavailable(msg)

    monkeypatch.setattr(type(live_store), "read", fail)
    assert error_of(client.get(BTC), 503).code == "live_unavailable"


# --- several


def test_tickers_come_in_the_order_asked_for_each_with_its_error(
    client: APIClient,
) -> None:
    tickers_write("BTC/USDT", "ETH/USDT")
    url = f"{URL}tickers/?symbols=ETH/USDT,NEW/USDT,BTC/USDT,ETH/USDT"
    answer = client.get(url)
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    eth, new, btc = answer.json()["results"]
    assert (eth["symbol"], eth["ticker"]["symbol"], eth["error"]) == (
        "ETH/USDT",
        "ETH/USDT",
        None,
    )
    assert (new["ticker"], new["error"]["code"]) == (None, "price_not_live")
    assert btc["ticker"]["last"] == "100.5"
    assert LiveDemand.objects.count() == 3


def test_two_hundred_tickers_are_read_at_once_and_no_more(
    client: APIClient, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    names = [f"C{number}/USDT" for number in range(200)]
    tickers_write(*names)
    with django_assert_max_num_queries(6):
        answer = client.get(f"{URL}tickers/?symbols={','.join(names)}")
    assert len(answer.json()["results"]) == 200
    more = client.get(f"{URL}tickers/?symbols={','.join([*names, 'X/USDT'])}")
    assert error_of(more, 400).code == "symbols_too_many"


# --- books and trades


def test_an_order_book_is_cut_to_the_depth_asked_for(client: APIClient) -> None:
    levels = [[f"{100 - number}", "1"] for number in range(50)]
    body = {
        "symbol": "BTC/USDT:USDT",
        "bids": levels,
        "asks": levels[:3],
        "sequence": 7,
        "venue_time": None,
        "received_at": moment(),
        "resyncs": 0,
    }
    write("books:binance", **{"BTC/USDT:USDT": json.dumps(body).encode()})
    url = f"{URL}order-book/?symbol=BTC/USDT:USDT"
    found = client.get(f"{url}&depth=5").json()
    assert (found["bids"], found["asks"]) == (levels[:5], levels[:3])
    assert (found["sequence"], found["stale"]) == (7, False)
    assert len(client.get(url).json()["bids"]) == 20
    assert LiveDemand.objects.get().kind == "books"


def test_the_latest_trades_are_sent_oldest_first(client: APIClient) -> None:
    trades = [
        {"id": str(n), "time": moment(), "price": "1", "quantity": "2", "side": "buy"}
        for n in range(100)
    ]
    body = {"symbol": "BTC/USDT", "trades": trades, "received_at": moment()}
    write("trades:binance", **{"BTC/USDT": json.dumps(body).encode()})
    found = client.get(f"{URL}trades/?symbol=BTC/USDT&limit=3").json()
    assert [one["id"] for one in found["trades"]] == ["97", "98", "99"]
    assert found["stale"] is False


# --- how an exchange is


def test_the_status_is_what_the_feed_told_last_with_its_age(client: APIClient) -> None:
    status_write(age=2, reachable=False, circuit="open", message="it does not answer")
    answer = client.get(f"{URL}status/")
    body = answer.json()
    assert answer["Cache-Control"] == "no-store"
    assert (body["reachable"], body["circuit"]) == (False, "open")
    assert 2 <= body["age_seconds"] < 30
    assert body["stale"] is False
    assert LiveDemand.objects.get().kind == "status"


def test_an_exchange_that_nobody_watches_is_asked_for(client: APIClient) -> None:
    answer = client.get(f"{URL}status/")
    error = error_of(answer, 503)
    assert error.code == "status_not_live"
    assert "manage.py run_streams" in error.detail
    assert int(answer["Retry-After"]) > 0
    lives()
    again = error_of(client.get(f"{URL}status/"), 503)
    assert "run_streams" not in again.detail


def test_the_status_of_no_exchange_is_not_found(client: APIClient) -> None:
    error = error_of(client.get("/api/v1/exchanges/nowhere/status/"), 404)
    assert error.code == "exchange_unknown"


@pytest.mark.parametrize(
    "path", ["ticker/?symbol=A/B", "tickers/?symbols=A/B", "order-book/?symbol=A/B"]
)
def test_nobody_is_served_without_signing_in(client: APIClient, path: str) -> None:
    client.force_authenticate(None)
    assert client.get(f"{URL}{path}").status_code in {401, 403}
