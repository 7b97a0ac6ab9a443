"""What an order holds, and what an execution moves."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from apps.exchanges.adapters.paper.amounts import (
    PLACES,
    ZERO,
    less,
    places_of,
    plus,
    times,
    times_up,
)

if TYPE_CHECKING:
    from apps.exchanges.adapters.paper.contracts import (
        Deal,
        Fees,
        Quote,
        Rules,
        Ticket,
    )

_USUAL_PLACES = 8


@dataclass(frozen=True, slots=True)
class Moves:
    """What one execution moves.

    Attributes:
        spent: Taken from what the order spends: quote of a buyer, base of a seller.
        received: Given of the other currency, before the fee.
        fee: Taken from what was received.
        notional: Price times quantity, quote units.
    """

    spent: Decimal
    received: Decimal
    fee: Decimal
    notional: Decimal


def moves_of(ticket: Ticket, deal: Deal, fees: Fees) -> Moves:
    """Return what an execution moves; its fee is taken from what is received."""
    notional = times(deal.price, deal.quantity)
    spent, received = (
        (notional, deal.quantity) if ticket.buys else (deal.quantity, notional)
    )
    fee = times(received, fees.maker if deal.maker else fees.taker)
    return Moves(spent, received, fee, notional)


def held_by(ticket: Ticket, quote: Quote | None = None) -> Decimal:
    """Return what an open order has to hold of the currency that it spends.

    A buyer without a limit holds what it would cost at its stop price, or at the best
    offers of now where there is none or they are worse; if it comes to cost more, the
    rest is paid from what is free.
    """
    if not ticket.buys:
        return ticket.remaining
    if ticket.price is not None:
        return times_up(ticket.price, ticket.remaining)
    left, cost = ticket.remaining, ZERO
    worst = ticket.stop_price or ZERO
    for level in quote.asks if quote is not None else ():
        quantity = left if level.quantity is None else min(left, level.quantity)
        worst = max(worst, level.price)
        cost = plus(cost, times_up(level.price, quantity))
        left = less(left, quantity)
        if left == 0:
            break
    cost = plus(cost, times_up(worst, left))
    at_stop = times_up(ticket.stop_price or ZERO, ticket.remaining)
    return max(cost, at_stop)


def grain_of(rules: Rules, price: Decimal | None) -> Decimal:
    """Return what partial executions are multiples of, so that their cost is exact."""
    finest = PLACES - (places_of(price) if price is not None else 0)
    usual = Decimal(1).scaleb(-min(_USUAL_PLACES, finest))
    if not rules.quantity_step:
        return usual
    return max(rules.quantity_step, Decimal(1).scaleb(-finest))
