"""What one exchange, or one call, may not do to the others."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import threading
import time
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from django.utils import timezone

from apps.exchanges.contracts import Trades
from apps.exchanges.ports import ExchangeStatus
from apps.market.live import feed as feed_module
from apps.market.live.encoding import trades_rows
from apps.market.live.feed import Feed, FeedOptions
from apps.market.live.leases import Leases
from apps.market.live.ledger import Ledger
from apps.market.models import FeedLease
from apps.market.services.demand import demand_want
from apps.market.tests.test_live_feed import MemoryStore, feeding, until
from apps.market.tests.test_run_streams import streams

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django import Settings

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_call_that_hangs_does_not_hold_up_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXCHANGE_TIMEOUT_SECONDS", "60")
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        served = SimpleNamespace(url=f"http://127.0.0.1:{silent.getsockname()[1]}")
        feed = streams(
            served,  # type: ignore[arg-type]
            tmp_path,
            *("--exchange", "binance", "--tickers", "BTC/USDT"),
        )
        try:
            silent.settimeout(60)
            # It asks, and nobody ever answers.
            asked, _ = silent.accept()
            with asked:
                asked.settimeout(60)
                assert asked.recv(1)
                assert FeedLease.objects.get().exchange == "binance"
                began = time.monotonic()
                feed.send_signal(signal.SIGTERM)
                out, _ = feed.communicate(timeout=30)
        finally:
            feed.kill()
            feed.wait()
    assert time.monotonic() - began < 20
    assert feed.returncode == 0
    assert out.splitlines()[-1] == "ended"
    assert not FeedLease.objects.exists()


def test_an_exchange_that_hangs_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    free = threading.Event()
    status = ExchangeStatus(
        reachable=True,
        latency_seconds=0.1,
        clock_skew_seconds=0.0,
        circuit="closed",
        message="",
    )

    def data(exchange: str) -> SimpleNamespace:
        if exchange.startswith("hung"):
            free.wait(20)
        return SimpleNamespace(status=lambda: status)

    monkeypatch.setattr(feed_module, "market_data", data)

    async def work() -> None:
        made = Feed(MemoryStore(), FeedOptions(holder="one"))  # type: ignore[arg-type]
        hung = [made._feed(f"hung{number}") for number in range(5)]
        tasks = [
            asyncio.create_task(one.ask_status()) for one in hung for _ in range(3)
        ]
        await asyncio.sleep(0.1)
        healthy = made._feed("binance")
        try:
            async with asyncio.timeout(5):
                assert await healthy.ask_status() == status
        finally:
            free.set()
            await asyncio.gather(*tasks, return_exceptions=True)
            for one in (*hung, healthy):
                await one.close()
            made._ledger.close()
        with pytest.raises(RuntimeError, match="shutdown"):
            await healthy.ask_status()

    asyncio.run(work())


def test_as_many_exchanges_as_may_be_are_held(settings: Settings) -> None:
    settings.LIVE_EXCHANGES = 2
    now = timezone.now()
    FeedLease.objects.create(
        exchange="binance", holder="other", until=now + timedelta(hours=1)
    )

    async def work() -> None:
        ledger = Ledger()
        leases = Leases(ledger, "one")
        wanted = ["binance", "kraken", "okx", "bybit"]
        # What another process has takes no room.
        assert await leases.take(wanted, []) == {"kraken", "okx"}
        assert list(leases.refused) == ["bybit"]
        assert await leases.take(wanted, ["kraken", "okx"]) == {"kraken", "okx"}
        assert await leases.take(["bybit"], ["kraken"]) == {"kraken", "bybit"}
        assert leases.refused == {}
        ledger.close()

    asyncio.run(work())


def test_a_refused_exchange_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LIVE_EXCHANGES = 1

    def data(exchange: str) -> SimpleNamespace:
        return SimpleNamespace(
            exchange=exchange,
            status=lambda: ExchangeStatus(
                reachable=False,
                latency_seconds=None,
                clock_skew_seconds=None,
                circuit="closed",
                message="",
            ),
        )

    monkeypatch.setattr(feed_module, "market_data", data)
    for exchange in ("kraken", "okx"):
        demand_want(exchange=exchange, kind="status", symbols=[""], now=timezone.now())
    store, told = MemoryStore(), list[str]()
    with feeding(store, tell=told.append):
        until(lambda: (store.body("status:feed", "feed") or {}).get("refused"), 15)
    body = json.loads(store.bodies["status:feed"]["feed"])
    assert body["exchanges"] == ["kraken"]
    assert "LIVE_EXCHANGES" in body["refused"]["okx"]
    assert len([line for line in told if line.startswith("okx: ")]) == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-05, "0.00001"),
        (1.2345e-07, "0.00000012345"),
        (1e22, "10000000000000000000000"),
        (100.5, "100.5"),
    ],
)
def test_prices_of_trades_are_plain_decimals(value: float, text: str) -> None:
    trades = Trades(
        time=np.array([1], "<i8"),
        price=np.array([value]),
        quantity=np.array([value]),
        buyer_taker=np.array([True]),
        ids=("1",),
    )
    (row,) = trades_rows(trades)
    assert (row["price"], row["quantity"]) == (text, text)
