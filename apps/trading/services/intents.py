"""What is committed of an order before its venue hears of it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import uuid4

from django.db import transaction
from django.db.models import UUIDField

from apps.core.database import write_turn
from apps.core.exact import times
from apps.core.readings import Reading, Slot
from apps.core.statements import rows_insert
from apps.exchanges.account_port import OrderSide
from apps.market.errors.live import PriceStale
from apps.market.selectors.live import ticker_latest
from apps.portfolio.enums import PriceSource
from apps.portfolio.errors.accounts import AccountClosed
from apps.portfolio.models import Account
from apps.risk.contracts import OrderDraft
from apps.risk.errors.gate import RiskRefused
from apps.risk.services.gate import exposure_judge
from apps.trading.client_ids import client_order_id_make
from apps.trading.enums import OrderState
from apps.trading.market_rules import notional_check
from apps.trading.models import Order
from apps.trading.services.order_writing import OrderWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from apps.market.models import VenueMarket
    from apps.risk.contracts import Verdict
    from apps.trading.contracts import PlaceRequest

_ZERO = Decimal(0)
# The gate's rule that asks for a fresh price; others cannot be judged without one.
_PRICE_AGE = "price_age"
_CLOSED = Reading(
    lambda: (
        Account.objects.select_for_update(no_key=True)
        .filter(pk=Slot("account", UUIDField()))
        .order_by()
        .values_list("closed_at")
    )
)


def order_make(
    account: Account, market: VenueMarket, request: PlaceRequest, now: datetime
) -> Order:
    """Return a new order that is not written yet."""
    return Order(
        id=uuid4(),
        owner_id=account.owner_id,
        account=account,
        client_order_id=request.client_order_id or client_order_id_make(now),
        symbol=market.symbol,
        base=market.base,
        quote=market.quote,
        side=request.side.value,
        kind=request.kind.value,
        quantity=request.quantity,
        price=request.price,
        stop_price=request.stop_price,
        time_in_force=request.time_in_force.value,
        post_only=request.post_only,
        reduce_only=request.reduce_only,
        stop_loss=request.stop_loss,
        target=request.target,
        strategy=request.strategy,
        filled=_ZERO,
        spent=_ZERO,
    )


def intent_commit(
    order: Order,
    market: VenueMarket,
    now: datetime,
    go_on: Callable[[OrderWriter], None] | None = None,
) -> None:
    """Judge an order and commit it, with its exposure held.

    Args:
        order: From `order_make`.
        market: Its market.
        now: The moment, UTC.
        go_on: What else happens to the order in the same transaction: where its venue is
            this database, all of it.

    Raises:
        NotionalTooSmall: At the price that the gate found it is worth too little.
        RiskRefused: The gate refuses; its verdict is committed, and no order.
        PriceStale: It refuses for want of a fresh price alone.
        AccountClosed: The account was closed meanwhile.
    """
    with write_turn(), transaction.atomic(durable=True):
        reserved = exposure_judge(
            account=order.account, order_id=order.pk, draft=draft_of(order), now=now
        )
        verdict = reserved.verdict
        if reserved.held is None:
            rows_insert(reserved.row)
        else:
            _account_open_check(order)
            _worth_check(order, market, verdict, now)
            order.verdict_id, order.state = verdict.id, OrderState.INTENT.value
            writer = OrderWriter(order, now, reserved)
            writer.begin(cause="placed")
            if go_on is not None:
                go_on(writer)
            writer.insert()
    if not verdict.allowed:
        _stale_check(verdict)
        raise RiskRefused(verdict)


def draft_of(order: Order) -> OrderDraft:
    """Return an order as the gate judges it."""
    return OrderDraft(
        symbol=order.symbol,
        base=order.base,
        quote=order.quote,
        side=order.side,
        kind=order.kind,
        quantity=order.quantity,
        price=order.price,
        stop_price=order.stop_price,
        reduce_only=order.reduce_only,
        stop_loss=order.stop_loss,
        target=order.target,
    )


def _account_open_check(order: Order) -> None:
    """Lock the account, after the scopes and before the order, and see that it is open.

    Whoever closes it locks it as well, and finds either no order or this one.

    Raises:
        AccountClosed: It was closed since it was read.
    """
    ((closed_at,),) = _CLOSED.rows(account=order.account_id)
    if closed_at is not None:
        msg = f"The account {order.account.name!r} was closed; no order can be sent from it."
        raise AccountClosed(msg)


def _worth_check(
    order: Order, market: VenueMarket, verdict: Verdict, now: datetime
) -> None:
    """Check what an order without a price of its own is worth at the market.

    The gate values it at the worst price that it may meet, which tells enough of all but
    the smallest; those are looked at once more.
    """
    valued = verdict.order.get("valued_at")
    if order.price is not None or order.stop_price is not None or valued is None:
        return
    least = (market.min_notional or _ZERO) * 2
    if times(order.quantity, Decimal(valued)) >= least:
        return
    price = None
    if order.account.price_source == PriceSource.LIVE.value:
        told = ticker_latest(exchange=market.exchange, symbol=market.symbol, now=now)
        side = "ask" if order.side == OrderSide.BUY else "bid"
        price = None if told is None else told.body.get(side)
    notional_check(market, order.quantity, Decimal(price or valued))


def _stale_check(verdict: Verdict) -> None:
    """Say that a price is missing where nothing else is known to be wrong.

    Raises:
        PriceStale: It is.
    """
    failed = [one for one in verdict.rules if not one.passed]
    stale = next((one for one in failed if one.rule == _PRICE_AGE), None)
    if stale is None or any(one.value for one in failed if one is not stale):
        return
    raise PriceStale(stale.message, attr="symbol")
