"""Send an order to the paper venue: in the transaction that makes the order.

Nothing can be lost between two rooms of one database: either there is the order and what
the venue made of it, or neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.core.errors import ApplicationError
from apps.trading.enums import OrderState
from apps.trading.services.sending import (
    order_request,
    outcome_of,
    sending_end,
    why_told,
)
from apps.trading.services.steps import PLACED, told_write

if TYPE_CHECKING:
    from datetime import datetime

    from apps.portfolio.paper.venue import PaperVenue
    from apps.trading.services.order_writing import OrderWriter


def paper_place(writer: OrderWriter, *, port: PaperVenue, now: datetime) -> None:
    """Place an order that is being made at the paper venue, and take its answer over.

    Args:
        writer: Of the order, which the gate has let pass; whoever calls writes it.
        port: Its account's paper venue.
        now: The moment, UTC.
    """
    order = writer.order
    writer.change(sent_at=now, sending_until=sending_end(now))
    writer.step(OrderState.SENT, cause="sent")
    try:
        told, fills = port.order_place_filled(order_request(order), later=writer.left)
    except ApplicationError as error:
        to, cause = outcome_of(error)
        writer.change(**why_told(error))
        if to is OrderState.UNKNOWN:
            writer.change(unknown_at=now)
        writer.step(to, cause=cause, detail=error.message)
    else:
        told_write(writer, told, now=now, cause=PLACED, fills=fills)
