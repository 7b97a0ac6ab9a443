"""Send a committed order to its venue, once, and write down what came of it.

The steps are functions of their own, so that what is between them can be looked at:
`sending_begin` commits that it is being sent, `venue_ask` calls the venue outside of any
transaction, `answer_take` commits the answer. Nothing here is ever tried again.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from apps.core.errors import ApplicationError
from apps.exchanges.account_port import OrderKind, OrderRequest, OrderSide, TimeInForce
from apps.exchanges.errors import (
    ClientOrderIdTaken,
    ExchangeForbidden,
    ExchangeRateLimited,
    ExchangeRejected,
    ExchangeUnavailable,
    ExchangeUnsupported,
    OutcomeUnknown,
    SymbolUnknown,
    VenueMisconfigured,
)
from apps.market.moments import ns_from_datetime
from apps.risk.errors.gate import TradingHalted, TradingReducingOnly
from apps.risk.services.gate import sending_admit
from apps.trading.enums import OrderState
from apps.trading.errors.orders import OrderStepRefused
from apps.trading.services.order_writing import OrderWriter
from apps.trading.services.outside import Elapsed, outside_check
from apps.trading.services.steps import (
    PLACED,
    order_lock,
    order_step,
    venue_order_take,
)
from apps.trading.services.venue_asking import order_fills

if TYPE_CHECKING:
    from datetime import datetime

    from apps.exchanges.account_port import AccountPort, VenueFill, VenueOrder
    from apps.trading.models import Order

logger = logging.getLogger(__name__)

# Beyond the venue's own timeout: to wait for a turn, to load its markets, to come back.
SENDING_MARGIN = timedelta(seconds=20)
# How long after it has left a venue may still take an order: Binance is told so by its
# `recvWindow` of ten seconds; the rest is for clocks that differ.
ARRIVAL = timedelta(seconds=12)
# Nothing is at the venue: the call did not leave, or was turned away unread.
_NOT_SENT = (ExchangeUnavailable, ExchangeRateLimited)
# The venue, or its adapter, has said no.
_REFUSED = (
    ExchangeRejected,
    ExchangeForbidden,
    ExchangeUnsupported,
    SymbolUnknown,
    VenueMisconfigured,
)
# What a venue tells that no order of ours can be.
_UNWRITABLE = (ArithmeticError, ValueError, ValidationError, IntegrityError)
_LONGEST_MESSAGE = 400
_NOBODY_KNOWS = (
    "It was sent, and nobody knows what became of it: its answer could not be read;"
)


def sending_end(now: datetime) -> datetime:
    """Return until when an order that is sent now may be on its way."""
    return now + timedelta(seconds=settings.EXCHANGE_TIMEOUT_SECONDS) + SENDING_MARGIN


def _leaves_by(order: Order) -> datetime | None:
    """Return when an order has to have left, so as not to arrive after its window."""
    return None if order.sending_until is None else order.sending_until - ARRIVAL


def order_send(*, order: Order, port: AccountPort, now: datetime) -> Order:
    """Send an order that is an intent, and write down what came of it.

    Args:
        order: It is committed, and nobody else sends it; refreshed in place.
        port: Its account at the venue.
        now: The moment, UTC.

    Returns:
        The order where it came to: cancelled where it was not sent, and unknown where
        nobody knows.
    """
    clock = Elapsed(now)
    if sending_begin(order=order, now=now):
        latest = _leaves_by(order)
        answer = (
            venue_ask(order=order, port=port)
            if latest is None or clock.now() < latest
            else ExchangeUnavailable("It took too long until it could be sent.")
        )
        answer_take(order=order, answer=answer, port=port, now=clock.now())
    return order


def sending_begin(*, order: Order, now: datetime) -> bool:
    """Commit that an order is being sent; False where it must not be any more.

    A halt that was committed before, or a cancel, is found here: both lock what this
    locks. The window begins once this has waited for its locks.
    """
    clock = Elapsed(now)
    try:
        with transaction.atomic(durable=True):
            sending_admit(account=order.account, order_id=order.pk, now=now)
            order_lock(order)
            if order.state != OrderState.INTENT:
                return False
            begun = clock.now()
            writer = OrderWriter(order, begun)
            writer.change(sent_at=begun, sending_until=sending_end(begun))
            writer.step(OrderState.SENT, cause="sent")
            writer.write()
    except (TradingHalted, TradingReducingOnly) as error:
        order_withhold(order=order, error=error, now=now)
        return False
    return True


def order_withhold(*, order: Order, error: ApplicationError, now: datetime) -> Order:
    """End an order that was never sent, and say why; one that has ended stays so."""
    with transaction.atomic():
        writer = OrderWriter(order_lock(order), now)
        if order.state == OrderState.INTENT:
            writer.change(**why_told(error))
            writer.step(OrderState.CANCELLED, cause="withheld", detail=error.message)
            writer.write()
    return order


def order_request(order: Order) -> OrderRequest:
    """Return an order as its venue is asked for it."""
    latest = _leaves_by(order)
    return OrderRequest(
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=OrderSide(order.side),
        kind=OrderKind(order.kind),
        quantity=order.quantity,
        price=order.price,
        stop_price=order.stop_price,
        time_in_force=TimeInForce(order.time_in_force),
        post_only=order.post_only,
        send_before_ns=None if latest is None else ns_from_datetime(latest),
    )


def venue_ask(*, order: Order, port: AccountPort) -> VenueOrder | ApplicationError:
    """Call the venue, once; an error is an answer as well.

    One that the port does not know says no more than that nobody knows.
    """
    outside_check()
    request = order_request(order)
    try:
        return port.order_place(request)
    except ApplicationError as error:
        return error
    except Exception as error:
        # Whatever a library raised: the order may have arrived.
        logger.exception("order %s: the call to its venue broke", order.pk)
        return OutcomeUnknown(f"{_NOBODY_KNOWS} {type(error).__name__}.")


def answer_take(
    *,
    order: Order,
    answer: VenueOrder | ApplicationError,
    port: AccountPort,
    now: datetime,
) -> Order:
    """Write down what the venue answered to an order.

    Whatever does not say for certain that there is no order leaves it `unknown`, with its
    whole exposure held: to be settled, and never to be sent again.
    """
    if not isinstance(answer, ApplicationError):
        fills = _fills_told(order, answer, port)
        try:
            return venue_order_take(
                order=order, told=answer, now=now, cause=PLACED, fills=fills
            )
        except _UNWRITABLE as error:
            # It cannot be written down as it was told; there is an order all the same.
            logger.exception("order %s: its answer cannot be taken", order.pk)
            answer = OutcomeUnknown(f"{_NOBODY_KNOWS} {type(error).__name__}.")
    to, cause = outcome_of(answer)
    try:
        return order_step(
            order=order,
            to=to,
            cause=cause,
            now=now,
            unknown_at=now if to is OrderState.UNKNOWN else None,
            detail=answer.message,
            **why_told(answer),
        )
    except OrderStepRefused as error:
        # Somebody has asked the venue meanwhile, and knows more.
        logger.warning("an answer came late: %s", error.message)
        return order


def _fills_told(
    order: Order, told: VenueOrder, port: AccountPort
) -> tuple[VenueFill, ...] | None:
    """Return the executions of an order that was just sent; None: they were not told.

    The order then stays open, until its executions are.
    """
    try:
        return order_fills(order, port, told)
    except ApplicationError:
        return None
    except Exception:
        # Of the order itself is known what there is to know.
        logger.exception("order %s: its executions could not be read", order.pk)
        return None


def outcome_of(error: ApplicationError) -> tuple[OrderState, str]:
    """Return where an error of the venue leaves an order, and the cause in a word."""
    if isinstance(error, _NOT_SENT):
        return OrderState.CANCELLED, "not_sent"
    if isinstance(error, ClientOrderIdTaken):
        # Our names are never used twice: it may be this order that the venue has.
        return OrderState.UNKNOWN, "name_taken"
    if isinstance(error, _REFUSED):
        return OrderState.REJECTED, "refused"
    return OrderState.UNKNOWN, "no_answer"


def why_told(error: ApplicationError) -> dict[str, str]:
    """Return what an order says of an error."""
    return {
        "error_code": error.code,
        "error_message": error.message[:_LONGEST_MESSAGE],
    }
