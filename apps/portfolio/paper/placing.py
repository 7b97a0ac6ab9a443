"""Take a new order at the paper venue: one transaction, few statements."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import connection, transaction

from apps.core.exact import exact, plain
from apps.core.statements import row_insert
from apps.exchanges.account_port import OrderKind, VenueOrderState
from apps.exchanges.adapters.paper.contracts import Outcome
from apps.exchanges.adapters.paper.matching import TOO_DEAR, arrive
from apps.exchanges.adapters.paper.money import held_by
from apps.exchanges.adapters.paper.pool import Pool
from apps.exchanges.adapters.paper.rules import request_check, ticket_check
from apps.exchanges.errors import (
    ClientOrderIdTaken,
    ExchangeRejected,
    InsufficientFunds,
)
from apps.portfolio.enums import PriceSource
from apps.portfolio.models import PaperOrder
from apps.portfolio.paper.desk import Desk, ticket_of
from apps.portfolio.paper.holdings import pair_lock
from apps.portfolio.paper.markets import rules_get
from apps.portfolio.paper.prices import prices_of, prices_want

if TYPE_CHECKING:
    from datetime import datetime

    from apps.core.statements import Statement
    from apps.exchanges.account_port import OrderRequest
    from apps.exchanges.adapters.paper.contracts import Quote, Rules, Ticket
    from apps.market.models import VenueMarket
    from apps.portfolio.models import Account, PaperFill
    from apps.portfolio.paper.holdings import Holdings

    type Placed = tuple[PaperOrder, tuple[PaperFill, ...]]

_ZERO = Decimal(0)


def place(
    account: Account,
    request: OrderRequest,
    *,
    now: datetime,
    listed: VenueMarket | None = None,
    later: list[Statement] | None = None,
) -> Placed:
    """Take an order; what can be filled at once is, unless it has a latency.

    Args:
        account: A paper account.
        request: The order.
        now: The moment, UTC.
        listed: The order's market, where it was just read.
        later: Takes what is left to be written; see `statements_leave`.

    Raises:
        SymbolUnknown, ExchangeUnsupported, InsufficientFunds, ClientOrderIdTaken,
        ExchangeRejected: It was not taken.

    Returns:
        The order, and its executions.
    """
    try:
        return _placed(account, request, now, listed, later)
    except ExchangeRejected:
        # An order that is there already may itself be why it cannot be placed again.
        taken = PaperOrder.objects.filter(
            account_id=account.pk, client_order_id=request.client_order_id
        )
        if not taken.exists():
            raise
    raise _taken(request.client_order_id)


def _taken(client_order_id: str) -> ClientOrderIdTaken:
    msg = f"there is an order of the client order id {client_order_id!r}"
    return ClientOrderIdTaken(msg, attr="client_order_id")


def _placed(
    account: Account,
    request: OrderRequest,
    now: datetime,
    listed: VenueMarket | None,
    later: list[Statement] | None,
) -> Placed:
    if account.closed_at is not None:
        msg = f"the account {account.name!r} is closed"
        raise ExchangeRejected(msg)
    rules = rules_get(account, request.symbol, listed)
    quote = _price(account, request, now)
    request_check(request, rules, quote)
    order = _row(account, request, rules, now)
    ticket = ticket_of(order, rules)
    # Whether a stop would wake at once is seen when it is placed: what the price reaches
    # while it is on its way, it was meant for.
    if quote is not None and (ticket.waits or not account.latency_ms):
        ticket_check(ticket, quote)
    # Whatever refuses it does so before anything is written: no savepoint is needed.
    with nullcontext() if connection.in_atomic_block else transaction.atomic():
        return _take(account, order, ticket, quote, now, later)


def _price(account: Account, request: OrderRequest, now: datetime) -> Quote | None:
    """Return the market's price; None for an order that can wait for one."""
    told = prices_of(account).quote(request.symbol, now)
    if told.quote is not None:
        return told.quote
    if account.price_source == PriceSource.LIVE.value:
        prices_want(account.exchange, [request.symbol], now=now)
    # Whether a post-only order would take, nobody can tell without a price.
    waits = (
        request.kind is not OrderKind.MARKET and request.time_in_force.value == "GTC"
    )
    if waits and not request.post_only:
        return None
    raise ExchangeRejected(told.why, attr="symbol", code="price_stale")


def _row(
    account: Account, request: OrderRequest, rules: Rules, now: datetime
) -> PaperOrder:
    def amount(value: Decimal | None) -> Decimal | None:
        return None if value is None else exact(value)

    return PaperOrder(
        account_id=account.pk,
        client_order_id=request.client_order_id,
        symbol=request.symbol,
        base=rules.base,
        quote=rules.quote,
        side=request.side.value,
        kind=request.kind.value,
        quantity=exact(request.quantity),
        price=amount(request.price),
        stop_price=amount(request.stop_price),
        time_in_force=request.time_in_force.value,
        post_only=request.post_only,
        state=VenueOrderState.OPEN.value,
        filled=_ZERO,
        spent=_ZERO,
        held=_ZERO,
        placed_at=now,
        active_at=now + timedelta(milliseconds=account.latency_ms),
        changed_at=now,
    )


def _take(
    account: Account,
    order: PaperOrder,
    ticket: Ticket,
    quote: Quote | None,
    now: datetime,
    later: list[Statement] | None,
) -> Placed:
    head, holdings = pair_lock(account, order.base, order.quote)
    desk = Desk(account, head, holdings, now)
    head.last_order += 1
    order.number = head.last_order
    met = quote is not None and not account.latency_ms
    # One that is filled or ended at once at the market needs no hold of its own.
    if not (met and order.kind == OrderKind.MARKET.value):
        desk.hold(order, held_by(ticket, quote))
    outcome = Outcome()
    if met and quote is not None:
        budget = desk.budget(order, ticket)
        if not ticket.buys:
            _base_check(order, holdings)
        outcome = arrive(ticket, Pool(quote), budget)
        if outcome.reason == TOO_DEAR:
            raise _too_dear(order, quote, budget)
        desk.settle(order, ticket, outcome)
    if not row_insert(order, once=("account", "client_order_id")):
        raise _taken(order.client_order_id)
    return order, desk.save(later)


def _base_check(order: PaperOrder, holdings: Holdings) -> None:
    free = holdings.free(order.base)
    if order.held == 0 and free < order.quantity:
        msg = (
            f"it sells {plain(order.quantity)} {order.base}, and {plain(free)} "
            f"{order.base} are free"
        )
        raise InsufficientFunds(msg, attr="quantity")


def _too_dear(order: PaperOrder, quote: Quote, free: Decimal) -> InsufficientFunds:
    cost = held_by(ticket_of(order, None), quote)
    msg = (
        f"it costs about {plain(cost)} {order.quote}, and {plain(free)} "
        f"{order.quote} are free"
    )
    return InsufficientFunds(msg, attr="quantity")
