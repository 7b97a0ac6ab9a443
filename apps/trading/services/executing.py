"""Executions of a locked order: into the ledger, onto the order, off the exposure."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from apps.core.exact import exact, plain, plus, times
from apps.market.moments import datetime_from_ns
from apps.portfolio.services.posting import fill_post
from apps.trading.enums import OrderState
from apps.trading.models import Execution
from apps.trading.transitions import FINAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from apps.exchanges.account_port import VenueFill
    from apps.trading.models import Order
    from apps.trading.services.order_writing import OrderWriter

# Between the venue's name of a trade and the side of whoever comes second with it.
_TWIN = ":"


def executions_write(
    writer: OrderWriter, fills: Sequence[VenueFill], *, now: datetime
) -> int:
    """Apply what is new among the executions of a locked order.

    Args:
        writer: Of the order; whoever calls writes it.
        fills: As the venue tells them, in any order, perhaps more than once.
        now: The moment, UTC.

    Returns:
        How many were new.
    """
    order = writer.order
    new = _new(writer, fills)
    if not new:
        return 0
    made: list[Execution] = []
    for fill in new:
        writer.execution_begin()
        made.append(_post(writer, fill, now))
        writer.executed(made[-1])
    spent = (times(one.quantity, one.price) for one in made)
    writer.change(
        filled=plus(order.filled, *(one.quantity for one in made)),
        spent=plus(order.spent, *spent),
    )
    _state(writer)
    return len(made)


def _new(writer: OrderWriter, fills: Sequence[VenueFill]) -> list[VenueFill]:
    """Return those that are not applied yet, each once, oldest first."""
    order = writer.order
    told = {
        fill.id: fill
        for fill in sorted(fills, key=lambda one: (one.time_ns, one.id))
        if _ours(writer, fill)
    }
    twins: dict[str, VenueFill] = {}
    # An order that is being made has none that could be applied already.
    for one in () if writer.is_new else _known(order, told):
        fill = told.pop(one.venue_trade_id)
        if one.order_id == order.pk:
            _same_check(writer, one, fill)
        elif one.side != fill.side:
            # The account has traded with itself: both sides are one trade of the venue.
            name = f"{fill.id}{_TWIN}{fill.side}"
            twins[name] = replace(fill, id=name)
        else:
            _other_order_found(writer, fill)
    if twins:
        for one in _known(order, twins):
            _same_check(writer, one, twins.pop(one.venue_trade_id))
    new = (*told.values(), *twins.values())
    return sorted(new, key=lambda one: (one.time_ns, one.id))


def _known(order: Order, names: Iterable[str]) -> Iterable[Execution]:
    return Execution.objects.filter(
        account_id=order.account_id, symbol=order.symbol, venue_trade_id__in=names
    )


def _other_order_found(writer: OrderWriter, fill: VenueFill) -> None:
    detail = (
        f"The venue's trade {fill.id} is of another order of the account already. It is "
        "not applied again."
    )
    writer.found("execution_of_other_order", detail, trade=fill.id)


def venue_trade_id_told(execution: Execution) -> str:
    """Return the venue's own name of an execution.

    Of a trade of the account with itself, the second side has a name that is made here.
    """
    return execution.venue_trade_id.removesuffix(f"{_TWIN}{execution.side}")


def _ours(writer: OrderWriter, fill: VenueFill) -> bool:
    order = writer.order
    if (fill.symbol, fill.side) == (order.symbol, order.side) and fill.quantity > 0:
        return True
    detail = (
        f"The venue's trade {fill.id} is {fill.side} {fill.quantity} {fill.symbol}; "
        f"the order is {order.side} {order.symbol}. It is not applied."
    )
    writer.found("execution_not_of_order", detail, trade=fill.id)
    return False


def _same_check(writer: OrderWriter, known: Execution, fill: VenueFill) -> None:
    """Find out where a trade id comes again with another content."""
    if (known.quantity, known.price) == (exact(fill.quantity), exact(fill.price)):
        return
    detail = (
        f"The trade {fill.id} was {plain(known.quantity)} at {plain(known.price)}, and is "
        f"told again as {plain(fill.quantity)} at {plain(fill.price)}. The first stands."
    )
    writer.found("execution_differs", detail, trade=fill.id)


def _post(writer: OrderWriter, fill: VenueFill, now: datetime) -> Execution:
    order = writer.order
    fee, fee_currency = fill.fee, fill.fee_currency or ""
    if fee is None or (fee and not fee_currency):
        if order.filled == 0:
            detail = "The venue does not tell what executions cost; 0 is written down."
            writer.found("fee_not_told", detail, trade=fill.id)
        fee, fee_currency = Decimal(0), ""
    at = datetime_from_ns(fill.time_ns)
    posted = fill_post(
        account=order.account,
        cause_id=f"{order.symbol}:{fill.id}",
        symbol=order.symbol,
        base=order.base,
        quote=order.quote,
        side=order.side,
        quantity=exact(fill.quantity),
        price=exact(fill.price),
        fee=exact(fee),
        fee_currency=fee_currency,
        at=at,
        now=now,
        strategy=order.strategy,
        later=writer.left,
    )
    return Execution(
        owner_id=order.owner_id,
        account_id=order.account_id,
        order=order,
        venue_trade_id=fill.id,
        symbol=order.symbol,
        side=order.side,
        price=exact(fill.price),
        quantity=exact(fill.quantity),
        fee=exact(fee),
        fee_currency=fee_currency,
        maker=fill.maker,
        at=at,
        number=posted.number,
    )


def _state(writer: OrderWriter) -> None:
    """Take the order where the sum of its executions says that it is."""
    order, state = writer.order, OrderState(writer.order.state)
    if order.venue_filled is None or order.venue_filled < order.filled:
        writer.change(venue_filled=order.filled)
    if _contradicts(order, state):
        writer.change(disputed=True)
        detail = (
            f"The venue has executed {plain(order.filled)} of {plain(order.quantity)}, "
            f"and the order was {state}. The ledger has it all; look at the venue."
        )
        writer.found("order_overfilled", detail)
    if state is OrderState.REJECTED:
        return
    if order.filled >= order.quantity:
        writer.step(OrderState.FILLED, cause="executions")
    elif state not in FINAL:
        writer.step(OrderState.PARTIALLY_FILLED, cause="executions")


def _contradicts(order: Order, state: OrderState) -> bool:
    return order.filled > order.quantity or state is OrderState.REJECTED
