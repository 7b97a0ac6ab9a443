"""What is particular to Binance's streams.

ccxt spends about 50 µs on a ticker, most of it on figures that nobody asked for. At
thousands a second the message itself is kept, and read when it is taken: a few times a
second for each market, whatever the rate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

from apps.exchanges.adapters.ccxt.telling import TellingClient
from apps.exchanges.adapters.ccxt.telling_values import ticker_from

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.exchanges.contracts import Ticker

TICKER = "24hrTicker"
# Books, and trades, are spread over so many connections: what falls silent takes few others with it.
CONNECTIONS = 8
FIRST = {"multipleOrderbook": 10, "multipleTrades": 20}


class BinanceTelling(TellingClient):
    """Goes before ccxt.pro's classes of Binance."""

    options: dict[str, Any]
    urls: dict[str, Any]
    markets: dict[str, Any] | None
    safe_market: Callable[..., dict[str, Any]]

    def telling_begin(self, clock: Any) -> None:
        """Start to note what is received; tickers with bid and ask."""
        super().telling_begin(clock)
        self._names: dict[tuple[bool, str], str | None] = {}
        self.options["watchTickers"] = {"name": "ticker"}

    def stream(self, kind: Any, name: Any, number: int = 1) -> str:  # noqa: ARG002
        """Return which connection a subscription belongs to.

        ccxt would open another for each list of symbols, run out of them in time, and
        unsubscribe on the wrong one.
        """
        topic, _, symbols = str(name).partition("::")
        first = FIRST.get(topic)
        return (
            "0" if first is None else f"{first + crc32(symbols.encode()) % CONNECTIONS}"
        )

    def is_spot_url(self, ws: Any) -> bool:
        """Say whether a connection is of the spot market, wherever it goes."""
        return str(ws.url).startswith(self.urls["api"]["ws"]["spot"])

    def message_take(self, ws: Any, message: Any) -> None:
        """Keep a ticker as it came; leave all else to ccxt."""
        if type(message) is not dict or message.get("e") != TICKER:
            super().message_take(ws, message)
            return
        symbol = self._symbol(ws, message["s"])
        if symbol is None:
            super().message_take(ws, message)
            return
        self.ticker_set(symbol, message)
        waiting = f"ticker:ticker@{symbol}"
        if waiting in ws.futures:
            ws.resolve({"symbol": symbol}, waiting)

    def _symbol(self, ws: Any, market_id: str) -> str | None:
        """Return the symbol of a market by its id; None where ccxt must find it."""
        key = self.is_spot_url(ws), market_id
        if key not in self._names:
            kind = "spot" if key[0] else "swap"
            market = self.safe_market(market_id, None, None, kind)
            # Of coin-margined contracts the volume is counted otherwise.
            usual = (
                market.get("symbol") in (self.markets or {}) and not market["inverse"]
            )
            self._names[key] = market["symbol"] if usual else None
        return self._names[key]

    def book_drop(self, symbol: str) -> None:
        """Let go of a book; the next call subscribes again, on the same connection."""
        self.orderbooks.pop(symbol, None)
        for ws in self.clients.values():
            ws.subscriptions.pop(f"orderbook::{symbol}", None)

    def ticker_read(self, symbol: str, found: Any, received_ns: int) -> Ticker | None:
        """Return a ticker as it came, or as ccxt parsed it."""
        if found.get("e") != TICKER:
            return super().ticker_read(symbol, found, received_ns)
        named = {
            "last": found.get("c"),
            "bid": found.get("b"),
            "ask": found.get("a"),
            "bidVolume": found.get("B"),
            "askVolume": found.get("A"),
            "baseVolume": found.get("v"),
            "timestamp": found.get("E"),
        }
        return ticker_from(symbol, named, received_ns)
