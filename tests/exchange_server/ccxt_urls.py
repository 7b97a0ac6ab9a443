"""How the real ccxt is pointed at the exchange, for tests that use it directly."""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import ccxt
import ccxt.pro

from tests.exchange_server.exchange import KEY, SECRET

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.exchange_server.fixtures import Served


KEYS = {"apiKey": KEY, "secret": SECRET}


def ccxt_config(**more: Any) -> dict[str, Any]:
    """Return what a ccxt client is made with: spot alone, no calls for keys."""
    return {
        "enableRateLimit": False,
        "options": {
            "defaultType": "spot",
            "fetchMarkets": {"types": ["spot"]},
            "fetchMargins": False,
            "fetchCurrencies": False,
        },
        **more,
    }


def ccxt_pointed[Client](client: Client, served: Served) -> Client:
    """Point a client at the exchange: every address that spot uses, and no other."""
    urls: Any = getattr(client, "urls")  # noqa: B009
    sockets = urls["api"].get("ws")
    urls["api"] = {
        "public": f"{served.url}/api/v3",
        "private": f"{served.url}/api/v3",
        "v1": f"{served.url}/api/v1",
        "sapi": f"{served.url}/sapi/v1",
    }
    if sockets is not None:
        urls["api"]["ws"] = {
            "spot": f"{served.ws_url}/ws",
            "ws-api": {"spot": served.ws_api_url},
        }
    return client


@contextmanager
def ccxt_sync(served: Served, **more: Any) -> Iterator[Any]:
    """Give a ccxt client that waits, and close it."""
    client = ccxt_pointed(ccxt.binance(ccxt_config(**more)), served)
    try:
        yield client
    finally:
        client.session.close()


@asynccontextmanager
async def ccxt_streaming(served: Served, **more: Any) -> AsyncIterator[Any]:
    """Give a ccxt client with websockets, and close it."""
    client = ccxt_pointed(ccxt.pro.binance(ccxt_config(**more)), served)
    try:
        yield client
    finally:
        await client.close()
