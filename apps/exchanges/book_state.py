"""An order book that is kept by its changes."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from apps.exchanges.books import BookChange

    type Levels = tuple[tuple[Decimal, Decimal], ...]


class BookState:
    """The levels of one market as of the last change.

    Attributes:
        last: The last change that was applied; None before the first whole book.
    """

    def __init__(self) -> None:
        self.last: BookChange | None = None
        self._bids, self._asks = _Side(), _Side()

    def apply(self, change: BookChange) -> bool:
        """Apply a change; return whether the book is known.

        Changes before the first whole book say nothing and are left out.
        """
        if change.whole:
            self._bids, self._asks = _Side(), _Side()
        elif self.last is None:
            return False
        self._bids.apply(change.bids)
        self._asks.apply(change.asks)
        self.last = change
        return True

    def bids(self, depth: int | None = None) -> Levels:
        """Return price and quantity of the best bids, the highest first."""
        return self._bids.highest(depth)

    def asks(self, depth: int | None = None) -> Levels:
        """Return price and quantity of the best asks, the lowest first."""
        return self._asks.lowest(depth)


class _Side:
    """Quantities by price, and the prices in order."""

    __slots__ = ("_prices", "_quantities")

    def __init__(self) -> None:
        self._prices: list[Decimal] = []
        self._quantities: dict[Decimal, Decimal] = {}

    def apply(self, levels: Iterable[tuple[Decimal, Decimal]]) -> None:
        prices, quantities = self._prices, self._quantities
        if not prices:
            quantities.update(level for level in levels if level[1])
            self._prices = sorted(quantities)
            return
        for price, quantity in levels:
            if quantity:
                if price not in quantities:
                    prices.insert(bisect_left(prices, price), price)
                quantities[price] = quantity
            elif quantities.pop(price, None) is not None:
                del prices[bisect_left(prices, price)]

    def lowest(self, depth: int | None) -> Levels:
        found = self._prices[:depth]
        return tuple((price, self._quantities[price]) for price in found)

    def highest(self, depth: int | None) -> Levels:
        found = self._prices[::-1] if depth is None else self._prices[: -depth - 1 : -1]
        return tuple((price, self._quantities[price]) for price in found)
