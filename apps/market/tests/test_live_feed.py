"""The feed process in one loop, on a loopback exchange, with the real ccxt.pro."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from apps.exchanges.registry import exchanges_close
from apps.market.enums import LiveKind
from apps.market.errors.live import PriceStale
from apps.market.live import feed as feed_module, leases as leases_module
from apps.market.live.feed import Feed, FeedOptions
from apps.market.models import FeedLease, LiveDemand, Watchlist, WatchlistItem
from apps.market.selectors import live as live_selectors
from apps.market.selectors.demand import wanted_read
from apps.market.services.demand import demand_forget, demand_want
from apps.market.services.feed_leases import feed_lease_release, feed_lease_take
from apps.market.tests.factories import user_make

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pytest_django import Settings

    from tests.exchange_server.fixtures import Served

# Threads of their own use the database.
pytestmark = pytest.mark.django_db(transaction=True)
BTC, ETH = "BTC/USDT", "ETH/USDT"


class MemoryStore:
    """The latest, in this process."""

    def __init__(self) -> None:
        self.bodies: dict[str, dict[str, bytes]] = {}
        self.writes = 0

    async def write(self, channel: str, values: Mapping[str, bytes]) -> None:
        self.writes += 1
        self.bodies.setdefault(channel, {}).update(values)

    def read(self, topics: Sequence[str]) -> dict[str, bytes]:
        found = {}
        for topic in topics:
            kind, exchange, symbol = topic.split(":", 2)
            body = self.bodies.get(f"{kind}:{exchange}", {}).get(symbol)
            if body is not None:
                found[topic] = body
        return found

    def read_channel(self, channel: str) -> dict[str, bytes]:
        return dict(self.bodies.get(channel, {}))

    def body(self, channel: str, symbol: str) -> dict[str, Any] | None:
        raw = self.bodies.get(channel, {}).get(symbol)
        return None if raw is None else json.loads(raw)


@pytest.fixture
def served(exchange_server: Served, settings: Settings) -> Iterator[Served]:
    """A loopback exchange that the service takes for Binance."""
    settings.EXCHANGE_ENDPOINTS = {"binance": exchange_server.url}
    settings.EXCHANGE_RATE_LIMITS = False
    settings.EXCHANGE_TIMEOUT_SECONDS = 3.0
    yield exchange_server
    exchanges_close()


@contextmanager
def feeding(store: MemoryStore, name: str = "one", **options: Any) -> Iterator[Feed]:
    """Run a feed in a thread for as long as the block lasts."""
    made = Feed(store, FeedOptions(holder=name, **options))  # type: ignore[arg-type]
    ready, ended = threading.Event(), threading.Event()
    loops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def work() -> None:
        stop = asyncio.Event()
        loops.append((asyncio.get_running_loop(), stop))
        ready.set()
        await made.run(stop)

    def run() -> None:
        try:
            asyncio.run(work())
        finally:
            ended.set()

    thread = threading.Thread(target=run, name=f"feed-{name}")
    thread.start()
    assert ready.wait(10)
    try:
        yield made
    finally:
        loop, stop = loops[0]
        if not ended.is_set():
            loop.call_soon_threadsafe(stop.set)
        began = time.monotonic()
        thread.join(20)
        assert not thread.is_alive()
        assert time.monotonic() - began < 15


def until(found: Callable[[], Any], seconds: float = 25.0) -> Any:
    """Wait for something to be true, and return it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = found()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(found)


def want(*symbols: str, kind: str = "tickers", seconds: float = 60) -> dict[str, Any]:
    return demand_want(
        exchange="binance",
        kind=kind,
        symbols=symbols,
        now=timezone.now(),
        seconds=seconds,
    )


def streams_heard(served: Served) -> set[str]:
    assert served.exchange is not None
    return {one for one in served.exchange.broadcast.streams() if "@" in one}


def test_what_is_wanted_is_held_fresh_and_what_is_not_is_let_go(served: Served) -> None:
    assert served.exchange is not None
    live = served.exchange.live(served.exchange.market("BTCUSDT"))
    live.price_set(Decimal("64123.45"))
    store = MemoryStore()
    want(BTC)
    want(ETH, seconds=8)
    want(BTC, kind="books")
    want(BTC, kind="trades")
    with feeding(store):
        ticker = until(lambda: store.body("tickers:binance", BTC))
        assert ticker["last"] == "64123.45000000"
        assert ticker["bid"] == "64123.44000000"
        assert ticker["received_at"].endswith("Z")
        book = until(lambda: store.body("books:binance", BTC))
        assert len(book["bids"]) == len(book["asks"]) == 50
        assert Decimal(book["bids"][0][0]) < Decimal(book["asks"][0][0])
        trades = until(lambda: store.body("trades:binance", BTC))
        assert trades["trades"][0]["side"] in {"buy", "sell"}
        until(lambda: store.body("tickers:binance", ETH))
        assert "ethusdt@ticker" in streams_heard(served)
        LiveDemand.objects.filter(kind=LiveKind.BOOKS).delete()
        until(lambda: not any("@depth" in one for one in streams_heard(served)))
        status = until(lambda: store.body("status:exchanges", "binance"))
        assert status["reachable"]
        assert status["feed"]["channels"]["tickers"]["wanted"] >= 1
        LiveDemand.objects.all().delete()
        until(lambda: not streams_heard(served))


def test_a_watchlist_is_held_fresh(served: Served) -> None:
    watchlist = Watchlist.objects.create(owner=user_make(), name="mine")
    WatchlistItem.objects.create(
        watchlist=watchlist, exchange="binance", symbol=ETH, position=0
    )
    store = MemoryStore()
    with feeding(store):
        until(lambda: store.body("tickers:binance", ETH))


def test_an_unknown_symbol_holds_up_no_other_and_is_told(served: Served) -> None:
    want(BTC, "FOO/USDT", "BAR/USDT")
    store = MemoryStore()
    with feeding(store):
        until(lambda: store.body("tickers:binance", BTC))

        def refused() -> Any:
            status = store.body("status:exchanges", "binance")
            return status and status["feed"]["refused"]

        assert set(until(refused)) == {"FOO/USDT", "BAR/USDT"}


def test_an_exchange_without_streams_is_asked_over_rest(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(exchange: str, config: object) -> None:
        raise feed_errors.ExchangeUnsupported("it has no streams")

    from apps.exchanges import errors as feed_errors  # noqa: PLC0415

    monkeypatch.setattr(feed_module, "stream_open", none)
    want(BTC, ETH)
    want(BTC, kind="books")
    want(BTC, kind="trades")
    store = MemoryStore()
    with feeding(store):
        until(lambda: store.body("tickers:binance", BTC))
        until(lambda: store.body("tickers:binance", ETH))
        assert len(until(lambda: store.body("books:binance", BTC))["bids"]) == 50
        until(lambda: store.body("trades:binance", BTC))
    assert streams_heard(served) == set()
    # Two calls a second, and the status now and then.
    asked = [one for one in served.requests() if "time" not in one["path"]]
    assert len(asked) < 60


def test_the_feed_goes_on_through_an_outage_of_the_database(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    want(BTC)
    store = MemoryStore()
    with feeding(store):
        first = until(lambda: store.body("tickers:binance", BTC))

        def down(**arguments: Any) -> None:
            raise OperationalError("the database is away")

        monkeypatch.setattr(leases_module, "feed_lease_take", down)
        time.sleep(1.0)
        later = until(lambda: store.body("tickers:binance", BTC) != first)
        assert later
        monkeypatch.undo()
        want(ETH)
        until(lambda: store.body("tickers:binance", ETH))


def test_a_second_feed_stands_by_and_takes_over(served: Served) -> None:
    want(BTC)
    first, second = MemoryStore(), MemoryStore()
    told: list[str] = []
    with feeding(second, "second", only=("kraken",)):
        pass
    with feeding(first, "first"):
        until(lambda: first.body("tickers:binance", BTC))
        with feeding(second, "second", tell=told.append):
            until(lambda: any("standing by" in line for line in told))
            time.sleep(1.0)
            assert second.body("tickers:binance", BTC) is None
            assert FeedLease.objects.get().holder == "first"
    with feeding(second, "second", tell=told.append):
        until(lambda: second.body("tickers:binance", BTC), 10)


def test_a_lease_is_taken_over_only_when_it_is_over() -> None:
    now = timezone.now()
    assert feed_lease_take(exchanges=["a", "b"], holder="one", now=now) == {"a", "b"}
    assert feed_lease_take(exchanges=["a", "c"], holder="two", now=now) == {"c"}
    later = now + timedelta(seconds=4)
    assert feed_lease_take(exchanges=["a"], holder="one", now=later) == {"a"}
    at_last = now + timedelta(seconds=6)
    assert feed_lease_take(exchanges=["a", "b"], holder="two", now=at_last) == {"b"}
    feed_lease_release(holder="one")
    assert feed_lease_take(exchanges=["a"], holder="two", now=at_last) == {"a"}


def test_demand_is_bounded_renewed_and_forgotten(settings: Settings) -> None:
    settings.LIVE_SYMBOLS_PER_EXCHANGE = 3
    now = timezone.now()
    want("A/B", "C/D", "E/F")
    want("A/B", "C/D", "E/F")
    refused = want("A/B", "G/H")
    assert set(refused) == {"G/H"}
    assert "LIVE_SYMBOLS_PER_EXCHANGE" in refused["G/H"].message
    want("G/H", kind="books")
    assert wanted_read(now=now)["binance"].tickers == ["A/B", "C/D", "E/F"]
    later = now + timedelta(seconds=61)
    assert wanted_read(now=later) == {}
    assert demand_forget(now=later) == 4


def test_a_stale_price_is_an_error_to_who_would_trade(
    live_store: Any, settings: Settings
) -> None:
    now = timezone.now()
    received = (now - timedelta(seconds=12)).isoformat()
    body = json.dumps({"symbol": BTC, "last": "1", "received_at": received}).encode()
    asyncio.run(live_store.write("tickers:binance", {BTC: body}))
    with pytest.raises(PriceStale, match=r"12\.0 s old.*at most 10 s") as found:
        live_selectors.ticker_fresh(exchange="binance", symbol=BTC, now=now)
    assert found.value.limit_seconds == 10
    assert found.value.age_seconds == pytest.approx(12, abs=0.01)
    fresh = live_selectors.ticker_fresh(
        exchange="binance", symbol=BTC, now=now, limit_seconds=15
    )
    assert fresh.body["last"] == "1"
    with pytest.raises(PriceStale, match="no order book"):
        live_selectors.book_fresh(exchange="binance", symbol=BTC, now=now)
