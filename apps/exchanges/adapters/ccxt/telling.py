"""A ccxt.pro client that tells all that it receives, and is cut where it fell silent.

`watch_…` of ccxt returns with the next message; what comes between two calls is kept by
ccxt but not told. So the places where ccxt keeps it are ours, and note what changed: the
caller wakes some times a second and takes everything, whatever the rate of messages.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import ccxt

from apps.exchanges.adapters.ccxt.telling_changes import ChangeKeeper, Noting
from apps.exchanges.adapters.ccxt.telling_rest import RestAsker
from apps.exchanges.adapters.ccxt.telling_values import ticker_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from apps.exchanges.contracts import Ticker

logger = logging.getLogger(__name__)


class TellingClient(RestAsker, ChangeKeeper):
    """Goes before a ccxt.pro class.

    Attributes:
        counts: Messages, and those of them that could not be read or believed.
        listeners: By kind and symbol, what to set when there is something to take.
    """

    id: str
    clients: dict[str, Any]

    def telling_begin(self, clock: Callable[[], int]) -> None:
        """Start to note what is received.

        Args:
            clock: Returns the time, int64 nanoseconds UTC.
        """
        self.clock = clock
        self.counts: Counter[str] = Counter()
        self.listeners: dict[tuple[str, str], asyncio.Event] = {}
        self.tickers: dict[str, Any] = Noting(self.ticker_set)
        self._changed_tickers: dict[str, tuple[Any, int]] = {}
        self.books_begin()

    # --- messages

    def handle_message(self, ws: Any, message: Any) -> None:
        """Have ccxt take a message in, and note what came of it.

        Of a book that a message changed and that did not pass a check, nothing is told.
        """
        if getattr(ws, "error", None) is not None:
            # The connection was given up, and its books with it.
            return
        # What was read over REST meanwhile is not of this connection.
        self.books_commit()
        self.counts["messages"] += 1
        self.received_ns = self.clock()
        ws.data_at = time.monotonic()
        _refusals_note(ws)
        self.message_ws = ws
        try:
            self.message_take(ws, message)
        except Exception as error:
            # ccxt would stop to listen and say nothing.
            self.counts["unreadable"] += 1
            logger.warning(
                "%s: a message could not be read (%s: %s): %s",
                self.id,
                type(error).__name__,
                error,
                str(message)[:200],
            )
            self.books_distrust()
            ws.on_error(ccxt.BadResponse("a message could not be read"))
        finally:
            self.message_ws = None
        if ws.refused and self.books_distrust():
            ws.on_error(ccxt.NetworkError("a book failed a check"))
        self.books_commit(ws)

    def on_connected(self, ws: Any, message: Any = None) -> None:
        """Note when a connection began."""
        ws.data_at = time.monotonic()
        super().on_connected(ws, message)  # type: ignore[misc]

    def on_error(self, ws: Any, error: Any) -> None:
        """Let go of the books of a connection that broke."""
        self.books_lost(ws)
        super().on_error(ws, error)  # type: ignore[misc]

    def on_close(self, ws: Any, code: Any) -> None:
        """Let go of the books of a connection that the exchange closed."""
        self.books_lost(ws)
        super().on_close(ws, code)  # type: ignore[misc]

    def message_take(self, ws: Any, message: Any) -> None:
        """Have ccxt take a message in."""
        super().handle_message(ws, message)  # type: ignore[misc]

    def safe_trade(self, trade: Any, market: Any = None) -> Any:
        """Return a trade with the time at which it was received."""
        found = super().safe_trade(trade, market)  # type: ignore[misc]
        found["received_ns"] = self.received_ns or self.clock()
        return found

    def listen(self, kind: str, symbols: Iterable[str]) -> asyncio.Event:
        """Return what is set when one of these has something to take."""
        event = asyncio.Event()
        for symbol in symbols:
            self.listeners[kind, symbol] = event
        return event

    def deafen(self, kind: str, symbols: Iterable[str], event: asyncio.Event) -> None:
        """Take `listen` back."""
        for symbol in symbols:
            if self.listeners.get((kind, symbol)) is event:
                del self.listeners[kind, symbol]

    # --- tickers

    def ticker_set(self, symbol: str, ticker: Any) -> None:
        """Note a ticker, as ccxt parsed it or as it came."""
        event = self.listeners.get(("tickers", symbol))
        if event is not None:
            self.counts["tickers"] += 1
            self._changed_tickers[symbol] = (ticker, self.received_ns)
            event.set()

    def tickers_take(self, symbols: Iterable[str]) -> list[Ticker]:
        """Return those of the tickers that changed since they were taken."""
        told = []
        for symbol in symbols:
            found = self._changed_tickers.pop(symbol, None)
            if found is None:
                continue
            ticker = self.ticker_read(symbol, *found)
            if ticker is None:
                self.counts["dropped"] += 1
            else:
                told.append(ticker)
        return told

    def ticker_read(self, symbol: str, found: Any, received_ns: int) -> Ticker | None:
        """Return what was noted as a ticker; None where it has no price."""
        return ticker_from(symbol, found, received_ns)

    # --- connections

    async def connection_cut(self, ws: Any, error: Exception) -> None:
        """Close a connection; whoever waits on it gets the error, and may call again.

        Args:
            ws: ccxt's client of one connection.
            error: What those who wait are told.
        """
        # ccxt would take a later connection of this address for this one.
        ws.error = error
        url = ws.url
        if self.clients.get(url) is ws:
            del self.clients[url]
        self.books_lost(ws)
        ws.reject(error)
        await ws.close()

    def connections_silent(self, seconds: float) -> list[Any]:
        """Return the connections on which nothing came for so long."""
        now = time.monotonic()
        return [
            ws
            for ws in self.clients.values()
            if now - getattr(ws, "data_at", now) >= seconds
        ]


def _refusals_note(ws: Any) -> None:
    """Have a connection say whether a message made ccxt refuse something to those who wait.

    That nobody listens any more is no refusal.
    """
    if not hasattr(ws, "refused"):
        reject = ws.reject

        def noted(error: Any, message_hash: Any = None) -> Any:
            if not isinstance(error, ccxt.UnsubscribeError):
                ws.refused = True
            return reject(error, message_hash)

        ws.reject = noted
    ws.refused = False
