"""No book is gone on with that was not followed without a gap; no exchange is needed."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import ccxt
import pytest

from apps.exchanges.adapters.ccxt import telling_bitget
from apps.exchanges.adapters.ccxt.streaming_client import pro_make
from apps.exchanges.book_state import BookState
from apps.exchanges.config import ExchangeConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from apps.exchanges.books import BookChange

BTC, ETH = "BTC/USDT", "ETH/USDT"
IDS = {"okx": "BTC-USDT", "bitget": "BTCUSDT"}


class Connection:
    """What ccxt knows of a connection."""

    url = "wss://example"

    def __init__(self) -> None:
        self.subscriptions: dict[str, Any] = {"books:BTC/USDT": True}
        self.futures: dict[str, Any] = {}
        self.refusals: list[Any] = []
        self.error: Any = None
        self.lastPong = 0

    def resolve(self, found: Any, message_hash: str) -> None:
        """Nobody waits."""

    def reject(self, error: Any, _: str | None = None) -> None:
        self.refusals.append(error)

    def on_error(self, error: Any) -> None:
        self.error = error

    async def close(self) -> None:
        """It is closed."""


def client_of(exchange: str) -> Any:
    """Return a client that listens to one book."""
    client = pro_make(exchange, ExchangeConfig(), time.time_ns)
    market = {"id": IDS[exchange], "symbol": BTC, "type": "spot", "spot": True}
    market |= {"base": "BTC", "quote": "USDT"}
    client.markets = {BTC: market}
    client.markets_by_id = {IDS[exchange]: [market]}
    client.listen("books", [BTC])
    client.book_begin(BTC)
    return client


def with_client(
    exchange: str, work: Callable[[Any], Coroutine[Any, Any, None]]
) -> None:
    async def run() -> None:
        client = client_of(exchange)
        try:
            await work(client)
        finally:
            client.clients = {}
            client.timeout_on_exit = 0
            await client.close()

    asyncio.run(run())


def bitget(action: str, bids: list[Any], asks: list[Any], checksum: int = 0) -> Any:
    data = {"asks": asks, "bids": bids, "checksum": checksum, "ts": "1700000000000"}
    argument = {"instType": "SPOT", "channel": "books", "instId": "BTCUSDT"}
    return {"action": action, "arg": argument, "data": [data]}


def okx(action: str, bids: list[Any], asks: list[Any], now: int, before: int) -> Any:
    data: dict[str, Any] = {"asks": asks, "bids": bids, "ts": "1700000000000"}
    data |= {"seqId": now, "prevSeqId": before}
    argument = {"channel": "books", "instId": "BTC-USDT"}
    return {"action": action, "arg": argument, "data": [data]}


def level(price: str, quantity: str) -> list[str]:
    return [price, quantity, "0", "1"]


FIRST = bitget("snapshot", [["100", "1"], ["99", "1"]], [["101", "1"]])
LATER = bitget("snapshot", [["98", "1"]], [["102", "1"]])
WHOLE = okx("snapshot", [level("100", "1")], [level("101", "1")], 10, -1)


def book_of(told: list[BookChange]) -> Any:
    state = BookState()
    for change in told:
        state.apply(change)
    return state.bids(), state.asks()


def later_only(told: list[BookChange]) -> None:
    assert [(one.whole, one.resyncs) for one in told] == [(True, 1)]
    one = Decimal(1)
    assert book_of(told) == (((Decimal(98), one),), ((Decimal(102), one),))


@pytest.mark.parametrize("how", ["cut", "error", "close"])
def test_the_books_of_a_lost_connection_are_read_anew(how: str) -> None:
    async def work(client: Any) -> None:
        ws = Connection()
        client.handle_message(ws, FIRST)
        client.book_take(BTC)
        if how == "cut":
            await client.connection_cut(ws, ccxt.NetworkError("silent"))
        elif how == "error":
            client.on_error(ws, ccxt.NetworkError("broken"))
        else:
            client.on_close(ws, 1006)
        assert client.orderbooks == {}
        client.handle_message(Connection(), LATER)
        later_only(client.book_take(BTC))

    with_client("bitget", work)


def test_books_of_other_connections_stay() -> None:
    async def work(client: Any) -> None:
        client.handle_message(Connection(), FIRST)
        await client.connection_cut(Connection(), ccxt.NetworkError("silent"))
        assert list(client.orderbooks) == [BTC]

    with_client("bitget", work)


def test_what_a_given_up_connection_still_sends_is_not_taken() -> None:
    async def work(client: Any) -> None:
        ws = Connection()
        await client.connection_cut(ws, ccxt.NetworkError("silent"))
        client.handle_message(ws, FIRST)
        assert client.book_take(BTC) == []

    with_client("bitget", work)


def test_a_failed_snapshot_takes_the_books_of_its_connection_with_it() -> None:
    async def work(client: Any) -> None:
        async def fails(*_: Any) -> None:
            raise ccxt.NetworkError("away")

        ws = Connection()
        client.handle_message(ws, FIRST)
        client.orderbooks[ETH] = client.order_book({})
        client.fetch_rest_order_book_safe = fails
        await client.load_order_book(ws, "book", ETH)
        assert BTC not in client.orderbooks

    with_client("bitget", work)


def test_a_snapshot_of_bitget_is_the_whole_book() -> None:
    async def work(client: Any) -> None:
        ws = Connection()
        client.handle_message(ws, FIRST)
        client.book_take(BTC)
        client.handle_message(ws, LATER)
        later_only(client.book_take(BTC))

    with_client("bitget", work)


def test_a_checksum_that_does_not_fit_tells_nothing() -> None:
    async def work(client: Any) -> None:
        ended = []

        async def un_watch(symbol: str) -> None:
            ended.append(symbol)

        client.un_watch_order_book = un_watch
        client.open()
        ws = Connection()
        client.handle_message(ws, FIRST)
        client.book_take(BTC)
        wrong = bitget("update", [["100.5", "7"]], [], 12345)
        client.handle_message(ws, wrong)
        assert client.orderbooks == {}
        client.handle_message(ws, wrong)
        assert client.book_take(BTC) == []
        await asyncio.sleep(0.01)
        assert ended == [BTC]
        assert [type(one) for one in ws.refusals] == [ccxt.ChecksumError]
        client.handle_message(ws, LATER)
        later_only(client.book_take(BTC))

    with_client("bitget", work)


def test_a_book_that_is_not_let_go_ends_its_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(telling_bitget, "UNSUBSCRIBE_SECONDS", 0.01)

    async def work(client: Any) -> None:
        async def hangs(_: str) -> None:
            await asyncio.sleep(10)

        client.un_watch_order_book = hangs
        ws = Connection()
        await client.handle_check_sum_error(ws, BTC, "orderbook:BTC/USDT")
        assert "not let go" in str(ws.error)

    with_client("bitget", work)


def test_a_gap_in_the_sequence_tells_nothing() -> None:
    async def work(client: Any) -> None:
        ws = Connection()
        client.handle_message(ws, WHOLE)
        assert len(client.book_take(BTC)) == 1
        client.handle_message(ws, okx("update", [level("100.5", "7")], [], 21, 20))
        assert client.book_take(BTC) == []
        assert client.orderbooks == {}
        assert [type(one) for one in ws.refusals] == [ccxt.InvalidNonce]
        assert ws.error is None

    with_client("okx", work)


def test_a_message_that_is_read_in_part_tells_nothing() -> None:
    async def work(client: Any) -> None:
        ws = Connection()
        client.handle_message(ws, WHOLE)
        client.book_take(BTC)
        torn = okx("update", [level("100.5", "7"), None], [level("101", "0")], 11, 10)
        client.handle_message(ws, torn)
        assert client.book_take(BTC) == []
        assert client.orderbooks == {}
        assert isinstance(ws.error, ccxt.BadResponse)

    with_client("okx", work)


@pytest.mark.parametrize("refused", [True, False], ids=["refused", "unsubscribed"])
def test_a_book_whose_message_is_refused_is_not_gone_on_with(
    monkeypatch: pytest.MonkeyPatch, *, refused: bool
) -> None:
    async def work(client: Any) -> None:
        ws = Connection()
        client.handle_message(ws, WHOLE)
        client.book_take(BTC)

        def take(ws: Any, message: Any) -> None:
            client.orderbooks[BTC]["bids"].store(100.5, 7.0)
            kind = ccxt.ExchangeError if refused else ccxt.UnsubscribeError
            ws.reject(kind("no"), "something")

        monkeypatch.setattr(client, "message_take", take)
        client.handle_message(ws, {})
        assert len(client.book_take(BTC)) == (0 if refused else 1)
        assert (BTC in client.orderbooks) is not refused
        assert (ws.error is None) is not refused

    with_client("okx", work)


def test_a_crossed_book_is_told_with_the_message_that_mends_it() -> None:
    async def work(client: Any) -> None:
        ws = Connection()
        client.handle_message(ws, WHOLE)
        client.book_take(BTC)
        client.handle_message(ws, okx("update", [level("102", "1")], [], 11, 10))
        assert client.book_take(BTC) == []
        client.handle_message(ws, okx("update", [level("102", "0")], [], 12, 11))
        (told,) = client.book_take(BTC)
        assert told.bids == ((Decimal(102), Decimal(0)),)
        assert not told.whole

    with_client("okx", work)
