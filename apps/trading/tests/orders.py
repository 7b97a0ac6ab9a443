"""Orders as they are left behind when something went wrong on the way."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from apps.exchanges.account_port import OrderKind, OrderRequest, OrderSide
from apps.risk.contracts import OrderDraft
from apps.risk.models import Reservation
from apps.risk.services.gate import exposure_adopt
from apps.trading.enums import OrderState
from apps.trading.models import Order, OrderTransition
from apps.trading.services.steps import order_step

if TYPE_CHECKING:
    from apps.portfolio.models import Account

_NUMBERS = count(1)
SENT_AGO = timedelta(minutes=2)


@transaction.atomic
def order_left(
    account: Account,
    state: OrderState = OrderState.UNKNOWN,
    *,
    ago: timedelta = SENT_AGO,
    **fields: Any,
) -> Order:
    """Return an order of one Bitcoin at 100 that came so far, with its reservation.

    Args:
        account: Whose.
        state: How far: `intent`, `sent`, `unknown` or `open`.
        ago: How long ago it was sent.
        fields: Other fields of the order.
    """
    at = timezone.now() - ago
    made: dict[str, Any] = {
        "client_order_id": f"plx-{next(_NUMBERS)}",
        "symbol": "BTC/USDT",
        "base": "BTC",
        "quote": "USDT",
        "side": "buy",
        "quantity": Decimal(1),
        "price": Decimal(100),
    }
    made |= fields
    order_id = uuid4()
    exposure_adopt(
        account=account,
        order_id=order_id,
        draft=OrderDraft(
            symbol=made["symbol"],
            base=made["base"],
            quote=made["quote"],
            side=made["side"],
            kind="limit",
            quantity=made["quantity"],
            price=made["price"],
        ),
        now=at,
    )
    order = Order.objects.create(
        id=order_id,
        owner_id=account.owner_id,
        account=account,
        origin="api",
        kind="limit",
        time_in_force="GTC",
        state=OrderState.INTENT.value,
        step=1,
        **made,
    )
    Order.objects.filter(pk=order.pk).update(created_at=at)
    OrderTransition.objects.create(
        order=order, number=1, before="", after="intent", cause="placed", at=at
    )
    if state is OrderState.INTENT:
        return order
    order_step(
        order=order,
        to=OrderState.SENT,
        cause="sent",
        now=at,
        sent_at=at,
        sending_until=at + timedelta(seconds=1),
    )
    if state is OrderState.SENT:
        return order
    known: dict[str, Any] = {"unknown_at": at} if state is OrderState.UNKNOWN else {}
    return order_step(order=order, to=state, cause="test", now=at, **known)


def request_of(order: Order) -> OrderRequest:
    """Return what the venue was sent."""
    return OrderRequest(
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=OrderSide(order.side),
        kind=OrderKind(order.kind),
        quantity=order.quantity,
        price=order.price,
    )


def held(order: Order) -> bool:
    """Return whether the order still counts against limits, at its full notional."""
    row = Reservation.objects.get(pk=order.pk)
    return row.released_at is None and row.quantity == order.quantity


def steps(order: Order) -> list[tuple[str, str]]:
    """Return where the order went after it was sent, and why."""
    rows = order.transitions.filter(number__gt=1).exclude(after="sent")
    return list(rows.order_by("number").values_list("after", "cause"))
