"""What is asked for when an order is placed: shapes without a database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.exchanges.account_port import OrderKind, OrderSide, TimeInForce
from apps.trading.errors.orders import OrderInvalid

if TYPE_CHECKING:
    from decimal import Decimal


@dataclass(frozen=True, slots=True)
class PlaceRequest:
    """An order as somebody wants it.

    Attributes:
        symbol: A spot market of the account's exchange.
        side: Which way.
        kind: What kind of order.
        quantity: Base units, a multiple of the market's step.
        price: Of an order with a limit, quote per base.
        stop_price: Of an order that waits, quote per base.
        time_in_force: Of an order with a limit.
        post_only: Whether a limit order is refused rather than taking.
        reduce_only: Whether it may only make a position smaller.
        stop_loss: Where the trader means to get out at a loss; not sent.
        target: Where the trader means to take profit; not sent.
        client_order_id: The trader's own name of it; None: one is made.
        strategy: What the trader files it under.
    """

    symbol: str
    side: OrderSide
    kind: OrderKind
    quantity: Decimal
    price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    stop_loss: Decimal | None = None
    target: Decimal | None = None
    client_order_id: str | None = None
    strategy: str = ""


def request_check(request: PlaceRequest) -> None:
    """Refuse an order that makes no sense whatever the market is like.

    Raises:
        OrderInvalid: An amount is missing, too many, not above zero, or on the wrong
            side of another.
    """
    _prices_check(request)
    if request.quantity <= 0:
        raise _invalid("quantity", f"quantity must be above 0, not {request.quantity}.")
    if not request.kind.has_price:
        if request.time_in_force is not TimeInForce.GTC:
            msg = f"A {request.kind} order has no limit; leave time_in_force out."
            raise _invalid("time_in_force", msg)
        if request.post_only:
            msg = f"A {request.kind} order takes; post_only is of limit orders alone."
            raise _invalid("post_only", msg)
    if request.post_only and request.time_in_force is not TimeInForce.GTC:
        msg = f"post_only rests, and {request.time_in_force} does not; use GTC."
        raise _invalid("post_only", msg)
    if request.post_only and request.kind is not OrderKind.LIMIT:
        raise _invalid("post_only", "post_only is of limit orders alone.")
    _exits_check(request)


def _prices_check(request: PlaceRequest) -> None:
    needed = {"price": request.kind.has_price, "stop_price": request.kind.has_stop}
    for name, wanted in needed.items():
        given: Decimal | None = getattr(request, name)
        if wanted and given is None:
            raise _invalid(name, f"A {request.kind} order needs {name}.")
        if not wanted and given is not None:
            raise _invalid(name, f"A {request.kind} order has no {name}; leave it out.")
    for name in ("price", "stop_price", "stop_loss", "target"):
        given = getattr(request, name)
        if given is not None and given <= 0:
            raise _invalid(name, f"{name} must be above 0, not {given}.")


def _exits_check(request: PlaceRequest) -> None:
    """A buy gets out below where it got in, and takes profit above; a sell the reverse."""
    entry = request.price if request.price is not None else request.stop_price
    buys = request.side is OrderSide.BUY
    stop, target = request.stop_loss, request.target
    if (
        entry is not None
        and stop is not None
        and (stop >= entry if buys else stop <= entry)
    ):
        where = "below" if buys else "above"
        msg = f"The stop_loss of a {request.side} is {where} its price {entry}, not {stop}."
        raise _invalid("stop_loss", msg)
    if (
        entry is not None
        and target is not None
        and (target <= entry if buys else target >= entry)
    ):
        where = "above" if buys else "below"
        msg = f"The target of a {request.side} is {where} its price {entry}, not {target}."
        raise _invalid("target", msg)
    if (
        stop is not None
        and target is not None
        and (stop >= target if buys else stop <= target)
    ):
        msg = f"stop_loss {stop} and target {target} are the wrong way round."
        raise _invalid("stop_loss", msg)


def _invalid(attr: str, msg: str) -> OrderInvalid:
    return OrderInvalid(msg, attr=attr)
