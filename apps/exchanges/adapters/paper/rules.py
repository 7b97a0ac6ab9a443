"""What the paper venue refuses when an order comes, as venues do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.exchanges.account_port import OrderKind, OrderSide, TimeInForce
from apps.exchanges.adapters.paper.amounts import (
    PLACES,
    floor_to,
    on_grid,
    places_of,
    plain,
    times,
)
from apps.exchanges.adapters.paper.matching import crosses, woken
from apps.exchanges.errors import ExchangeRejected
from apps.exchanges.order_checks import prices_check

if TYPE_CHECKING:
    from decimal import Decimal

    from apps.exchanges.account_port import OrderRequest
    from apps.exchanges.adapters.paper.contracts import Quote, Rules, Ticket

_LONGEST_NAME = 64
_MOST_DIGITS = 18


def request_check(request: OrderRequest, rules: Rules, quote: Quote | None) -> None:
    """Refuse an order that is not one, or breaks a rule of its market.

    Args:
        request: The order.
        rules: Of the market, as far as they are known.
        quote: The market now, to value an order without a limit by; None: unknown.

    Raises:
        ExchangeRejected: Says which rule, and what would be right.
    """
    _shape_check(request)
    amounts = {
        "quantity": (request.quantity, rules.quantity_step),
        "price": (request.price, rules.price_tick),
        "stop_price": (request.stop_price, rules.price_tick),
    }
    for name, (value, grain) in amounts.items():
        if value is not None:
            _amount_check(name, value, grain, rules.symbol)
    _places_check(request)
    if rules.min_quantity is not None and request.quantity < rules.min_quantity:
        msg = (
            f"{rules.symbol} takes orders from {plain(rules.min_quantity)} "
            f"{rules.base} on, not {plain(request.quantity)}"
        )
        raise ExchangeRejected(msg, attr="quantity")
    price = request.price or request.stop_price or _touch(request, quote)
    if price is None:
        return
    worth = times(price, request.quantity)
    if worth.adjusted() >= _MOST_DIGITS:
        msg = f"an order is worth less than 1e{_MOST_DIGITS} {rules.quote}"
        raise ExchangeRejected(msg, attr="quantity")
    if rules.min_notional is not None and worth < rules.min_notional:
        msg = (
            f"{rules.symbol} takes orders worth {plain(rules.min_notional)} "
            f"{rules.quote} or more, not {plain(worth)}"
        )
        raise ExchangeRejected(msg, attr="quantity")


def ticket_check(ticket: Ticket, quote: Quote) -> None:
    """Refuse an order that the prices of now forbid.

    Raises:
        ExchangeRejected: It is post-only and would take, or waits for what is already.
    """
    if ticket.post_only and crosses(ticket, quote):
        best = (quote.asks if ticket.buys else quote.bids)[0]
        msg = f"a post-only order would take at {plain(best.price)}"
        raise ExchangeRejected(msg, attr="post_only")
    if ticket.waits and quote.last is not None and woken(ticket, quote.last):
        msg = f"the stop price would be met at once: the last price is {plain(quote.last)}"
        raise ExchangeRejected(msg, attr="stop_price")


def _shape_check(request: OrderRequest) -> None:
    if not 1 <= len(request.client_order_id) <= _LONGEST_NAME:
        msg = f"a client order id has 1 to {_LONGEST_NAME} characters"
        raise ExchangeRejected(msg, attr="client_order_id")
    prices_check(request)
    may_rest = request.time_in_force is TimeInForce.GTC
    if request.post_only and not (request.kind is OrderKind.LIMIT and may_rest):
        msg = "only a limit order that may rest (GTC) can be post-only"
        raise ExchangeRejected(msg, attr="post_only")


def _amount_check(
    name: str, value: Decimal, grain: Decimal | None, symbol: str
) -> None:
    if not value.is_finite() or value <= 0 or value.adjusted() >= _MOST_DIGITS:
        msg = f"{name} is above 0 with at most {_MOST_DIGITS} digits before the point"
        raise ExchangeRejected(msg, attr=name)
    if grain and not on_grid(value, grain):
        near = floor_to(value, grain) or grain
        msg = (
            f"{plain(value)} is no {name} of {symbol}: they are multiples of "
            f"{plain(grain)}; the nearest below is {plain(near)}"
        )
        raise ExchangeRejected(msg, attr=name)


def _places_check(request: OrderRequest) -> None:
    """Keep what an order holds exact: a product has the places of both factors."""
    price = max(
        (places_of(one) for one in (request.price, request.stop_price) if one),
        default=0,
    )
    if price + places_of(request.quantity) > PLACES:
        msg = f"price and quantity have more than {PLACES} decimal places together"
        raise ExchangeRejected(msg, attr="quantity")


def _touch(request: OrderRequest, quote: Quote | None) -> Decimal | None:
    if quote is None:
        return None
    offers = quote.asks if request.side is OrderSide.BUY else quote.bids
    return offers[0].price if offers else quote.last
