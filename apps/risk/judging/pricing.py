"""What an order is valued at: what it could cost at worst, never zero."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from apps.core.exact import WIDE, exact, times

if TYPE_CHECKING:
    from apps.risk.contracts import OrderDraft

BUY = "buy"
SELL = "sell"
# How far from the best price an order without a limit is taken to trade, where the limits
# name no collar.
MARGIN = Decimal("0.05")
# Of a limit price that would trade against the market, where the limits name no collar.
FAR = Decimal("0.5")
_WITH_PRICE = frozenset({"limit", "stop_limit", "take_profit_limit"})


@dataclass(frozen=True, slots=True)
class Quote:
    """A market's latest prices, and how old they are.

    Attributes:
        bid: The best that is bid; the last price where none is.
        ask: The best that is asked; the last price where none is.
        last: Of the last trade; the middle where none is known.
        age_seconds: Since they were received.
    """

    bid: Decimal
    ask: Decimal
    last: Decimal
    age_seconds: float

    @property
    def mark(self) -> Decimal:
        """Return what is held is valued at: the middle of bid and ask."""
        return exact(WIDE.divide(WIDE.add(self.bid, self.ask), Decimal(2)))


def limit_of(draft: OrderDraft) -> Decimal | None:
    """Return an order's limit; None where it trades at any price."""
    return draft.price if draft.kind in _WITH_PRICE else None


def worst_price(
    draft: OrderDraft, quote: Quote | None, margin: Decimal | None
) -> Decimal | None:
    """Return the highest price that an order may trade at, quote per base.

    A buy with a limit never costs more than it. One without trades at what is asked, or
    at its stop, and the margin more. A sell with a limit far below the market trades at
    the market: it is valued at the higher of both.

    Args:
        draft: The order.
        quote: The market's prices; None where there are none.
        margin: A fraction; None for 0.05.

    Returns:
        None where no price tells it.
    """
    limit = limit_of(draft)
    if draft.side == BUY and limit is not None:
        return limit
    if quote is None:
        return None
    more = WIDE.add(1, MARGIN if margin is None else margin)
    near = quote.ask if draft.side == BUY else quote.bid
    waits = draft.stop_price
    moved = times(near if waits is None else max(near, waits), more)
    return moved if limit is None else max(limit, moved)


def order_price(
    draft: OrderDraft, quote: Quote | None, margin: Decimal | None, *, known: bool
) -> Decimal | None:
    """Return what an order is valued at, quote per base.

    Args:
        draft: The order.
        quote: The market's prices; None where there are none.
        margin: As of `worst_price`.
        known: Whether they tell where it trades; else its own limit does, if it has one.
    """
    limit = limit_of(draft)
    return worst_price(draft, quote, margin) if known or limit is None else limit


def needed_price(draft: OrderDraft, quote: Quote | None) -> Decimal | None:
    """Return what a buy takes of its quote currency for one unit of the base."""
    limit = limit_of(draft)
    if limit is not None:
        return limit
    if quote is None:
        return None
    waits = draft.stop_price
    return quote.ask if waits is None else max(quote.ask, waits)


def entry_price(draft: OrderDraft, quote: Quote | None) -> Decimal | None:
    """Return where an order would get in: its limit, its stop, or the best price."""
    if (limit := limit_of(draft)) is not None:
        return limit
    if draft.stop_price is not None:
        return draft.stop_price
    if quote is None:
        return None
    return quote.ask if draft.side == BUY else quote.bid
