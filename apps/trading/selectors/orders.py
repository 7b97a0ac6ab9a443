"""Reads of orders and executions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.market.selectors.venues import symbols_check
from apps.portfolio.selectors.accounts import account_get
from apps.trading.errors.orders import OrderNotFound
from apps.trading.models import Execution, Order

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

    from apps.portfolio.models import Account
    from apps.users.models import User


def order_list(*, actor: User) -> QuerySet[Order]:
    """Return the actor's orders, newest first."""
    return Order.objects.filter(owner=actor).order_by("-created_at", "-id")


def order_get(*, actor: User, order_id: UUID) -> Order:
    """Return one of the actor's orders, with its account.

    Raises:
        OrderNotFound: There is none with this id for this actor.
    """
    found = (
        order_list(actor=actor).select_related("account").filter(pk=order_id).first()
    )
    if found is None:
        msg = f"There is no order {order_id}; see GET /api/v1/orders/."
        raise OrderNotFound(msg)
    return found


def order_by_client_id(*, account: Account, client_order_id: str) -> Order:
    """Return the order of an account that has a client order id.

    Raises:
        OrderNotFound: It has none of this name.
    """
    found = Order.objects.filter(
        account=account, client_order_id=client_order_id
    ).first()
    if found is None:
        msg = f"The account {account.name!r} has no order {client_order_id[:40]!r}."
        raise OrderNotFound(msg)
    found.account = account
    return found


def orders_open(
    *,
    actor: User,
    account_id: UUID,
    symbol: str | None = None,
    side: str | None = None,
) -> list[Order]:
    """Return an account's orders that have not ended, oldest first.

    Args:
        actor: Whose account it is.
        account_id: Which one.
        symbol: Only of this market; one that is gone may have orders still.
        side: Only those that go this way.

    Raises:
        AccountNotFound: There is no such account for this actor.
        SymbolUnknown: It has none open of this market, and its exchange lists none of
            this name; near ones are offered.
    """
    account = account_get(actor=actor, account_id=account_id)
    found = Order.objects.filter(account=account, ended_at__isnull=True)
    if symbol is not None:
        found = found.filter(symbol=symbol)
        if not found.exists():
            symbols_check(exchange=account.exchange, symbols=[symbol])
    if side is not None:
        found = found.filter(side=side)
    orders = list(found.order_by("created_at", "id"))
    for order in orders:
        order.account = account
    return orders


def execution_list(*, actor: User) -> QuerySet[Execution]:
    """Return the actor's executions, newest first."""
    return Execution.objects.filter(owner=actor).order_by("-created_at", "-id")


def order_executions(*, actor: User, order_id: UUID) -> QuerySet[Execution]:
    """Return the executions of one of the actor's orders, newest first.

    Raises:
        OrderNotFound: There is none with this id for this actor.
    """
    order = order_get(actor=actor, order_id=order_id)
    return execution_list(actor=actor).filter(order=order)
