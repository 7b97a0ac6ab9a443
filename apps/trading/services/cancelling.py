"""Cancel orders: the wish is committed first, the venue is asked, its answer decides.

A venue that knows no such open order may have filled it: it is looked at before anything
is concluded. What is not confirmed stays open and wanted gone; the trading process asks
again.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import transaction

from apps.core.errors import BadUpstream, RateLimited, Unavailable
from apps.core.exact import plain
from apps.portfolio import venues
from apps.trading.enums import OrderState
from apps.trading.errors.orders import (
    OrderAlreadyCancelled,
    OrderAlreadyExpired,
    OrderAlreadyFilled,
    OrderAlreadyRejected,
)
from apps.trading.selectors.orders import order_get
from apps.trading.services.order_writing import OrderWriter
from apps.trading.services.outside import Elapsed, outside_check
from apps.trading.services.settling import being_sent, order_pull
from apps.trading.services.steps import order_lock
from apps.trading.transitions import FINAL

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from apps.core.errors import ApplicationError
    from apps.exchanges.account_port import AccountPort
    from apps.trading.models import Order
    from apps.users.models import User

logger = logging.getLogger(__name__)

_ENDED: dict[OrderState, type[ApplicationError]] = {
    OrderState.FILLED: OrderAlreadyFilled,
    OrderState.CANCELLED: OrderAlreadyCancelled,
    OrderState.REJECTED: OrderAlreadyRejected,
    OrderState.EXPIRED: OrderAlreadyExpired,
}
# Whatever of these a venue says, the order may still be open, and the next ask may help.
_NOT_NOW = (Unavailable, RateLimited, BadUpstream)


def order_cancel(*, actor: User, order_id: UUID, now: datetime) -> Order:
    """Cancel an order.

    Args:
        actor: Who asks; must own the order.
        order_id: Which one.
        now: The moment, UTC.

    Raises:
        OrderNotFound: No such order for this actor.
        OrderAlreadyFilled, OrderAlreadyCancelled, OrderAlreadyRejected,
            OrderAlreadyExpired: It had ended, or was filled before it could be cancelled.
        ApplicationError: The venue refuses to be asked.

    Returns:
        The order: cancelled, or where it was with `cancel_asked_at` set, where the venue
        has not confirmed it yet.
    """
    return order_cancel_on(order=order_get(actor=actor, order_id=order_id), now=now)


def order_cancel_on(*, order: Order, now: datetime) -> Order:
    """Cancel an order that the caller may trade; see `order_cancel`."""
    outside_check()
    clock = Elapsed(now)
    _wish(order, now)
    if order.state == OrderState.CANCELLED or being_sent(order, now=now):
        # Never sent; or whoever sends it looks for the wish once there is an answer.
        return order
    cancel_ask(
        order=order, port=venues.account_port(order.account, now=now), now=clock.now()
    )
    if OrderState(order.state) in FINAL and order.state != OrderState.CANCELLED:
        raise ended_error(order)
    return order


def cancel_ask(*, order: Order, port: AccountPort, now: datetime) -> Order:
    """Ask the venue to cancel an order, and take over what it says of it then.

    Where the venue cannot be asked, or nobody knows what became of it, the order stays
    where it is, with the wish.

    Args:
        order: Which one; refreshed in place.
        port: Its account at the venue.
        now: The moment, UTC.
    """
    outside_check()
    try:
        order_pull(order=order, port=port, now=now)
    except _NOT_NOW as error:
        logger.warning("cancel of %s is not confirmed: %s", order.pk, error.message)
    return order


def ended_error(order: Order) -> ApplicationError:
    """Return what says that an order has ended, and how."""
    state = OrderState(order.state)
    filled = (
        f"; {plain(order.filled)} of {plain(order.quantity)} {order.base} is filled"
    )
    msg = f"The order {order.client_order_id} is {state} already{filled}."
    return _ENDED[state](msg)


def _wish(order: Order, now: datetime) -> None:
    """Commit that an order is to be cancelled; one that was not sent is, with that.

    Raises:
        ApplicationError: It has ended.
    """
    with transaction.atomic(durable=True):
        writer = OrderWriter(order_lock(order), now)
        if OrderState(order.state) in FINAL:
            raise ended_error(order)
        if order.cancel_asked_at is None:
            writer.change(cancel_asked_at=now)
        if order.state == OrderState.INTENT:
            writer.step(OrderState.CANCELLED, cause="cancel")
        writer.write()
