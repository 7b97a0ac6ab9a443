"""Match an order with what was seen of a market.

An order that arrives takes what the book offers up to its limit, best price first. What
is left of a limit order rests, and is executed only once the price has traded *through*
its limit: a price that merely touches it says nothing about our place in the queue, which
nobody was in. This is hftbacktest's rule of a risk-averse queue, taken to its end: all
others at our price come first. A resting order gets its own price, never a better one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.exchanges.account_port import TimeInForce, VenueOrderState
from apps.exchanges.adapters.paper.amounts import (
    ZERO,
    floor_to,
    less,
    over_down,
    plain,
    plus,
    times,
)
from apps.exchanges.adapters.paper.contracts import Deal, Outcome, Print, Quote

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from apps.exchanges.adapters.paper.contracts import Bar, Seen, Ticket
    from apps.exchanges.adapters.paper.pool import Offer, Pool

TOO_DEAR = "the funds do not reach for more"


def arrive(ticket: Ticket, pool: Pool, budget: Decimal) -> Outcome:
    """Match an order with the prices that it is placed upon, however old they are.

    Args:
        ticket: The order; it is changed.
        pool: What was seen last before it came.
        budget: What a buyer may spend, quote units; a seller's is its quantity.
    """
    return _meet(ticket, pool, budget)


def meet(ticket: Ticket, pool: Pool, budget: Decimal) -> Outcome:
    """Match an open order with what was seen next, unless it was seen too early.

    Args:
        ticket: The order; it is changed.
        pool: What was seen; what the order takes is taken from it.
        budget: What a buyer may spend, quote units; a seller's is its quantity.
    """
    at = _time_of(ticket, pool.seen)
    new = ticket.looked_ns is None or at > ticket.looked_ns
    return _meet(ticket, pool, budget) if at >= ticket.active_ns and new else Outcome()


def crosses(ticket: Ticket, quote: Quote) -> bool:
    """Return whether an order with a limit would take from the book."""
    best = quote.asks[:1] if ticket.buys else quote.bids[:1]
    price = ticket.price
    return price is not None and any(_within(ticket, one.price) for one in best)


def woken(ticket: Ticket, last: Decimal) -> bool:
    """Return whether a price is the one that an order waits for.

    A stop waits for a worse price, a take-profit for a better one; touching is enough.
    """
    stop = ticket.stop_price
    if stop is None:
        return True
    above = ticket.buys is ticket.kind.waits_for_worse
    return last >= stop if above else last <= stop


def _meet(ticket: Ticket, pool: Pool, budget: Decimal) -> Outcome:
    seen, at = pool.seen, _time_of(ticket, pool.seen)
    first = ticket.looked_ns is None
    if isinstance(seen, Quote):
        outcome = _moment(
            ticket, pool.against(buys=ticket.buys), seen.last, budget, first=first
        )
    elif isinstance(seen, Print):
        outcome = _moment(ticket, pool.at(seen.price), seen.price, budget, first=first)
    else:
        outcome = _bar(ticket, seen, pool, budget, first=first)
    ticket.looked_ns = at
    return outcome


def _time_of(ticket: Ticket, seen: Seen) -> int:
    """Return when a look was; who waits for a price looks at the last one alone."""
    if ticket.waits and isinstance(seen, Quote) and seen.last_ns is not None:
        return max(seen.time_ns, seen.last_ns)
    return seen.time_ns


def _bar(
    ticket: Ticket, bar: Bar, pool: Pool, budget: Decimal, *, first: bool
) -> Outcome:
    """Match an order with a candle: its open, then its range, against the order.

    Of a candle that had begun before the order was there, only the close came after it.
    Which of high and low came first is not known: each order meets what is worse for it,
    a stop before a target (rule 4 of the fill contract), and a limit that only a stop's
    waking has put into the book waits for the next candle.
    """
    before = ticket.active_ns if first else max(ticket.active_ns, ticket.looked_ns or 0)
    if bar.open_ns < before:
        return _moment(ticket, pool.at(bar.close), bar.close, budget, first=first)
    opened = _moment(ticket, pool.at(bar.open), bar.open, budget, first=first)
    if opened.ended is not None:
        return opened
    spent = plus(*(times(one.price, one.quantity) for one in opened.deals))
    ranged = _range(ticket, bar, pool, less(budget, spent))
    return Outcome(
        deals=(*opened.deals, *ranged.deals),
        triggered=opened.triggered or ranged.triggered,
        arrived=opened.arrived,
        ended=ranged.ended,
        reason=ranged.reason,
    )


def _range(ticket: Ticket, bar: Bar, pool: Pool, budget: Decimal) -> Outcome:
    """Match an order that is open after a candle's open with its high and low."""
    stop, price = ticket.stop_price, ticket.price
    if ticket.waits and stop is not None:
        touched = next((p for p in (bar.low, bar.high) if woken(ticket, p)), None)
        if touched is None:
            return Outcome()
        ticket.triggered = True
        return _taken(ticket, pool.at(stop), budget, triggered=True, arrived=False)
    if price is None:
        return Outcome()
    return _rested(ticket, pool.at(bar.low if ticket.buys else bar.high))


def _moment(
    ticket: Ticket,
    offers: Sequence[Offer],
    last: Decimal | None,
    budget: Decimal,
    *,
    first: bool,
) -> Outcome:
    """Match an order with what is offered at one moment."""
    if ticket.waits:
        if last is None or not woken(ticket, last):
            return Outcome(arrived=first)
        ticket.triggered = True
        return _taken(ticket, offers, budget, triggered=True, arrived=first)
    if first:
        return _taken(ticket, offers, budget, triggered=False, arrived=True)
    return _rested(ticket, offers)


def _taken(
    ticket: Ticket,
    offers: Sequence[Offer],
    budget: Decimal,
    *,
    triggered: bool,
    arrived: bool,
) -> Outcome:
    """Take what is offered up to the limit; end or rest with what is left."""

    def outcome(
        deals: tuple[Deal, ...], ended: VenueOrderState | None, reason: str = ""
    ) -> Outcome:
        return Outcome(deals, triggered, arrived, ended, reason)

    crossing = bool(offers) and _within(ticket, offers[0].price)
    if ticket.post_only and crossing:
        told = f"post-only, and it would take at {plain(offers[0].price)}"
        return outcome((), VenueOrderState.EXPIRED, told)
    limited = ticket.kind.has_price
    if limited and ticket.time_in_force is TimeInForce.FOK:
        there = _there(ticket, offers)
        if there < ticket.remaining:
            told = f"fill or kill: {plain(there)} were offered within its limit"
            return outcome((), VenueOrderState.EXPIRED, told)
    deals, broke = _walk(ticket, offers, budget)
    if ticket.remaining == 0:
        return outcome(deals, VenueOrderState.FILLED)
    if limited and ticket.time_in_force is TimeInForce.GTC:
        return outcome(deals, None)
    why = TOO_DEAR if broke else "no more is offered"
    return outcome(deals, VenueOrderState.EXPIRED, why)


def _walk(
    ticket: Ticket, offers: Sequence[Offer], budget: Decimal
) -> tuple[tuple[Deal, ...], bool]:
    """Take level by level; also return whether the budget was the limit."""
    deals: list[Deal] = []
    for offer in offers:
        if ticket.remaining == 0 or not _within(ticket, offer.price):
            break
        quantity = offer.supply.could(ticket.remaining, ticket.grain)
        broke = False
        if ticket.buys and times(offer.price, quantity) > budget:
            means = over_down(budget, offer.price)
            quantity, broke = min(quantity, floor_to(means, ticket.grain)), True
        if quantity > 0:
            budget = less(budget, times(offer.price, quantity))
            offer.supply.take(quantity)
            ticket.remaining = less(ticket.remaining, quantity)
            deals.append(Deal(offer.price, quantity, maker=False))
        if broke:
            return tuple(deals), True
    return tuple(deals), False


def _rested(ticket: Ticket, offers: Sequence[Offer]) -> Outcome:
    """Execute a resting order at its own price by what was offered beyond it."""
    price = ticket.price
    if price is None:
        return Outcome()
    deals: list[Deal] = []
    for offer in offers:
        through = offer.price < price if ticket.buys else offer.price > price
        if ticket.remaining == 0 or not through:
            break
        quantity = offer.supply.could(ticket.remaining, ticket.grain)
        if quantity > 0:
            offer.supply.take(quantity)
            ticket.remaining = less(ticket.remaining, quantity)
            deals.append(Deal(price, quantity, maker=True))
    total = plus(*(one.quantity for one in deals))
    merged = (Deal(price, total, maker=True),) if deals else ()
    ended = VenueOrderState.FILLED if deals and ticket.remaining == 0 else None
    return Outcome(deals=merged, ended=ended)


def _there(ticket: Ticket, offers: Sequence[Offer]) -> Decimal:
    """Return how much of an order is offered within its limit."""
    found = ZERO
    for offer in offers:
        if not _within(ticket, offer.price):
            break
        left = less(ticket.remaining, found)
        found = plus(found, offer.supply.could(left, ticket.grain))
        if found == ticket.remaining:
            break
    return found


def _within(ticket: Ticket, price: Decimal) -> bool:
    """Return whether a price is no worse than the limit, if there is one."""
    limit = ticket.price if ticket.kind.has_price else None
    if limit is None:
        return True
    return price <= limit if ticket.buys else price >= limit
