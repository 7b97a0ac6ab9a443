"""A change of an order book, as streams tell it and recordings keep it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal


@dataclass(frozen=True, slots=True)
class BookChange:
    """The levels of an order book that changed, or all of them.

    Attributes:
        symbol: The market.
        whole: Whether this is the whole book, which takes the place of what was known.
        bids: Price and new quantity of each changed level; a quantity of 0 removes it.
        asks: Likewise.
        sequence: The venue's number of the state after this change; None where none.
        venue_ns: The venue's time, int64 nanoseconds UTC; None where not told.
        received_ns: When it was received, by this machine's clock.
        resyncs: How often the book had to be read anew since the stream began.
    """

    symbol: str
    whole: bool
    bids: tuple[tuple[Decimal, Decimal], ...]
    asks: tuple[tuple[Decimal, Decimal], ...]
    sequence: int | None
    venue_ns: int | None
    received_ns: int
    resyncs: int
