"""The paper venue's rows as the answers of a venue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.core.exact import over, plus
from apps.exchanges.account_port import (
    Balance,
    OrderSide,
    VenueFill,
    VenueOrder,
    VenueOrderState,
)
from apps.market.moments import ns_from_datetime

if TYPE_CHECKING:
    from apps.portfolio.models import PaperBalance, PaperFill, PaperOrder


def order_told(order: PaperOrder) -> VenueOrder:
    """Return an order as a venue tells it; its id is its number in the account."""
    return VenueOrder(
        id=str(order.number),
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=OrderSide(order.side),
        kind=order.kind,
        state=VenueOrderState(order.state),
        price=order.price,
        quantity=order.quantity,
        filled=order.filled,
        average_price=over(order.spent, order.filled) if order.filled else None,
        created_ns=ns_from_datetime(order.placed_at),
        updated_ns=ns_from_datetime(order.changed_at),
        stop_price=order.stop_price,
    )


def fill_told(fill: PaperFill) -> VenueFill:
    """Return an execution as a venue tells it, read with its order."""
    return VenueFill(
        id=str(fill.number),
        order_id=str(fill.order.number),
        symbol=fill.symbol,
        side=OrderSide(fill.side),
        price=fill.price,
        quantity=fill.quantity,
        fee=fill.fee,
        fee_currency=fill.fee_currency,
        maker=fill.maker,
        time_ns=ns_from_datetime(fill.at),
    )


def balance_told(row: PaperBalance) -> Balance:
    """Return what is held of a currency."""
    return Balance(row.currency, plus(row.free, row.used), row.free, row.used)
