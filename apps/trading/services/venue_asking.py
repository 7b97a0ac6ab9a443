"""What a venue is asked of orders and their executions; nothing is written."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from apps.exchanges.errors import ExchangeUnsupported, VenueOrderNotFound
from apps.market.moments import ns_from_datetime
from apps.trading.enums import OrderOrigin
from apps.trading.services.venue_look import MARGIN, names_known

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from apps.exchanges.account_port import AccountPort, VenueFill, VenueOrder
    from apps.trading.models import Order
    from apps.trading.services.venue_look import VenueLook

# By how much our own clock may have been off where an order's name or shape is ours.
_CLOCK_OFF = timedelta(days=1)


def since_of(order: Order) -> datetime:
    """Return a moment before anything of an order can have been executed."""
    return min(order.sent_at or order.created_at, order.created_at) - MARGIN


def name_of(order: Order) -> dict[str, str]:
    """Return by which name the venue is asked for an order: its own, once it is known."""
    if order.venue_order_id:
        return {"order_id": order.venue_order_id}
    return {"client_order_id": order.client_order_id}


def order_ask(order: Order, look: VenueLook) -> VenueOrder | None:
    """Return what the venue knows of an order, by its own name or by ours.

    What the venue rests in its book is looked through as well, before it is believed to
    know nothing.

    Raises:
        ApplicationError: The venue could not be asked, which says nothing of the order.
    """
    for named in _names(order):
        try:
            told = look.port.order_get(order.symbol, **named)
        except VenueOrderNotFound:
            continue
        if is_ours(order, told):
            return told
    names = {order.venue_order_id, order.client_order_id} - {""}
    for one in look.resting():
        if (one.id in names or one.client_order_id in names) and is_ours(order, one):
            return _by_now(one, look)
    return None


def _by_now(listed: VenueOrder, look: VenueLook) -> VenueOrder:
    """Return where an order is that was listed, perhaps some seconds ago."""
    try:
        return look.port.order_get(listed.symbol, order_id=listed.id)
    except (VenueOrderNotFound, ExchangeUnsupported):
        return listed


def is_ours(order: Order, told: VenueOrder) -> bool:
    """Return whether an order that was found by our name is the one that was sent.

    Some venues take a name again once its order has ended: an older order of the name,
    or one of another size, is another one. Where our clock was ahead, one that bears our
    name seems to be older than it is.
    """
    if told.id == order.venue_order_id:
        return True
    since = since_of(order)
    if told.client_order_id == order.client_order_id:
        since -= _CLOCK_OFF
    return _alike(order, told, since)


def may_be(order: Order, told: VenueOrder) -> bool:
    """Return whether an order for which the venue tells no name of ours may be this one.

    Args:
        order: Of which the venue's name is not known.
        told: What the venue has.
    """
    return (
        not told.client_order_id
        and not order.venue_order_id
        and (order.price is None or told.price in (None, order.price))
        and _alike(order, told, since_of(order) - _CLOCK_OFF)
    )


def _alike(order: Order, told: VenueOrder, since: datetime) -> bool:
    return (
        told.symbol == order.symbol
        and told.side in (None, order.side)
        and told.quantity in (None, order.quantity)
        and (told.created_ns is None or told.created_ns >= ns_from_datetime(since))
    )


def order_fills(
    order: Order, port: AccountPort, told: VenueOrder
) -> tuple[VenueFill, ...]:
    """Return the executions of an order where the venue has some that we have not."""
    if told.filled is not None and told.filled <= order.filled:
        return ()
    since = ns_from_datetime(since_of(order))
    if told.created_ns is not None:
        since = min(since, told.created_ns)
    return port.fills_of_order(order.symbol, told.id, since)


def order_unmatched(order: Order, look: VenueLook) -> tuple[VenueOrder | None, bool]:
    """Look for an order among those that were executed and that nobody knows.

    Args:
        order: Which is looked for; the venue knows none of its names.
        look: What the venue executed.

    Returns:
        The order, or None; and whether one that was executed may be it, or not.
    """
    fills = look.executed(since_of(order))
    same_side = {one.order_id for one in fills if one.side == order.side}
    names = {one for one in look.strangers() if one in same_side}
    unclear = False
    # Others that were missed may have been found since.
    for name in sorted(names - names_known(order.account_id, order.symbol, names)):
        told = look.stranger(name)
        if told is None:
            unclear = True
            continue
        if told.client_order_id == order.client_order_id:
            return _by_now(told, look), False
        unclear |= told.client_order_id is None and told.quantity in (
            None,
            order.quantity,
        )
    return None, unclear


def _names(order: Order) -> Iterator[dict[str, str]]:
    if order.venue_order_id:
        yield {"order_id": order.venue_order_id}
    if order.origin != OrderOrigin.EXTERNAL.value:
        yield {"client_order_id": order.client_order_id}
