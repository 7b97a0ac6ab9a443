"""The only writers of an order's state, its executions, and what the venue said of it.

Each locks the order's row first and refreshes the order that it was given; see
`apps.trading.services.order_writing` for what is locked after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from apps.core.exact import plain
from apps.exchanges.account_port import VenueOrderState
from apps.trading.enums import OrderState
from apps.trading.models import Order
from apps.trading.services.executing import executions_write
from apps.trading.services.order_writing import OrderWriter
from apps.trading.transitions import FINAL, WORKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from decimal import Decimal

    from apps.exchanges.account_port import VenueFill, VenueOrder

# The cause of what is told as a venue takes an order.
PLACED = "placed"
_WITHDRAWN = {
    VenueOrderState.CANCELLED: OrderState.CANCELLED,
    VenueOrderState.EXPIRED: OrderState.EXPIRED,
}


def order_lock(order: Order) -> Order:
    """Lock an order's row until the end of the transaction, and refresh the order."""
    account = order.account
    order.refresh_from_db(from_queryset=Order.objects.select_for_update())
    order.account = account
    return order


def order_step(
    *,
    order: Order,
    to: OrderState,
    cause: str,
    now: datetime,
    detail: str = "",
    **changes: Any,
) -> Order:
    """Take an order to a state, write down why, and tell of it.

    Where it is there already only the changes are written.

    Args:
        order: Which one; refreshed in place.
        to: The state.
        cause: Why, in a word: `placed`, `venue`, `cancel`, `settled`, `not_sent`.
        now: The moment, UTC.
        detail: For a person.
        changes: Other fields of the order, by name.

    Raises:
        OrderStepRefused: No order goes from its state to that one; nothing is written.
    """
    with transaction.atomic():
        writer = OrderWriter(order_lock(order), now)
        writer.change(**changes)
        writer.step(to, cause=cause, detail=detail)
        writer.write()
    return order


def executions_apply(*, order: Order, fills: Sequence[VenueFill], now: datetime) -> int:
    """Apply executions of an order, each of the venue's trade ids once, for ever.

    They may come doubled, in any order, and after the order has ended. More than the
    order's quantity is what the venue did all the same: it is in the ledger, and the
    order is `disputed`.

    Args:
        order: Whose executions; refreshed in place.
        fills: As the venue tells them.
        now: The moment, UTC.

    Returns:
        How many were new.
    """
    if not fills:
        return 0
    with transaction.atomic():
        writer = OrderWriter(order_lock(order), now)
        applied = executions_write(writer, fills, now=now)
        writer.write()
    return applied


def venue_order_take(
    *,
    order: Order,
    told: VenueOrder,
    now: datetime,
    cause: str = "venue",
    fills: Sequence[VenueFill] | None = None,
) -> Order:
    """Take over what the venue says of an order; it never goes backwards.

    An order that the venue calls filled, cancelled or expired ends when all executions
    of it are applied: until then it stays open, `venue_filled` says how much is known to
    be filled, and `fills_missing` says that executions have to be fetched.

    Args:
        order: Which one; refreshed in place.
        told: What the venue says.
        now: The moment, UTC.
        cause: Why it was asked.
        fills: All executions of the order, asked for after it; applied first, in the same
            transaction. None: they were not asked for.
    """
    try:
        with transaction.atomic():
            writer = OrderWriter(order_lock(order), now)
            told_write(writer, told, now=now, cause=cause, fills=fills)
            writer.write()
    except IntegrityError:
        other = _other_of(order, told)
        if other is None:
            raise
        _doubled_write(order, other, told, now)
    return order


def told_write(
    writer: OrderWriter,
    told: VenueOrder,
    *,
    now: datetime,
    cause: str,
    fills: Sequence[VenueFill] | None,
) -> None:
    """Take over what the venue says of a locked order; see `venue_order_take`.

    Args:
        writer: Of the order; whoever calls writes it.
        told: What the venue says.
        now: The moment, UTC.
        cause: Why it was asked.
        fills: All executions of the order, or None.
    """
    if fills:
        executions_write(writer, fills, now=now)
    _amounts_take(writer, told)
    _state_take(writer, told, cause, looked=fills is not None)


def _other_of(order: Order, told: VenueOrder) -> Order | None:
    """Return another order of the account that the venue's name belongs to."""
    others = Order.objects.filter(
        account_id=order.account_id, symbol=order.symbol, venue_order_id=told.id
    )
    return others.exclude(pk=order.pk).first()


def _doubled_write(order: Order, other: Order, told: VenueOrder, now: datetime) -> None:
    """Write down that an order was taken over as another one before it had its name.

    What is executed of it is written there. This one is unknown until that one has
    ended, and then ends as well.
    """
    message = (
        f"The venue calls it {told.id}, and so it calls {other.client_order_id}, which "
        "was taken over from there: its executions are with that one."
    )
    with transaction.atomic():
        writer = OrderWriter(order_lock(order), now)
        writer.found("order_doubled", message, venue_order_id=told.id)
        ended = OrderState(other.state) in FINAL
        to = OrderState.CANCELLED if ended else OrderState.UNKNOWN
        if OrderState(order.state) in {OrderState.SENT, OrderState.UNKNOWN}:
            writer.change(error_code="order_doubled", error_message=message)
            writer.change(unknown_at=order.unknown_at or now)
            writer.step(to, cause="doubled", detail=message)
        writer.write()


def fills_missing(order: Order) -> bool:
    """Return whether the venue has filled more of an order than is applied."""
    return order.venue_filled is not None and order.venue_filled > order.filled


def _amounts_take(writer: OrderWriter, told: VenueOrder) -> None:
    order = writer.order
    if not order.venue_order_id:
        writer.change(venue_order_id=told.id)
    elif order.venue_order_id != told.id:
        detail = f"The venue calls it {told.id}, and called it {order.venue_order_id}."
        writer.found("order_renamed", detail, venue_order_id=told.id)
    if told.quantity is not None and told.quantity != order.quantity:
        detail = f"The venue has {told.quantity}, and was sent {order.quantity}."
        writer.found("order_quantity_differs", detail, theirs=str(told.quantity))
    filled = told.filled
    if filled is None and told.state is VenueOrderState.FILLED:
        filled = order.quantity
    if filled is None:
        return
    known = max(order.filled, order.venue_filled or order.filled)
    if filled < known:
        detail = f"The venue says {filled} is filled, and {known} was before."
        writer.found("order_filled_less", detail, theirs=str(filled))
    elif filled > 0:
        writer.change(venue_filled=filled)


def _state_take(
    writer: OrderWriter, told: VenueOrder, cause: str, *, looked: bool
) -> None:
    order, state = writer.order, OrderState(writer.order.state)
    if state in FINAL:
        if told.state is VenueOrderState.OPEN and not _late(told, order.filled):
            detail = f"The venue says that it is open; here it is {state}."
            writer.found("order_open_at_venue", detail)
        return
    if told.state is VenueOrderState.REJECTED:
        _reject(writer, cause)
    elif told.state in _WITHDRAWN and _complete(order, told, looked=looked):
        # It was taken all the same: that nobody knew so is over.
        writer.change(error_code="", error_message="")
        writer.step(_WITHDRAWN[told.state], cause=cause)
    elif _short(order, told, cause):
        detail = (
            f"The venue calls it filled at {plain(order.filled)} of "
            f"{plain(order.quantity)}; nothing more of it is expected."
        )
        writer.found("order_filled_short", detail, theirs=str(told.filled))
        writer.step(OrderState.CANCELLED, cause="venue", detail=detail)
    elif state not in WORKING:
        # Taken, and nothing that we could prove is filled yet.
        writer.step(OrderState.OPEN, cause=cause)


def _reject(writer: OrderWriter, cause: str) -> None:
    if writer.order.filled or writer.order.state == OrderState.PARTIALLY_FILLED:
        detail = f"The venue calls it rejected; {writer.order.filled} of it is filled."
        writer.found("order_rejected_after_fill", detail)
        return
    code, message = "venue_rejected", "The venue rejected the order."
    writer.change(error_code=code, error_message=message)
    writer.step(OrderState.REJECTED, cause=cause)


def _complete(order: Order, told: VenueOrder, *, looked: bool) -> bool:
    """Return whether nothing that was executed can be missing."""
    return (looked or told.filled is not None) and not fills_missing(order)


def _short(order: Order, told: VenueOrder, cause: str) -> bool:
    """Return whether the venue has closed an order of which it filled only a part.

    Never by the answer to its placing: that may be from before its executions.
    """
    return (
        told.state is VenueOrderState.FILLED
        and cause != PLACED
        and told.filled is not None
        and not fills_missing(order)
        and not _late(told, order.filled)
    )


def _late(told: VenueOrder, filled: Decimal) -> bool:
    """Return whether what the venue says is from before what we know."""
    return told.filled is not None and told.filled < filled
