"""What makes no order at any venue, whatever adapter it is placed through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.exchanges.errors import ExchangeRejected

if TYPE_CHECKING:
    from apps.exchanges.account_port import OrderRequest


def prices_check(request: OrderRequest) -> None:
    """Refuse an order that lacks a price that its kind needs, or names one it has not.

    Raises:
        ExchangeRejected: Says which.
    """
    kind = request.kind
    for needed, value, name, attr in (
        (kind.has_price, request.price, "price", "price"),
        (kind.has_stop, request.stop_price, "stop price", "stop_price"),
    ):
        if needed is (value is None):
            message = f"a {kind} order names {'its' if needed else 'no'} {name}"
            raise ExchangeRejected(message, attr=attr)
