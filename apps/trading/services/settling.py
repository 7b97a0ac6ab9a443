"""What became of an order whose answer was lost: the venue is asked until it is known.

An order that the venue does not know counts as never arrived only when it said so twice,
the second time after a window in which an order may still be under way, and when no
execution can be one of it. A rejection is never concluded.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from apps.exchanges.errors import OutcomeUnknown, VenueOrderNotFound
from apps.trading.client_ids import UNNAMED
from apps.trading.enums import OrderOrigin, OrderState
from apps.trading.models import Order
from apps.trading.selectors.due import INTENT_LASTS
from apps.trading.services.steps import (
    executions_apply,
    fills_missing,
    order_lock,
    order_step,
    venue_order_take,
)
from apps.trading.services.venue_asking import (
    may_be,
    name_of,
    order_ask,
    order_fills,
    order_unmatched,
    since_of,
)
from apps.trading.services.venue_look import VenueLooks
from apps.trading.transitions import FINAL, UNSETTLED, WORKING

if TYPE_CHECKING:
    from datetime import datetime

    from apps.exchanges.account_port import AccountPort, VenueOrder
    from apps.trading.services.venue_look import VenueLook

# Between the two answers that an order is not known.
SECOND_LOOK = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Settlement:
    """What came of asking for one order.

    Attributes:
        before: Where it was.
        after: Where it is.
        applied: How many executions were new.
        found: What a person should know: `never_sent`, `never_arrived`, `forgotten`,
            `filled_less`, `fills_missing`, `unclear`; empty where there is nothing.
        theirs: What the venue said of it; empty for nothing.
    """

    before: OrderState
    after: OrderState
    applied: int = 0
    found: str = ""
    theirs: str = ""

    @property
    def settled(self) -> bool:
        """Return whether what became of it is known since."""
        return self.before in UNSETTLED and self.after not in UNSETTLED


def order_settle(
    *, order: Order, port: AccountPort, now: datetime, looks: VenueLooks | None = None
) -> Settlement:
    """Ask the venue what became of an order, and take that over.

    Safe to be called at any time, by several at once, and to be killed in the middle. No
    transaction is open while the venue is asked.

    Args:
        order: Which one; refreshed in place.
        port: Its account.
        now: The moment, UTC.
        looks: What the venue rests and executed, where it is listed for many orders.

    Raises:
        ApplicationError: The venue could not be asked; nothing is changed.
    """
    order.refresh_from_db(from_queryset=Order.objects.select_related("account"))
    before = OrderState(order.state)
    if before is OrderState.INTENT:
        return _intent_withdraw(order, now)
    if before in FINAL or being_sent(order, now=now):
        return Settlement(before, before)
    Order.objects.filter(pk=order.pk).update(looked_at=now)
    look = (looks or VenueLooks(order.account_id, port, now)).of(order.symbol)
    told = order_ask(order, look)
    if told is None:
        return _missing(order, look, before, now)
    return _taken(order, port, told, before, now)


def being_sent(order: Order, *, now: datetime) -> bool:
    """Return whether somebody may be sending an order at the moment."""
    until = order.sending_until
    return order.state == OrderState.SENT and until is not None and until > now


def grace_ends(order: Order) -> datetime:
    """Return until when an order may be at its venue without being found there."""
    grace = timedelta(seconds=settings.RECONCILE_GRACE_SECONDS)
    first = order.not_found_at
    if OrderState(order.state) in WORKING and first is not None:
        # It was there: this is about when it was first missed.
        return first + grace
    begun = max(
        order.sent_at or order.created_at, order.sending_until or order.created_at
    )
    ends = begun + grace
    return ends if first is None else max(ends, first + min(SECOND_LOOK, grace))


def _intent_withdraw(order: Order, now: datetime) -> Settlement:
    """End an order that nobody can be about to send any more.

    It is made `sent`, with its row locked and committed, before anything leaves: what is
    an intent under that lock was never sent, and never will be.
    """
    before = OrderState(order.state)
    if order.created_at + INTENT_LASTS > now:
        return Settlement(before, before)
    with transaction.atomic():
        if order_lock(order).state == OrderState.INTENT:
            message = "It was written down, and whoever was to send it ended before."
            order_step(
                order=order,
                to=OrderState.CANCELLED,
                cause="never_sent",
                now=now,
                detail=message,
                error_code="never_sent",
                error_message=message,
            )
    return Settlement(before, OrderState(order.state), found="never_sent")


def _taken(
    order: Order,
    port: AccountPort,
    told: VenueOrder,
    before: OrderState,
    now: datetime,
) -> Settlement:
    known, fills = order.filled, order_fills(order, port, told)
    count = order.executions.count() if fills else 0
    venue_order_take(order=order, told=told, now=now, cause="settled", fills=fills)
    if order.not_found_at is not None:
        Order.objects.filter(pk=order.pk).update(not_found_at=None)
        order.not_found_at = None
    if order.cancel_asked_at is not None and OrderState(order.state) in WORKING:
        order_pull(order=order, port=port, now=now)
    found = ""
    if told.filled is not None and told.filled < known:
        found = "filled_less"
    elif fills_missing(order):
        found = "fills_missing"
    applied = order.executions.count() - count if fills else 0
    theirs = f"{told.state} {told.filled}"
    return Settlement(before, OrderState(order.state), applied, found, theirs)


def order_pull(*, order: Order, port: AccountPort, now: datetime) -> None:
    """Ask for an order to be cancelled, and take over what the venue says of it then.

    A cancel may be asked for again: it ends what is open, and nothing else.

    Raises:
        ApplicationError: The venue could not be asked.
    """
    # It has ended, or nobody knows: what the venue says of it next tells.
    with suppress(VenueOrderNotFound, OutcomeUnknown):
        port.order_cancel(order.symbol, **name_of(order))
    look = VenueLooks(order.account_id, port, now).of(order.symbol)
    told = order_ask(order, look)
    if told is not None:
        fills = order_fills(order, port, told)
        venue_order_take(order=order, told=told, now=now, cause="cancel", fills=fills)


def _missing(
    order: Order, look: VenueLook, before: OrderState, now: datetime
) -> Settlement:
    """Look at executions where the venue knows no such order, then wait, then conclude."""
    if order.venue_order_id:
        fills = look.executed(since_of(order))
        own = [one for one in fills if one.order_id == order.venue_order_id]
        applied = executions_apply(order=order, fills=own, now=now)
        if applied:
            return Settlement(before, OrderState(order.state), applied)
    else:
        told, unclear = order_unmatched(order, look)
        if told is not None:
            return _taken(order, look.port, told, before, now)
        if unclear or _rests_unnamed(order, look):
            return Settlement(before, before, found="unclear", theirs="not found")
    return _conclude(order, before, now, look.listed_at())


def _rests_unnamed(order: Order, look: VenueLook) -> bool:
    """Return whether an order may be this one, of which the venue tells no name of ours.

    It rests at the venue, or was taken over since as made elsewhere.
    """
    others = Order.objects.filter(account_id=order.account_id, symbol=order.symbol)
    alike = {one.id for one in look.resting() if may_be(order, one)}
    made_here = others.exclude(origin=OrderOrigin.EXTERNAL.value)
    known = made_here.filter(venue_order_id__in=alike)
    if alike - set(known.values_list("venue_order_id", flat=True)):
        return True
    taken = others.filter(
        origin=OrderOrigin.EXTERNAL.value,
        client_order_id__startswith=UNNAMED,
        side=order.side,
        quantity=order.quantity,
        sent_at__gte=since_of(order),
    )
    if order.price is not None:
        taken = taken.filter(price=order.price)
    return taken.exists()


def _conclude(
    order: Order, before: OrderState, now: datetime, listed_at: datetime
) -> Settlement:
    """End an order that the venue has twice said not to know, once it had its time.

    What was listed before it had its time is no proof that it never arrives.
    """
    with transaction.atomic():
        order_lock(order)
        if OrderState(order.state) is not before:
            return Settlement(before, OrderState(order.state))
        if order.not_found_at is None:
            Order.objects.filter(pk=order.pk).update(not_found_at=now)
            order.not_found_at = now
            return Settlement(before, before, theirs="not found")
        if min(now, listed_at) < grace_ends(order):
            return Settlement(before, before, theirs="not found")
        found = "forgotten" if before in WORKING else "never_arrived"
        message = _MESSAGES[found]
        order_step(
            order=order,
            to=OrderState.EXPIRED,
            cause="not_found",
            now=now,
            detail=message,
            error_code=found,
            error_message=message,
        )
    return Settlement(before, OrderState(order.state), found=found, theirs="not found")


_MESSAGES = {
    "never_arrived": (
        "The venue said twice that it knows no such order, the second time after the "
        "grace, and it executed nothing of it: the order never arrived."
    ),
    "forgotten": (
        "The venue had the order, and now says again and again that it knows none. "
        "Nothing more of it is expected; look at the venue."
    ),
}
