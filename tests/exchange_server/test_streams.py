"""The real ccxt follows prices, books, trades and an account over websockets."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import ccxt
import pytest

from tests.exchange_server.ccxt_urls import KEYS, ccxt_streaming

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.exchange_server.fixtures import Served

LONG = 20


def _run(served: Served, ask: Callable[[Any], Awaitable[None]], **keys: str) -> None:
    async def run() -> None:
        async with ccxt_streaming(served, **keys) as client:
            await client.load_markets()
            await asyncio.wait_for(ask(client), LONG)

    asyncio.run(run())


def test_tickers_are_followed_and_stamped_with_the_moment(
    exchange_server: Served,
) -> None:
    async def ask(client: Any) -> None:
        seen: set[str] = set()
        while len(seen) < 3:
            tickers = await client.watch_tickers(["BTC/USDT", "ETH/USDT", "XRP/ETH"])
            for symbol, ticker in tickers.items():
                assert abs(ticker["timestamp"] - time.time() * 1000) < 2000
                seen.add(symbol)
        ticker = await client.watch_ticker("BTC/USDT", {"name": "ticker"})
        assert ticker["bid"] < ticker["last"] < ticker["ask"]
        best = await client.watch_bids_asks(["ETH/USDT"])
        assert best["ETH/USDT"]["bid"] < best["ETH/USDT"]["ask"]
        assert len(await client.watch_tickers()) >= 1

    _run(exchange_server, ask)


async def _book_agrees(client: Any, served: Served, symbol: str) -> None:
    """Hold the books still, read to the last change, and compare every level."""
    served.control("book", {"symbol": symbol, "held": True})
    known = served.control("book", {"symbol": symbol})
    unified = client.safe_symbol(symbol)
    while client.orderbooks[unified]["nonce"] < known["lastUpdateId"]:
        await client.watch_order_book(unified)
    book = client.orderbooks[unified]
    assert book["nonce"] == known["lastUpdateId"]
    for side in ("bids", "asks"):
        told = [[float(price), float(size)] for price, size in known[side]]
        assert [list(level[:2]) for level in book[side]] == told
    served.control("book", {"symbol": symbol, "held": False})


def test_a_followed_book_is_the_exchanges_book(exchange_server: Served) -> None:
    async def ask(client: Any) -> None:
        for _ in range(8):
            await client.watch_order_book("ETH/USDT")
        await _book_agrees(client, exchange_server, "ETHUSDT")
        exchange_server.price_set("ETHUSDT", "260", hold=False)
        await client.watch_order_book("ETH/USDT")
        await _book_agrees(client, exchange_server, "ETHUSDT")

    _run(exchange_server, ask)


@pytest.mark.parametrize("kind", ["depth_gap", "depth_reorder"])
def test_a_book_with_a_gap_is_noticed_and_read_anew(
    exchange_server: Served, kind: str
) -> None:
    async def ask(client: Any) -> None:
        await client.watch_order_book("ETH/USDT")
        exchange_server.fault(kind, symbol="ETHUSDT")
        with pytest.raises(ccxt.ChecksumError):
            for _ in range(50):
                await client.watch_order_book("ETH/USDT")
        await client.watch_order_book("ETH/USDT")
        await _book_agrees(client, exchange_server, "ETHUSDT")

    _run(exchange_server, ask)
    assert exchange_server.faults_struck() == {kind: 1}


def test_a_change_told_twice_does_no_harm(exchange_server: Served) -> None:
    async def ask(client: Any) -> None:
        await client.watch_order_book("ETH/USDT")
        exchange_server.fault("depth_double", times=3)
        for _ in range(8):
            await client.watch_order_book("ETH/USDT")
        await _book_agrees(client, exchange_server, "ETHUSDT")

    _run(exchange_server, ask)


def test_trades_and_candles_are_those_of_the_past(exchange_server: Served) -> None:
    async def ask(client: Any) -> None:
        trades = await client.watch_trades("BTC/USDT")
        while len(trades) < 3:
            trades += await client.watch_trades("BTC/USDT")
        told = {each["id"]: each for each in trades}
        read = await client.fetch_trades("BTC/USDT", limit=50)
        known = {each["id"]: each for each in read}
        assert len(told) >= 3
        for number, trade in told.items():
            assert known[number]["price"] == trade["price"]
            assert known[number]["amount"] == trade["amount"]
        (bar,) = await client.watch_ohlcv("BTC/USDT", "1h")
        (asked,) = await client.fetch_ohlcv("BTC/USDT", "1h", limit=1)
        assert bar[:2] == asked[:2]

    _run(exchange_server, ask)


def test_a_scripted_price_is_told_at_once(exchange_server: Served) -> None:
    async def ask(client: Any) -> None:
        await client.watch_ticker("BTC/USDT")
        exchange_server.price_set("BTCUSDT", "12345.67")
        for _ in range(100):
            ticker = await client.watch_ticker("BTC/USDT")
            if ticker["last"] == 12345.67:
                return
        pytest.fail("the price was not told")

    _run(exchange_server, ask)


def test_an_account_is_told_of_its_orders_and_holdings(
    exchange_server: Served,
) -> None:
    exchange_server.price_set("BTCUSDT", "50000")

    async def ask(client: Any) -> None:
        watching = asyncio.ensure_future(client.watch_orders("BTC/USDT"))
        balance = asyncio.ensure_future(client.watch_balance())
        while not exchange_server.journal("question"):
            await asyncio.sleep(0.02)
        order = await client.create_order("BTC/USDT", "limit", "buy", 1, 49_000)
        first = await watching
        assert first[-1]["id"] == order["id"]
        assert first[-1]["status"] == "open"
        assert (await balance)["USDT"]["used"] == 49_000
        exchange_server.price_set("BTCUSDT", "49000", liquidity="0.25")
        part = await client.watch_orders("BTC/USDT")
        assert part[-1]["filled"] == 0.25
        assert part[-1]["fee"] == {"cost": 0.00025, "currency": "BTC"}
        # Who does not wait when a report comes is not given it later.
        waiting = asyncio.ensure_future(client.watch_orders("BTC/USDT"))
        await asyncio.sleep(0.05)
        await client.cancel_order(order["id"], "BTC/USDT")
        last = await waiting
        assert last[-1]["status"] == "canceled"
        assert last[-1]["id"] == order["id"]

    _run(exchange_server, ask, **KEYS)
    assert exchange_server.account()["balanced"]


def test_orders_are_placed_over_the_socket_too(exchange_server: Served) -> None:
    exchange_server.price_set("BTCUSDT", "50000")

    async def ask(client: Any) -> None:
        order = await client.create_order_ws("BTC/USDT", "limit", "buy", 1, 40_000)
        found = await client.fetch_order_ws(order["id"], "BTC/USDT")
        assert found["status"] == "open"
        await client.cancel_order_ws(order["id"], "BTC/USDT")
        with pytest.raises(ccxt.InsufficientFunds):
            await client.create_order_ws("BTC/USDT", "limit", "buy", 10, 40_000)

    _run(exchange_server, ask, **KEYS)


def test_wrong_keys_ask_nothing_over_the_socket(exchange_server: Served) -> None:
    async def ask(client: Any) -> None:
        with pytest.raises(ccxt.AuthenticationError):
            await client.fetch_order_ws("1", "BTC/USDT")

    _run(exchange_server, ask, **(KEYS | {"apiKey": "somebody"}))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("user_double", ["NEW", "NEW", "TRADE"]),
        ("user_reorder", ["TRADE", "NEW"]),
        ("user_lost", ["TRADE"]),
        ("user_late", ["TRADE", "NEW"]),
    ],
    ids=["double", "reorder", "lost", "late"],
)
def test_reports_of_an_account_come_wrong(
    exchange_server: Served, kind: str, expected: list[str]
) -> None:
    exchange_server.price_set("BTCUSDT", "50000")
    exchange_server.fault(kind, path="user/NEW", seconds=0.3)
    told: list[str] = []

    async def run() -> None:
        async with (
            aiohttp.ClientSession() as session,
            ccxt_streaming(exchange_server, **KEYS) as client,
        ):
            await client.load_markets()
            key = (await client.publicPostUserDataStream())["listenKey"]
            async with session.ws_connect(
                f"{exchange_server.ws_url}/ws/{key}"
            ) as socket:
                await client.create_order("BTC/USDT", "market", "buy", 0.1)
                async for message in socket:
                    event = message.json()
                    if event["e"] == "executionReport":
                        told.append(event["x"])

    with contextlib.suppress(TimeoutError):
        asyncio.run(asyncio.wait_for(run(), 1.5))
    assert told == expected


def test_a_dropped_socket_is_opened_again(exchange_server: Served) -> None:
    async def ask(client: Any) -> None:
        await client.watch_ticker("BTC/USDT")
        exchange_server.fault("socket_drop", path="btcusdt")
        with pytest.raises(ccxt.NetworkError):
            for _ in range(50):
                await client.watch_ticker("BTC/USDT")
        await client.watch_ticker("BTC/USDT")

    _run(exchange_server, ask)
    assert exchange_server.sockets()["connected"] == 2


def test_a_garbled_event_is_told_to_all_who_listen(exchange_server: Served) -> None:
    exchange_server.fault("socket_garbage", path="btcusdt@ticker")

    async def run() -> list[bool]:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{exchange_server.url}/ws/btcusdt@ticker") as socket,
        ):
            told = [await socket.receive_str() for _ in range(3)]
        return [each.endswith("}") for each in told]

    assert asyncio.run(run()) == [False, True, True]


def test_a_silent_socket_stays_open_and_says_nothing(exchange_server: Served) -> None:
    async def ask(client: Any) -> None:
        await client.watch_ticker("BTC/USDT")
        exchange_server.sockets("silence")
        await asyncio.sleep(0.3)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.watch_ticker("BTC/USDT"), 1.5)
        assert len(exchange_server.sockets()["connections"]) == 1

    _run(exchange_server, ask)


def test_streams_are_left_again_and_unknown_ones_refused(
    exchange_server: Served,
) -> None:
    async def run() -> None:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{exchange_server.url}/stream") as socket,
        ):
            ask = {"method": "SUBSCRIBE", "params": ["btcusdt@ticker"], "id": 1}
            await socket.send_json(ask)
            assert await socket.receive_json() == {"result": None, "id": 1}
            told = await socket.receive_json()
            assert told["stream"] == "btcusdt@ticker"
            assert told["data"]["e"] == "24hrTicker"
            await socket.send_json(ask | {"method": "UNSUBSCRIBE", "id": 2})
            while "result" not in (told := await socket.receive_json()):
                assert told["stream"] == "btcusdt@ticker"
            await socket.send_json(ask | {"params": ["nonsense"], "id": 3})
            assert (await socket.receive_json())["error"]["code"] == 2
            await socket.send_str("{")
            assert (await socket.receive_json())["error"]["code"] == 3

    asyncio.run(run())
