"""What comes from one exchange: published, and written down where that is asked."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from apps.exchanges.book_state import BookState
from apps.market.enums import LiveKind
from apps.market.live.encoding import (
    TRADES_KEPT,
    book_encode,
    ticker_encode,
    trades_encode,
    trades_rows,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from apps.exchanges.books import BookChange
    from apps.exchanges.contracts import Ticker, Trades
    from apps.market.live.publishing import Publisher
    from apps.market.live.recording import Recorder


class Inbox:
    """Takes what comes from one exchange.

    Args:
        exchange: Its id.
        publisher: Where the latest goes.

    Attributes:
        received: When each kind and symbol was received last, nanoseconds.
    """

    def __init__(self, exchange: str, publisher: Publisher) -> None:
        self.exchange = exchange
        self.received: dict[tuple[LiveKind, str], int] = {}
        self._publisher = publisher
        self._books: dict[str, BookState] = {}
        self._trades: dict[str, list[dict[str, Any]]] = {}
        self._recorders: dict[str, list[Recorder]] = {}

    def tickers(self, tickers: Sequence[Ticker]) -> None:
        """Publish tickers that are no older than what there is."""
        channel = f"tickers:{self.exchange}"
        for ticker in tickers:
            key, received = (LiveKind.TICKERS, ticker.symbol), ticker.received_ns
            if received < self.received.get(key, 0):
                continue
            self.received[key] = received
            encode = partial(ticker_encode, ticker)
            self._publisher.put(channel, ticker.symbol, encode, received)

    @contextmanager
    def book_kept(self, symbol: str) -> Iterator[Callable[[BookChange], None]]:
        """Keep a market's book for as long as it is followed.

        Args:
            symbol: The market.

        Yields:
            What takes a change of it.
        """
        state = self._books[symbol] = BookState()
        try:
            yield partial(self._book, state)
        finally:
            # A book that nobody follows is not the book any more.
            self._books.pop(symbol, None)

    def _book(self, state: BookState, change: BookChange) -> None:
        symbol, received = change.symbol, change.received_ns
        for recorder in self._recorders.get(symbol, ()):
            recorder.change(change)
        if state.apply(change):
            self.received[LiveKind.BOOKS, symbol] = received
            encode = partial(book_encode, state)
            self._publisher.put(f"books:{self.exchange}", symbol, encode, received)

    def trades(self, symbol: str, trades: Trades, now_ns: int) -> None:
        """Publish the last trades of a market.

        Args:
            symbol: The market.
            trades: What is new.
            now_ns: When they came.
        """
        for recorder in self._recorders.get(symbol, ()):
            recorder.trades(trades, now_ns)
        self.received[LiveKind.TRADES, symbol] = now_ns
        rows = (self._trades.get(symbol, []) + trades_rows(trades))[-TRADES_KEPT:]
        self._trades[symbol] = rows
        encode = partial(trades_encode, symbol, rows, now_ns)
        self._publisher.put(f"trades:{self.exchange}", symbol, encode, now_ns)

    def record(self, recorder: Recorder) -> None:
        """Have a recording told what comes, from the book as it is now on."""
        self._recorders.setdefault(recorder.symbol, []).append(recorder)
        book = self._books.get(recorder.symbol)
        if book is not None and book.last is not None:
            whole = replace(book.last, whole=True, bids=book.bids(), asks=book.asks())
            recorder.change(whole)

    def record_end(self, recorder: Recorder) -> None:
        """Take `record` back."""
        known = self._recorders.get(recorder.symbol, [])
        if recorder in known:
            known.remove(recorder)
