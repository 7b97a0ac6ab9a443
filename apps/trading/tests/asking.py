"""Orders as tests ask for them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from apps.exchanges.account_port import OrderKind, OrderSide, TimeInForce
from apps.portfolio.selectors.ledger import balances_of
from apps.trading.contracts import PlaceRequest
from apps.trading.models import Execution, Order
from apps.trading.services.placing import order_place

if TYPE_CHECKING:
    from apps.portfolio.models import Account

ORDERS = "/api/v1/orders/"


def body(account: Account, **fields: Any) -> dict[str, Any]:
    """Return the body of a POST: a limit order of one Bitcoin far below the price."""
    return {
        "account": str(account.pk),
        "symbol": "BTC/USDT",
        "side": "buy",
        "kind": "limit",
        "quantity": "1",
        "price": "90",
    } | fields


def place(account: Account, request_key: str | None = None, **fields: Any) -> Order:
    """Place the same order by the service."""
    known: dict[str, Any] = {
        "symbol": "BTC/USDT",
        "side": OrderSide.BUY,
        "kind": OrderKind.LIMIT,
        "quantity": Decimal(1),
        "price": Decimal(90),
        "time_in_force": TimeInForce.GTC,
    }
    return order_place(
        actor=account.owner,
        account_id=account.pk,
        request=PlaceRequest(**known | fields),
        now=timezone.now(),
        request_key=request_key,
    )


def codes(answer: Any) -> list[str]:
    """Return the codes of an answer's errors."""
    return [one["code"] for one in answer.json()["errors"]]


def sums_agree(order: Order) -> None:
    """Make sure that an order, its executions, its steps and the ledger say the same."""
    order = Order.objects.get(pk=order.pk)
    made = list(Execution.objects.filter(order=order))
    assert order.filled == sum((one.quantity for one in made), Decimal(0))
    assert order.spent == sum((one.quantity * one.price for one in made), Decimal(0))
    steps = list(order.transitions.order_by("number"))
    assert [one.number for one in steps] == list(range(1, order.step + 1))
    assert steps[-1].after == order.state
    assert [one.before for one in steps[1:]] == [one.after for one in steps[:-1]]
    sign = 1 if order.side == "buy" else -1
    held = balances_of(order.account).get(order.base, Decimal(0))
    others = Execution.objects.filter(account=order.account).exclude(order=order)
    if not others.exists():
        assert held == sign * order.filled
