"""Orders that somebody made elsewhere with the same account, taken over as they are."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import uuid4

from django.db import IntegrityError, transaction

from apps.core.exact import exact, plus
from apps.core.outbox.recording import event_record
from apps.exchanges.account_port import OrderKind, TimeInForce, VenueOrder
from apps.market.models import VenueMarket
from apps.market.moments import datetime_from_ns
from apps.risk.contracts import OrderDraft
from apps.risk.services.gate import exposure_adopt
from apps.trading.client_ids import UNNAMED
from apps.trading.enums import OrderOrigin, OrderState
from apps.trading.models import Order, OrderTransition
from apps.trading.services.order_writing import order_body
from apps.trading.services.steps import venue_order_take
from apps.trading.services.venue_asking import may_be
from apps.trading.transitions import UNSETTLED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from apps.exchanges.account_port import VenueFill
    from apps.portfolio.models import Account

_LONGEST_NAME = 36
_KINDS = {
    "stop_loss": OrderKind.STOP,
    "stop_market": OrderKind.STOP,
    "stop_loss_limit": OrderKind.STOP_LIMIT,
    "limit_maker": OrderKind.LIMIT,
}


def order_adopt(
    *,
    account: Account,
    told: VenueOrder,
    now: datetime,
    fills: Sequence[VenueFill] = (),
) -> Order | None:
    """Take over an order that was made elsewhere, with its executions.

    It holds exposure while it is open, as ours do, but is judged by nobody. A second
    call takes over what is new.

    Args:
        account: Whose it is.
        told: What the venue says of it.
        now: The moment, UTC.
        fills: Its executions.

    Returns:
        The order; None where the venue tells too little of it: neither which way, nor
        how much.
    """
    quantity, side = _quantity(told, fills), _side(told, fills)
    if quantity <= 0 or side is None:
        return None
    order = order_known(account, told)
    if order is None:
        try:
            order = _made(account, told, quantity, side, now)
        except IntegrityError:
            # Somebody else has taken it over at the same moment.
            order = order_known(account, told)
            if order is None:
                raise
    # In a transaction of its own: events are the last that a transaction locks.
    return venue_order_take(
        order=order, told=told, now=now, cause="adopted", fills=fills
    )


def order_named(account: Account, told: VenueOrder) -> Order | None:
    """Return the order of ours whose name the venue tells, and that has none of its own.

    Where its answer was lost, this is how the venue's name of it becomes known.
    """
    if not told.client_order_id:
        return None
    return (
        Order.objects.select_related("account")
        .filter(
            account=account,
            symbol=told.symbol,
            client_order_id=told.client_order_id,
            venue_order_id="",
        )
        .exclude(origin=OrderOrigin.EXTERNAL.value)
        .first()
    )


def order_in_flight(account: Account, told: VenueOrder) -> Order | None:
    """Return an order of ours that is under way and may be what the venue has.

    The venue tells no name of ours, and has not answered yet: to take it over as made
    elsewhere would have it twice.

    Args:
        account: Whose.
        told: What the venue has; its quantity None where that is not known.
    """
    if told.client_order_id:
        return None
    ours = Order.objects.select_related("account").filter(
        account=account,
        symbol=told.symbol,
        venue_order_id="",
        state__in=UNSETTLED,
    )
    return next((one for one in ours if may_be(one, told)), None)


def order_from_fills(
    symbol: str, order_id: str, fills: Sequence[VenueFill]
) -> VenueOrder:
    """Return an order that the venue has forgotten, as its executions tell of it."""
    quantity = plus(*(one.quantity for one in fills))
    return VenueOrder(
        id=order_id,
        client_order_id=None,
        symbol=symbol,
        side=fills[0].side,
        kind=None,
        state=None,
        price=None,
        quantity=quantity,
        filled=quantity,
        average_price=None,
        created_ns=min(one.time_ns for one in fills),
        updated_ns=None,
    )


def order_known(account: Account, told: VenueOrder) -> Order | None:
    """Return the order of ours that has the venue's name already."""
    return (
        Order.objects.select_related("account")
        .filter(account=account, symbol=told.symbol, venue_order_id=told.id)
        .first()
    )


@transaction.atomic
def _made(
    account: Account, told: VenueOrder, quantity: Decimal, side: str, now: datetime
) -> Order:
    order_id, kind = uuid4(), _kind(told)
    base, quote = _currencies(account, told.symbol)
    price = told.price if kind.has_price else None
    stop_price = told.stop_price if kind.has_stop else None
    # Exposure first: its rows are locked before an order, by everybody. What is executed
    # already comes off it with the executions.
    exposure_adopt(
        account=account,
        order_id=order_id,
        draft=OrderDraft(
            symbol=told.symbol,
            base=base,
            quote=quote,
            side=side,
            kind=kind.value,
            quantity=quantity,
            price=price,
            stop_price=stop_price,
        ),
        now=now,
    )
    order = Order.objects.create(
        id=order_id,
        owner_id=account.owner_id,
        account=account,
        client_order_id=_name(account, told, order_id),
        venue_order_id=told.id,
        origin=OrderOrigin.EXTERNAL.value,
        symbol=told.symbol,
        base=base,
        quote=quote,
        side=side,
        kind=kind.value,
        quantity=quantity,
        price=price,
        stop_price=stop_price,
        time_in_force=TimeInForce.GTC.value,
        state=OrderState.OPEN.value,
        step=1,
        sent_at=datetime_from_ns(told.created_ns) if told.created_ns else now,
    )
    OrderTransition.objects.create(
        order=order,
        number=1,
        before="",
        after=OrderState.OPEN.value,
        cause="adopted",
        detail="It was found at the venue, and was not made here.",
        at=now,
    )
    event_record(
        owner=account.owner_id,
        topic="orders",
        name=order.state,
        body=order_body(order),
        now=now,
    )
    return order


def _name(account: Account, told: VenueOrder, order_id: UUID) -> str:
    """Return a name of the order that no other of the account has."""
    for name in (told.client_order_id or "", f"{UNNAMED}{told.id}"):
        fits = 0 < len(name) <= _LONGEST_NAME
        if (
            fits
            and not Order.objects.filter(account=account, client_order_id=name).exists()
        ):
            return name
    return f"{UNNAMED}{order_id.hex}"


def _kind(told: VenueOrder) -> OrderKind:
    name = (told.kind or "").lower()
    kinds = {one.value: one for one in OrderKind} | _KINDS
    kind = kinds.get(name, OrderKind.LIMIT)
    if kind.has_price and told.price is None:
        return OrderKind.MARKET
    return kind


def _quantity(told: VenueOrder, fills: Sequence[VenueFill]) -> Decimal:
    executed = plus(*(one.quantity for one in fills))
    return exact(told.quantity or max(executed, told.filled or Decimal(0)))


def _side(told: VenueOrder, fills: Sequence[VenueFill]) -> str | None:
    if told.side is not None:
        return told.side.value
    return fills[0].side.value if fills else None


def _currencies(account: Account, symbol: str) -> tuple[str, str]:
    market = VenueMarket.objects.filter(
        exchange=account.exchange, symbol=symbol
    ).first()
    if market is not None:
        return market.base, market.quote
    base, _, rest = symbol.partition("/")
    return base, rest.partition(":")[0]
