"""Orders, ours and the venue's, compared; what differs is settled or taken over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.core.errors import ApplicationError
from apps.exchanges.account_port import VenueOrderState
from apps.exchanges.errors import VenueOrderNotFound
from apps.market.moments import ns_from_datetime
from apps.trading.enums import OrderOrigin, OrderState
from apps.trading.models import Order
from apps.trading.services.adopting import order_adopt, order_in_flight
from apps.trading.services.settling import (
    Settlement,
    being_sent,
    order_pull,
    order_settle,
)
from apps.trading.services.steps import fills_missing, venue_order_take
from apps.trading.services.venue_asking import name_of, order_fills
from apps.trading.transitions import FINAL, UNSETTLED, WORKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apps.exchanges.account_port import VenueFill, VenueOrder
    from apps.trading.services.comparison import Comparison

_BEATS = 10


def orders_compare(work: Comparison) -> None:
    """Bring our orders and the venue's to agreement.

    The venue is asked first: an order that it has and we have not was made elsewhere, for
    ours are written down before they are sent.

    Raises:
        ApplicationError: The venue could not be asked.
    """
    told = work.port.orders_open()
    work.beat()
    ours = _Ours(_named(work, told))
    seen: set[str] = set()
    for number, one in enumerate(told):
        if number % _BEATS == _BEATS - 1:
            work.beat()
        order = ours.meant(one)
        if order is None:
            _adopt(work, one)
        else:
            seen.add(str(order.pk))
            with work.alone(order):
                _take(work, order, one)
    for number, order in enumerate(_not_ended(work)):
        if number % _BEATS == _BEATS - 1:
            work.beat()
        if str(order.pk) not in seen:
            with work.alone(order):
                _settle(work, order)
    work.unsettled = Order.objects.filter(
        account=work.account, ended_at__isnull=True, state__in=UNSETTLED
    ).count()


def _not_ended(work: Comparison) -> list[Order]:
    return list(
        Order.objects.select_related("account")
        .filter(account=work.account, ended_at__isnull=True)
        .order_by("created_at", "id")
    )


def _named(work: Comparison, told: tuple[VenueOrder, ...]) -> Iterable[Order]:
    """Return the orders of ours that the venue may mean."""
    orders = Order.objects.select_related("account").filter(account=work.account)
    ids = [one.id for one in told]
    names = [one.client_order_id for one in told if one.client_order_id]
    found: dict[object, Order] = {}
    for first in range(0, len(told), 200):
        last = first + 200
        for query in (
            orders.filter(venue_order_id__in=ids[first:last]),
            orders.filter(client_order_id__in=names[first:last]),
        ):
            found |= {one.pk: one for one in query}
    return found.values()


class _Ours:
    """Orders of ours, to be found by the venue's name or by ours.

    Args:
        orders: Those that the venue may mean.
    """

    def __init__(self, orders: Iterable[Order]) -> None:
        self._by_id: dict[tuple[str, str], Order] = {}
        self._by_name: dict[tuple[str, str | None], Order] = {}
        for one in orders:
            if one.venue_order_id:
                self._by_id[one.symbol, one.venue_order_id] = one
            # A name that somebody used again, elsewhere, is not that order.
            elif one.origin != OrderOrigin.EXTERNAL.value:
                self._by_name[one.symbol, one.client_order_id] = one

    def meant(self, told: VenueOrder) -> Order | None:
        """Return the order that the venue means."""
        by_id = self._by_id.get((told.symbol, told.id))
        named = self._by_name.get((told.symbol, told.client_order_id))
        if named is not None and named.venue_order_id not in ("", told.id):
            # It was found to be another one of that name just before.
            named = None
        return by_id or named


def _adopt(work: Comparison, told: VenueOrder) -> None:
    ours = order_in_flight(work.account, told)
    if ours is not None:
        # Whoever sends it has the answer soon; else it is asked for as one that is lost.
        work.found("unclear", ours.client_order_id, ours=ours.state, theirs=told.id)
        return
    fills: tuple[VenueFill, ...] = ()
    if told.filled is None or told.filled > 0:
        since = told.created_ns or ns_from_datetime(work.since)
        fills = work.port.fills_of_order(told.symbol, told.id, since)
    order = order_adopt(account=work.account, told=told, now=work.now, fills=fills)
    work.adoption(told, order, len(fills))


def _take(work: Comparison, order: Order, told: VenueOrder) -> None:
    """Take over an order that rests at the venue."""
    work.orders_looked_at += 1
    if being_sent(order, now=work.now):
        return
    before = OrderState(order.state)
    if before in FINAL:
        _ended_check(work, order)
        return
    if told.filled is not None and told.filled < order.filled:
        _less(work, order, told)
        return
    fills = order_fills(order, work.port, told)
    if before in WORKING and not fills and _agrees(order, told):
        return
    count = order.executions.count()
    venue_order_take(
        order=order, told=told, now=work.now, cause="reconciled", fills=fills
    )
    Order.objects.filter(pk=order.pk, not_found_at__isnull=False).update(
        not_found_at=None
    )
    if order.cancel_asked_at is not None and OrderState(order.state) in WORKING:
        order_pull(order=order, port=work.port, now=work.now)
    applied = order.executions.count() - count
    after = OrderState(order.state)
    told_of = Settlement(before, after, applied, theirs="open")
    work.settlement(order.client_order_id, told_of)
    _missing_check(work, order)


def _agrees(order: Order, told: VenueOrder) -> bool:
    """Return whether there is nothing to take over, and nothing that is wanted of it."""
    return (
        order.venue_order_id == told.id
        and told.quantity in (None, order.quantity)
        and told.filled in (None, order.venue_filled or order.filled)
        and order.not_found_at is None
        and order.cancel_asked_at is None
    )


def _settle(work: Comparison, order: Order) -> None:
    """Ask for an order of ours that does not rest at the venue."""
    work.orders_looked_at += 1
    told = order_settle(
        order=order, port=work.port, now=work.moment(), looks=work.looks
    )
    work.settlement(order.client_order_id, told)


def _less(work: Comparison, order: Order, told: VenueOrder) -> None:
    work.found(
        "filled_less",
        order.client_order_id,
        ours=order.filled,
        theirs=str(told.filled),
    )
    # Writes down, for a person, that the venue went back on its word; changes no amount.
    venue_order_take(order=order, told=told, now=work.now, cause="reconciled")


def _missing_check(work: Comparison, order: Order) -> None:
    if fills_missing(order):
        theirs = str(order.venue_filled)
        work.found(
            "fills_missing", order.client_order_id, ours=order.filled, theirs=theirs
        )


def _ended_check(work: Comparison, order: Order) -> None:
    """Withdraw what has ended here, and rests at the venue all the same.

    It is asked for by its name: the list may be from before the order ended.
    """
    try:
        told = work.port.order_get(order.symbol, **name_of(order))
    except VenueOrderNotFound:
        return
    if told.state is not VenueOrderState.OPEN:
        return
    try:
        order_pull(order=order, port=work.port, now=work.now)
        done = "cancelled at the venue"
    except ApplicationError as error:
        done = f"could not be cancelled: {error.message}"
    work.found(
        "ended_but_open",
        order.client_order_id,
        ours=order.state,
        theirs="open",
        done=done,
    )
