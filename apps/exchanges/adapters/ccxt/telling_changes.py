"""What a ccxt.pro client keeps of order books: every change since it was taken."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import ccxt

from apps.exchanges.adapters.ccxt.telling_books import (
    TellingBook,
    TellingCountedBook,
    TellingIndexedBook,
)
from apps.exchanges.adapters.ccxt.telling_values import Exact

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from apps.exchanges.books import BookChange

# Changes of a book that nobody has taken: then it is told whole instead.
MOST_CHANGES = 20_000
# For longer than this no sound book is crossed.
CROSSED_SECONDS = 0.25


class Noting(dict[str, Any]):
    """What ccxt keeps by symbol; tells when something is set."""

    def __init__(self, told: Callable[[str, Any], None]) -> None:
        super().__init__()
        self._told = told

    def __setitem__(self, symbol: str, value: Any) -> None:
        super().__setitem__(symbol, value)
        self._told(symbol, value)


class ChangeKeeper:
    """The part of a client that is about order books.

    Attributes:
        resyncs: How often each book was read anew since it is followed.
    """

    listeners: dict[tuple[str, str], asyncio.Event]
    clock: Callable[[], int]
    counts: Counter[str]
    received_ns: int = 0
    # The connection whose message is being read.
    message_ws: Any = None

    def books_begin(self) -> None:
        """Start to note what changes."""
        self.orderbooks: dict[str, Any] = Noting(self._book_name)
        self.resyncs: Counter[str] = Counter()
        self._dirty_books: dict[int, Any] = {}
        self._changes: defaultdict[str, list[BookChange]] = defaultdict(list)
        self._begun: set[str] = set()

    def _book_name(self, symbol: str, book: Any) -> None:
        book.market = symbol
        book.ws = self.message_ws or book.ws

    def parse_bid_ask(self, level: Any, *arguments: Any) -> Any:
        """Return a level of a snapshot, exact."""
        parsed = super().parse_bid_ask(level, *arguments)  # type: ignore[misc]
        if isinstance(level, list | tuple) and len(level) > 1:
            parsed[:2] = [self.safe_float(level, 0), self.safe_float(level, 1)]
        return parsed

    def safe_float(self, found: Any, key: Any, default: Any = None) -> Any:
        """Return a number with its text, which a book keeps."""
        try:
            return Exact(found[key])
        except (KeyError, IndexError, TypeError, ValueError):
            return default

    async def fetch_rest_order_book_safe(
        self, symbol: Any, limit: int | None = None, params: Any = None
    ) -> Any:
        """Return a snapshot that says how many levels were asked for."""
        found = await super().fetch_rest_order_book_safe(symbol, limit, params or {})  # type: ignore[misc]
        if found is None or found.get("bids") is None or found.get("asks") is None:
            message = f"the snapshot of {symbol} has no levels"
            raise ccxt.BadResponse(message)
        found["read_levels"] = limit
        return found

    async def load_order_book(
        self, ws: Any, message_hash: Any, symbol: str, *arguments: Any
    ) -> None:
        """Read a book's snapshot; where that fails, ccxt gives up the connection."""
        book = self.orderbooks.get(symbol)
        if book is not None:
            book.ws = ws
        await super().load_order_book(ws, message_hash, symbol, *arguments)  # type: ignore[misc]
        if ws.error is not None:
            self.books_lost(ws)

    def order_book(self, snapshot: Any = None, depth: int | None = None) -> Any:
        """Return a book that tells its changes."""
        return self._watched(TellingBook(snapshot, depth))

    def counted_order_book(self, snapshot: Any = None, depth: int | None = None) -> Any:
        """Return a book that tells its changes."""
        return self._watched(TellingCountedBook(snapshot, depth))

    def indexed_order_book(self, snapshot: Any = None, depth: int | None = None) -> Any:
        """Return a book that is told whole."""
        return self._watched(TellingIndexedBook(snapshot, depth))

    def _watched(self, book: Any) -> Any:
        # Levels that it was made with are told with the first that come.
        book.forget()
        book.on_touch(lambda: self._dirty_books.setdefault(id(book), book))
        return book

    def books_commit(self, ws: Any = None) -> None:
        """Make a change of all that the last message touched.

        A crossed book is not told: where a venue sends the sides one after the other, it
        is sound again with the next message. One that is no longer the exchange's book
        failed a check, or its connection is gone.

        Args:
            ws: The connection that the message came from, where one did.
        """
        if not self._dirty_books:
            return
        if ws is None:
            self.received_ns = self.clock()
        books, self._dirty_books = self._dirty_books, {}
        for book in books.values():
            book.unmark()
            symbol = book.market
            if not self._kept(book):
                book.forget()
                continue
            book.ws = ws or book.ws
            event = self.listeners.get(("books", symbol))
            if event is None:
                book.forget()
                continue
            if book.crossed():
                book.crossed_at = book.crossed_at or time.monotonic()
                continue
            book.crossed_at = None
            self._book_tell(symbol, book)
            event.set()

    def _book_tell(self, symbol: str, book: Any) -> None:
        log = self._changes[symbol]
        if len(log) >= MOST_CHANGES:
            log.clear()
            book.forget()
        if book.renewed and symbol in self._begun:
            self.resyncs[symbol] += 1
            self.counts["resyncs"] += 1
        self._begun.add(symbol)
        change = book.change(symbol, self.received_ns, self.resyncs[symbol])
        if change is not None:
            log.append(change)

    def books_distrust(self) -> bool:
        """Let go of the books that the last message touched: it was not read to its end.

        Returns:
            Whether there were any that ccxt would have gone on with.
        """
        books, self._dirty_books = self._dirty_books, {}
        wrong = [book.market for book in books.values() if self._kept(book)]
        for symbol in wrong:
            del self.orderbooks[symbol]
        return bool(wrong)

    def _kept(self, book: Any) -> bool:
        return book is self.orderbooks.get(book.market)

    def books_lost(self, ws: Any) -> None:
        """Let go of the books of a connection: nobody knows what changes meanwhile."""
        lost = [
            symbol
            for symbol, book in self.orderbooks.items()
            if getattr(book, "ws", None) is ws
        ]
        for symbol in lost:
            del self.orderbooks[symbol]

    def book_begin(self, symbol: str) -> None:
        """Begin to tell a book, whole first."""
        self._changes.pop(symbol, None)
        self._begun.discard(symbol)
        self.resyncs[symbol] = 0
        book = self.orderbooks.get(symbol)
        if book is not None:
            book.forget()

    def book_take(self, symbol: str) -> list[BookChange]:
        """Return the changes of a book since they were taken."""
        return self._changes.pop(symbol, [])

    def book_wrong(self, symbol: str, depth: int) -> str | None:
        """Say what is wrong with a book; None where it can be gone on with.

        Args:
            symbol: The market.
            depth: How many levels of either side must be known.
        """
        book = self.orderbooks.get(symbol)
        if book is None:
            return None
        if book.crossed_at and time.monotonic() - book.crossed_at > CROSSED_SECONDS:
            return "the best bid is not below the best ask"
        if not book.renewed and not book.reaches(depth):
            return "the price has moved out of what was read"
        return None

    def book_drop(self, symbol: str) -> None:
        """Let go of a book, so that the next call reads it anew."""
        book = self.orderbooks.pop(symbol, None)
        ws = getattr(book, "ws", None)
        if ws is not None:
            ws.on_error(ccxt.NetworkError("the book is read anew"))
