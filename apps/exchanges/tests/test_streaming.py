"""The streams of an exchange through the real ccxt.pro, against the loopback exchange."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing, asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from apps.exchanges.adapters.ccxt.keeping import Patience
from apps.exchanges.adapters.ccxt.streaming import CcxtStreams
from apps.exchanges.book_state import BookState
from apps.exchanges.config import ExchangeConfig
from apps.exchanges.errors import ExchangeUnsupported, SymbolUnknown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
    from typing import Any

    from apps.exchanges.contracts import Ticker
    from tests.exchange_server.fixtures import Served

QUICK = Patience(
    silent_seconds=1.5,
    silent_most_seconds=3.0,
    first_seconds=0.05,
    most_seconds=0.5,
    settled_seconds=1.0,
    wake_seconds=0.02,
)
BTC, ETH = "BTC/USDT", "ETH/USDT"


@asynccontextmanager
async def streams_of(served: Served) -> AsyncIterator[CcxtStreams]:
    """Open the streams of a served exchange."""
    config = ExchangeConfig(endpoint=served.url, timeout_seconds=3, rate_limits=False)
    streams = CcxtStreams("binance", config, patience=QUICK)
    try:
        yield streams
    finally:
        await streams.close()


def run(work: Coroutine[Any, Any, None], seconds: float = 40) -> None:
    """Run a test's coroutine, and fail when it hangs."""
    asyncio.run(asyncio.wait_for(work, seconds))


async def tickers_until(
    streams: CcxtStreams, symbols: Sequence[str], enough: Callable[[Ticker], bool]
) -> list[Ticker]:
    """Follow tickers until one will do; return all that came."""
    found: list[Ticker] = []
    async with aclosing(streams.tickers(symbols)) as told:
        async for batch in told:
            found += batch
            if any(enough(one) for one in batch):
                return found
    raise AssertionError


def test_tickers_are_fresh_and_have_the_digits_of_the_exchange(
    exchange_server: Served,
) -> None:
    served = exchange_server.exchange
    assert served is not None
    served.live(served.market("BTCUSDT")).price_set(Decimal("64123.45"))

    async def work() -> None:
        async with streams_of(exchange_server) as streams:
            found = await tickers_until(
                streams, [BTC, ETH], lambda one: one.last == Decimal("64123.45")
            )
            last = found[-1]
            assert str(last.last) == "64123.45000000"
            assert (str(last.bid), str(last.ask)) == (
                "64123.44000000",
                "64123.46000000",
            )
            assert 0 <= time.time_ns() - last.received_ns < 1_000_000_000
            assert last.venue_ns is not None
            assert abs(last.venue_ns - last.received_ns) < 1_000_000_000

    run(work())


def test_a_symbol_that_is_not_there_is_told_with_near_ones(
    exchange_server: Served,
) -> None:
    async def work() -> None:
        async with streams_of(exchange_server) as streams:
            with pytest.raises(SymbolUnknown, match="BTC/USDT"):
                await anext(streams.tickers(["BTC/USD"]))
            with pytest.raises(SymbolUnknown, match="ETH/USDT"):
                await anext(streams.books("ETH/USDTT", 10))

    run(work())


def test_an_exchange_without_streams_is_unsupported() -> None:
    with pytest.raises(ExchangeUnsupported, match="btcmarkets"):
        CcxtStreams("btcmarkets", ExchangeConfig(endpoint="http://127.0.0.1:9"))


def test_a_dropped_socket_is_opened_again(exchange_server: Served) -> None:
    async def work() -> None:
        async with (
            streams_of(exchange_server) as streams,
            aclosing(streams.tickers([BTC])) as told,
        ):
            await anext(told)
            for _ in range(5):
                struck = len(exchange_server.journal("fault"))
                exchange_server.fault("socket_drop", path="@ticker")
                while len(exchange_server.journal("fault")) == struck:
                    await anext(told)
                after = (await anext(told), await anext(told))[1]
                assert time.time_ns() - after[0].received_ns < 1_000_000_000
            assert streams.channels()["tickers", BTC].reconnects == 5

    run(work())


def test_a_silent_socket_is_met_by_a_deadline(exchange_server: Served) -> None:
    async def work() -> None:
        async with (
            streams_of(exchange_server) as streams,
            aclosing(streams.tickers([BTC])) as told,
        ):
            await anext(told)
            exchange_server.fault("socket_silent", path="@ticker")
            began = time.monotonic()
            while streams.channels()["tickers", BTC].reconnects == 0:
                await anext(told)
            assert time.monotonic() - began < 10 * QUICK.silent_seconds

    run(work())


def test_garbage_on_a_socket_opens_it_again(exchange_server: Served) -> None:
    async def work() -> None:
        async with (
            streams_of(exchange_server) as streams,
            aclosing(streams.tickers([BTC])) as told,
        ):
            await anext(told)
            exchange_server.fault("socket_garbage", path="@ticker")
            for _ in range(4):
                await anext(told)
            await anext(told)

    run(work())


def test_an_exchange_that_was_away_is_followed_again(exchange_server: Served) -> None:
    async def work() -> None:
        async with (
            streams_of(exchange_server) as streams,
            aclosing(streams.tickers([BTC])) as told,
        ):
            await anext(told)
            await asyncio.to_thread(exchange_server.listening_stop)
            await asyncio.sleep(1.0)
            assert streams.channels()["tickers", BTC].message
            assert not (await streams.status()).reachable
            await asyncio.to_thread(exchange_server.listening_start)
            back = time.time_ns()
            while (await anext(told))[0].received_ns < back:
                pass
            assert (await streams.status()).reachable

    run(work())


def test_markets_are_asked_for_again_after_429_and_5xx(exchange_server: Served) -> None:
    exchange_server.fault("rate_limit", path="exchangeInfo", seconds=1)
    exchange_server.fault("error_before", path="exchangeInfo")
    exchange_server.fault("html", path="exchangeInfo")
    exchange_server.fault("truncate", path="exchangeInfo")

    async def work() -> None:
        async with streams_of(exchange_server) as streams:
            await tickers_until(streams, [BTC], lambda one: one.symbol == BTC)
        assert len(exchange_server.requests("exchangeInfo")) == 5

    run(work())


def book_then(exchange_server: Served, changes: int) -> BookState:
    """Follow the book of BTC for so many changes, then compare it when it stands still."""
    state = BookState()
    served = exchange_server.exchange
    assert served is not None
    book = served.book(served.market("BTCUSDT"))

    async def work() -> None:
        seen = 0
        async with (
            streams_of(exchange_server) as streams,
            aclosing(streams.books(BTC, 50)) as told,
        ):
            async for change in told:
                state.apply(change)
                seen += len(change.bids) + len(change.asks)
                bids, asks = state.bids(1), state.asks(1)
                assert bids[0][0] < asks[0][0]
                if seen >= changes:
                    served.books_held = True
                    exchange_server.faults_clear()
                if served.books_held and change.sequence == book.last_id:
                    return

    run(work(), 90)
    told = book.snapshot(5000)
    for side, ours in (("bids", state.bids()), ("asks", state.asks())):
        theirs = [(Decimal(price), Decimal(size)) for price, size in told[side]]
        assert list(ours) == theirs
    return state


def test_a_book_is_the_exchanges_own(exchange_server: Served) -> None:
    state = book_then(exchange_server, 1000)
    assert state.last is not None
    assert state.last.resyncs == 0


@pytest.mark.parametrize("kind", ["depth_gap", "depth_reorder", "depth_double"])
def test_a_book_is_right_again_after_each_fault(
    exchange_server: Served, kind: str
) -> None:
    exchange_server.fault(kind, skip=5, times=6, probability=0.3)
    state = book_then(exchange_server, 1000)
    struck = exchange_server.faults_struck()[kind]
    assert struck > 2
    assert state.last is not None
    if kind == "depth_double":
        assert state.last.resyncs == 0
    else:
        assert state.last.resyncs >= 1


def test_a_book_is_right_after_drops_and_late_snapshots(
    exchange_server: Served,
) -> None:
    exchange_server.fault(
        "socket_drop", path="@depth", skip=8, times=4, probability=0.2
    )
    exchange_server.fault("error_before", path="/depth", times=2)
    exchange_server.fault("slow", path="/depth", times=2, seconds=0.5)
    state = book_then(exchange_server, 1000)
    assert state.last is not None
    assert state.last.resyncs >= 1


def test_trades_are_told_once_and_in_order(exchange_server: Served) -> None:
    exchange_server.fault("socket_drop", path="@trade", skip=1, times=2)

    async def work() -> None:
        ids: list[int] = []
        async with (
            streams_of(exchange_server) as streams,
            aclosing(streams.trades(BTC)) as told,
        ):
            async for trades in told:
                ids += map(int, trades.ids)
                assert (trades.price > 0).all()
                if len(ids) >= 6:
                    break
        assert ids == sorted(set(ids))

    run(work())


def test_what_is_not_listened_to_is_unsubscribed(exchange_server: Served) -> None:
    async def work() -> None:
        async with streams_of(exchange_server) as streams:
            for _ in range(2):
                await tickers_until(streams, [BTC, ETH], lambda one: one.symbol == ETH)
                await tickers_until(streams, [ETH], lambda one: one.symbol == ETH)
            async with aclosing(streams.books(BTC, 10)) as told:
                await anext(told)
            served = exchange_server.exchange
            assert served is not None
            assert [one for one in served.broadcast.streams() if "@" in one] == []

    run(work())
