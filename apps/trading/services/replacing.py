"""Replace an order: the old one is gone for certain before the new one is placed.

Never are both at risk: the venue confirms that the old one is cancelled, and how much of
it was filled, its exposure is released, and only then the rest passes the gate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.core.exact import negative, plain, plus
from apps.exchanges.account_port import OrderKind, OrderSide, TimeInForce
from apps.trading.contracts import PlaceRequest, request_check
from apps.trading.enums import OrderOrigin, OrderState
from apps.trading.errors.orders import (
    OrderAlreadyFilled,
    OrderInvalid,
    OrderUnsettled,
)
from apps.trading.market_rules import market_rules_check
from apps.trading.models import Order
from apps.trading.selectors.orders import order_get
from apps.trading.services.cancelling import ended_error, order_cancel_on
from apps.trading.services.outside import Elapsed
from apps.trading.services.placing import key_reused, market_of, order_place_on
from apps.trading.transitions import FINAL, WORKING

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal
    from uuid import UUID

    from apps.users.models import User


def order_replace(
    *,
    actor: User,
    order_id: UUID,
    now: datetime,
    quantity: Decimal | None = None,
    price: Decimal | None = None,
    stop_price: Decimal | None = None,
    client_order_id: str | None = None,
    request_key: str | None = None,
) -> Order:
    """Put another order in the place of one that is open.

    What the market would not take is refused before anything is cancelled. A limit may
    still refuse the new order once the old one is gone: then there is none.

    Args:
        actor: Who asks; must own the order.
        order_id: The old order.
        now: The moment, UTC.
        quantity: Of both together, base units: what the old order has filled counts.
            None: as before.
        price: The new limit; None: as before.
        stop_price: What the new order waits for; None: as before.
        client_order_id: The name of the new order; None: one is made.
        request_key: As for `order_place`.

    Raises:
        OrderNotFound: No such order for this actor.
        OrderAlreadyFilled: Nothing is left to be replaced.
        OrderKeyReused: The request's key has made another order than this.
        OrderUnsettled: The old order is not open for certain, or its cancel is not
            confirmed yet; nothing new was placed.
        ApplicationError: As `order_place` and `order_cancel`.

    Returns:
        The new order, for what is left; `replaces` names the old one.
    """
    clock = Elapsed(now)
    old = order_get(actor=actor, order_id=order_id)
    wanted = old.quantity if quantity is None else quantity
    made = _made(old, request_key)
    if made is not None:
        _asked_check(made, old, wanted, price, stop_price, client_order_id)
        return made
    _replaceable_check(old)

    def rest() -> PlaceRequest:
        return _request(old, wanted, price, stop_price, client_order_id)

    request = rest()
    request_check(request)
    market_rules_check(market_of(old.account, old.symbol), request)
    order_cancel_on(order=old, now=now)
    if old.state != OrderState.CANCELLED:
        msg = (
            f"The cancel of {old.client_order_id} is not confirmed yet; nothing was put "
            f"in its place. GET /api/v1/orders/{old.pk}/ tells when it is."
        )
        raise OrderUnsettled(msg)
    return order_place_on(
        account=old.account,
        request=rest(),
        now=clock.now(),
        request_key=request_key,
        origin=_origin(old),
        replaces=old,
    )


def _made(old: Order, request_key: str | None) -> Order | None:
    """Return the order that the same request has put in the place already."""
    if request_key is None:
        return None
    return Order.objects.filter(
        account_id=old.account_id, request_key=request_key
    ).first()


def _asked_check(
    made: Order,
    old: Order,
    wanted: Decimal,
    price: Decimal | None,
    stop_price: Decimal | None,
    client_order_id: str | None,
) -> None:
    """Refuse to answer with an order that is not the one that is asked for.

    Raises:
        OrderKeyReused: The request's key has made another one.
    """
    # What the old order had filled by then; executions may have come late since.
    filled = plus(wanted, negative(made.quantity))
    same = {
        "quantity": 0 <= filled <= old.filled,
        "price": made.price == (old.price if price is None else price),
        "stop_price": made.stop_price
        == (old.stop_price if stop_price is None else stop_price),
        "client_order_id": client_order_id in {None, made.client_order_id},
    }
    differs = [name for name, agrees in same.items() if not agrees]
    if differs:
        raise key_reused(made, ", ".join(differs))


def _origin(old: Order) -> str:
    """Return who makes the new order: whatever the old one was, it is made here."""
    made_elsewhere = old.origin == OrderOrigin.EXTERNAL.value
    return OrderOrigin.API.value if made_elsewhere else old.origin


def _replaceable_check(old: Order) -> None:
    state = OrderState(old.state)
    if state in FINAL:
        raise ended_error(old)
    if state not in WORKING:
        msg = (
            f"The order {old.client_order_id} is {state}: nobody knows yet whether it is "
            "open. Replace it once it is, or cancel it."
        )
        raise OrderUnsettled(msg)


def _request(
    old: Order,
    wanted: Decimal,
    price: Decimal | None,
    stop_price: Decimal | None,
    client_order_id: str | None,
) -> PlaceRequest:
    """Return the new order for what the old one has left of what is wanted."""
    if (price, stop_price, wanted) == (None, None, old.quantity):
        msg = "Say what is to change: quantity, price or stop_price."
        raise OrderInvalid(msg)
    left = plus(wanted, negative(old.filled))
    if left <= 0:
        msg = (
            f"{plain(old.filled)} {old.base} of {old.client_order_id} is filled; of "
            f"{plain(wanted)} nothing is left to be placed."
        )
        raise OrderAlreadyFilled(msg, attr="quantity")
    return PlaceRequest(
        symbol=old.symbol,
        side=OrderSide(old.side),
        kind=OrderKind(old.kind),
        quantity=left,
        price=old.price if price is None else price,
        stop_price=old.stop_price if stop_price is None else stop_price,
        time_in_force=TimeInForce(old.time_in_force),
        post_only=old.post_only,
        reduce_only=old.reduce_only,
        stop_loss=old.stop_loss,
        target=old.target,
        client_order_id=client_order_id,
        strategy=old.strategy,
    )
