"""What one look at a market offers, and what is left of it after each order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.exchanges.adapters.paper.amounts import ZERO, floor_to, less
from apps.exchanges.adapters.paper.contracts import Quote

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from apps.exchanges.adapters.paper.contracts import Level, Seen


@dataclass(slots=True)
class Supply:
    """How much is left at a price; None where that is not told."""

    left: Decimal | None

    def could(self, wanted: Decimal, grain: Decimal) -> Decimal:
        """Return how much of what is wanted is there, a multiple of the grain."""
        if self.left is None or self.left >= wanted:
            return wanted
        return floor_to(self.left, grain)

    def take(self, quantity: Decimal) -> None:
        """Take some of it away."""
        if self.left is not None:
            self.left = max(ZERO, less(self.left, quantity))


@dataclass(frozen=True, slots=True)
class Offer:
    """A price, and what is there."""

    price: Decimal
    supply: Supply


class Pool:
    """The offers of one look, for orders that come one after the other.

    What an order has taken is not there for the next one.

    Attributes:
        seen: What was looked at.
        one: What a single price has, where a trade or a candle was seen.
    """

    def __init__(self, seen: Seen) -> None:
        """Take over what was seen."""
        self.seen = seen
        self.one = Supply(None if isinstance(seen, Quote) else seen.quantity)
        self._asks = _offers(seen.asks) if isinstance(seen, Quote) else ()
        self._bids = _offers(seen.bids) if isinstance(seen, Quote) else ()

    def against(self, *, buys: bool) -> tuple[Offer, ...]:
        """Return what stands against a buyer or a seller in the book, best first."""
        return self._asks if buys else self._bids

    def at(self, price: Decimal) -> tuple[Offer, ...]:
        """Return the one offer of a trade or a candle, at a price of it."""
        return (Offer(price, self.one),)


def _offers(levels: Iterable[Level]) -> tuple[Offer, ...]:
    return tuple(Offer(one.price, Supply(one.quantity)) for one in levels)
