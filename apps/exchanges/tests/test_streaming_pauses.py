"""A stream asks nothing over REST while the exchange wants no calls."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from apps.exchanges.adapters.ccxt.adapter import CcxtMarketData
from apps.exchanges.adapters.ccxt.keeping import Patience
from apps.exchanges.adapters.ccxt.streaming import CcxtStreams
from apps.exchanges.errors import ExchangeRateLimited
from apps.exchanges.tests.loopback import QUICK, config_of

if TYPE_CHECKING:
    from apps.exchanges.config import ExchangeConfig
    from tests.exchange_server.fixtures import Served

BTC = "BTC/USDT"


def test_a_ban_is_reported_and_kept(exchange_server: Served) -> None:
    exchange_server.fault("rate_limit", path="time", seconds=30)

    async def work(config: ExchangeConfig) -> None:
        streams = CcxtStreams("binance", config)
        try:
            assert not (await streams.status()).reachable
            assert len(exchange_server.requests("time")) == 1
            assert "no calls" in (await streams.status()).message
            async with aclosing(streams.books(BTC, 10)) as told:
                first = asyncio.ensure_future(anext(told))
                await asyncio.sleep(0.5)
                # It waits for the end of the ban, and has not given up.
                assert not first.done()
                state = streams.channels()["books", BTC]
                assert (state.failures, "no calls" in state.message) == (1, True)
                first.cancel()
                await asyncio.gather(first, return_exceptions=True)
            data = CcxtMarketData("binance", config, QUICK)
            assert "no calls" in (await asyncio.to_thread(data.status)).message
            data.close()
        finally:
            await streams.close()

    asyncio.run(asyncio.wait_for(work(config_of(exchange_server)), 20))
    assert len(exchange_server.requests("time")) == 1
    assert exchange_server.requests("exchangeInfo") == []


def test_a_ban_on_a_snapshot_is_kept_by_all_books(exchange_server: Served) -> None:
    exchange_server.fault("rate_limit", path="/depth", seconds=1, times=1)

    async def follow(streams: CcxtStreams, symbol: str) -> None:
        async with aclosing(streams.books(symbol, 10)) as told:
            await anext(told)

    async def work() -> None:
        quick = Patience(first_seconds=0.01, most_seconds=0.05)
        streams = CcxtStreams("binance", config_of(exchange_server), patience=quick)
        try:
            one = asyncio.create_task(follow(streams, BTC))
            while not exchange_server.faults_struck().get("rate_limit"):
                await asyncio.sleep(0.01)
            two = asyncio.create_task(follow(streams, "ETH/USDT"))
            await asyncio.sleep(0.6)
            assert len(exchange_server.requests("/depth")) == 1
            await asyncio.gather(one, two)
        finally:
            await streams.close()

    asyncio.run(asyncio.wait_for(work(), 20))


def test_a_pause_is_waited_for_to_its_end() -> None:
    patience = Patience(first_seconds=0.1, most_seconds=1)
    error = ExchangeRateLimited("no calls")
    assert 2.5 <= patience.pause(1, error) <= 2.75
    error.retry_after = 120.0
    assert 120 <= patience.pause(1, error) <= 132
