"""ccxt's order books, made to tell every change.

ccxt applies the messages of a venue to a book of its own and gives us the book. These
books are the same, and remember besides which prices each message touched: so the changes
are the venue's own, one for each message, with its sequence number and time.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from ccxt.async_support.base.ws.order_book import (
    CountedOrderBook,
    IndexedOrderBook,
    OrderBook,
)
from ccxt.async_support.base.ws.order_book_side import (
    Asks,
    Bids,
    CountedAsks,
    CountedBids,
    IndexedAsks,
    IndexedBids,
)

from apps.exchanges.adapters.ccxt.telling_values import amount, nanoseconds
from apps.exchanges.books import BookChange

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    type Levels = tuple[tuple[Decimal, Decimal], ...]

# Of a book that was read in part, either side; levels beyond that are let go.
MOST_LEVELS = 5_000
# How far past that a side may grow before it is cut again.
SLACK = 500


def _nobody() -> None:
    """Tell nobody."""


class _Touched:
    """A side that remembers the prices that were touched; mixed into ccxt's own.

    Attributes:
        touched: The prices, in the order in which they were first touched.
        mark: Called when one is touched, once until `marked` is taken back.
        marked: Whether it was called.
    """

    side: bool
    by_price = True
    _index: list[float]
    _depth: int

    def __init__(self, *arguments: Any, **options: Any) -> None:
        # ccxt's sides store their first levels while they are made.
        self.touched: dict[Any, None] = {}
        self.mark: Callable[[], None] = _nobody
        self.marked = False
        super().__init__(*arguments, **options)

    def storeArray(self, delta: Any) -> None:  # noqa: N802 - ccxt's name
        """Apply one level."""
        if not self.marked:
            self.marked = True
            self.mark()
        self.touched[delta[0]] = None
        super().storeArray(delta)  # type: ignore[misc]

    def limit(self) -> None:
        """Let go of the levels that the venue sends no more changes of."""
        if len(self._index) > self._depth:
            beyond = self[self._depth :]  # type: ignore[index]
            self.touched.update((level[0], None) for level in beyond)
            self.cut(self._depth)

    def cut(self, most: int) -> None:
        """Forget the levels beyond the best `most`, and tell nobody."""
        del self[most:]  # type: ignore[attr-defined]
        del self._index[most:]

    def changes(self) -> Levels:
        """Return the touched prices with what there is now, and forget them."""
        told = []
        for price in self.touched:
            key = -price if self.side else price
            at = bisect_left(self._index, key)
            there = at < len(self._index) and self._index[at] == key
            told.append((price, self[at][1] if there else 0))  # type: ignore[index]
        self.touched = {}
        return _levels(told)


class _TellingAsks(_Touched, Asks):  # type: ignore[misc]
    side = False


class _TellingBids(_Touched, Bids):  # type: ignore[misc]
    side = True


class _TellingCountedAsks(_Touched, CountedAsks):  # type: ignore[misc]
    side = False


class _TellingCountedBids(_Touched, CountedBids):  # type: ignore[misc]
    side = True


class _TellingIndexedAsks(_Touched, IndexedAsks):  # type: ignore[misc]
    side = False
    by_price = False


class _TellingIndexedBids(_Touched, IndexedBids):  # type: ignore[misc]
    side = True
    by_price = False


def _levels(found: Any) -> Levels:
    """Return levels of ccxt's, exact; those that are no numbers are left out."""
    told = []
    for level in found:
        price, quantity = amount(level[0]), amount(level[1])
        if price is not None and quantity is not None and price > 0 and quantity >= 0:
            told.append((price, quantity))
    return tuple(told)


class Telling:
    """A book that tells its changes; mixed into ccxt's own.

    Attributes:
        market: Its symbol, once it is one of the exchange's books.
        renewed: Whether it was read whole since it last told something.
        crossed_at: Since when it is crossed, on the monotonic clock; None where not.
        ws: ccxt's client of the connection that its changes come from.
    """

    asks_class: type[_Touched]
    bids_class: type[_Touched]

    def __init__(self, snapshot: Any = None, depth: int | None = None) -> None:
        self.market: str | None = None
        self.renewed = True
        self.crossed_at: float | None = None
        self.ws: Any = None
        # Of a book that was read in part: the last price that is known on either side.
        self._levels: int | None = None
        self._known_bid: float | None = None
        self._known_ask: float | None = None
        found = snapshot or {}
        super().__init__(found, depth)  # type: ignore[call-arg]
        self["asks"] = self.asks_class(found.get("asks", []), depth)  # type: ignore[index]
        self["bids"] = self.bids_class(found.get("bids", []), depth)  # type: ignore[index]

    def on_touch(self, mark: Callable[[], None]) -> None:
        """Have it told when a side is touched."""
        for side in self._sides():
            side.mark = mark
        self.unmark()

    def unmark(self) -> None:
        """Have the next touch told again."""
        for side in self._sides():
            side.marked = False

    def reset(self, snapshot: Any = None) -> None:
        """Take a snapshot for the whole book."""
        super().reset(snapshot or {})  # type: ignore[misc]
        bids, asks = self._sides()
        self.renewed = True
        self._levels = (snapshot or {}).get("read_levels")
        if self._levels is not None:
            self._known_bid = bids[-1][0] if len(bids) >= self._levels else None
            self._known_ask = asks[-1][0] if len(asks) >= self._levels else None
        bids.mark()

    def limit(self) -> Any:
        """Let go of levels that are not kept right."""
        if self._levels is None:
            return super().limit()  # type: ignore[misc]
        # The venue sends each change of each price: all that is known stays right.
        bids, asks = self._sides()
        if len(bids) > MOST_LEVELS + SLACK:
            bids.cut(MOST_LEVELS)
            self._known_bid = bids[-1][0]
        if len(asks) > MOST_LEVELS + SLACK:
            asks.cut(MOST_LEVELS)
            self._known_ask = asks[-1][0]
        return self

    def reaches(self, depth: int) -> bool:
        """Say whether the best `depth` levels lie within what is known.

        A venue's snapshot has so many levels, and the price moves on: then there are
        levels that nobody told us of.
        """
        if self._levels is None:
            return True
        # Of a small snapshot no more can be asked than that half of it is left.
        depth = min(depth, max(1, self._levels // 2))
        bids, asks = self._sides()
        low, high = self._known_bid, self._known_ask
        return (low is None or (len(bids) >= depth and bids[depth - 1][0] >= low)) and (
            high is None or (len(asks) >= depth and asks[depth - 1][0] <= high)
        )

    def crossed(self) -> bool:
        """Say whether the best bid is not below the best ask."""
        bids, asks = self._sides()
        return bool(bids and asks and bids[0][0] >= asks[0][0])

    def change(self, symbol: str, received_ns: int, resyncs: int) -> BookChange | None:
        """Return what was touched since the last change; None where nothing was.

        Args:
            symbol: The market.
            received_ns: When the message was received, nanoseconds UTC.
            resyncs: How often the book was read anew.
        """
        self.limit()
        bids, asks = self._sides()
        whole = self.renewed or not bids.by_price
        changed = self._whole() if whole else (bids.changes(), asks.changes())
        self.renewed = False
        if not whole and not any(changed):
            return None
        return BookChange(
            symbol=symbol,
            whole=whole,
            bids=changed[0],
            asks=changed[1],
            sequence=self["nonce"],  # type: ignore[index]
            venue_ns=nanoseconds(self["timestamp"]),  # type: ignore[index]
            received_ns=received_ns,
            resyncs=resyncs,
        )

    def forget(self) -> None:
        """Forget what was touched; what is told next is the whole book."""
        self.renewed = True
        for side in self._sides():
            side.touched = {}

    def _sides(self) -> tuple[Any, Any]:
        return self["bids"], self["asks"]  # type: ignore[index]

    def _whole(self) -> tuple[Levels, Levels]:
        bids, asks = self._sides()
        bids.touched, asks.touched = {}, {}
        return _summed(_levels(bids)), _summed(_levels(asks))


class TellingBook(Telling, OrderBook):  # type: ignore[misc]
    """A book of prices and quantities."""

    asks_class = _TellingAsks
    bids_class = _TellingBids


class TellingCountedBook(Telling, CountedOrderBook):  # type: ignore[misc]
    """A book of prices, quantities and numbers of orders."""

    asks_class = _TellingCountedAsks
    bids_class = _TellingCountedBids


class TellingIndexedBook(Telling, IndexedOrderBook):  # type: ignore[misc]
    """A book of single orders, which is told whole each time."""

    asks_class = _TellingIndexedAsks
    bids_class = _TellingIndexedBids


def _summed(levels: Levels) -> Levels:
    """Return single orders of one price as one level."""
    sums: dict[Decimal, Decimal] = {}
    for price, quantity in levels:
        sums[price] = sums[price] + quantity if price in sums else quantity
    return tuple(sums.items())
