"""Markets that were listed after a stream began; no exchange is needed."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from apps.exchanges.adapters.ccxt.streaming_client import (
    RELOAD_SECONDS,
    markets_ready,
    pro_make,
)
from apps.exchanges.adapters.ccxt.telling_values import Exact
from apps.exchanges.config import ExchangeConfig
from apps.exchanges.errors import SymbolUnknown


def test_a_market_that_was_listed_since_is_found() -> None:
    listed, seen = ["BTC"], []

    async def work() -> None:
        client = pro_make("kraken", ExchangeConfig(), time.time_ns)
        client.has["fetchCurrencies"] = False

        async def fetch_markets(_: Any) -> list[Any]:
            # While markets are read, messages go on being read in other tasks.
            seen.append((type(client.parse_number("1.50")), await other))
            return [
                client.safe_market_structure(
                    {
                        "id": base,
                        "symbol": f"{base}/USDT",
                        "base": base,
                        "quote": "USDT",
                    }
                )
                for base in listed
            ]

        async def message() -> type:
            return type(client.parse_number("1.50"))

        client.fetch_markets = fetch_markets
        try:
            other = asyncio.create_task(message())
            await markets_ready(client, ["BTC/USDT"])
            listed.append("NEW")
            with pytest.raises(SymbolUnknown):
                await markets_ready(client, ["NEW/USDT"])
            assert len(seen) == 1
            client.markets_at -= RELOAD_SECONDS + 1
            await markets_ready(client, ["BTC/USDT"])
            assert len(seen) == 1
            await markets_ready(client, ["NEW/USDT"])
            with pytest.raises(SymbolUnknown):
                await markets_ready(client, ["NONE/USDT"])
        finally:
            client.timeout_on_exit = 0
            await client.close()

    asyncio.run(work())
    assert seen == [(float, Exact), (float, Exact)]
