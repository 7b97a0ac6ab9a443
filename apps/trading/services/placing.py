"""Place an order: judged, committed, and only then sent, once.

An order is an intent in the database before its venue hears of it. On paper the venue is
this database: there the order and what the venue made of it are one transaction.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from django.db import IntegrityError
from django.db.models import CharField, Q

from apps.core.errors import ApplicationError
from apps.core.readings import Reading, Slot
from apps.market.enums import LiveKind
from apps.market.errors.live import PriceStale
from apps.market.models import VenueMarket
from apps.market.selectors.venues import symbols_check, venue_list_get
from apps.market.services.demand import demand_want
from apps.portfolio import venues
from apps.portfolio.enums import AccountMode
from apps.portfolio.selectors.accounts import account_get
from apps.trading.client_ids import client_order_id_check
from apps.trading.contracts import request_check
from apps.trading.enums import OrderOrigin, OrderState
from apps.trading.errors.orders import (
    ClientOrderIdUsed,
    OrderAlreadyReplaced,
    OrderKeyReused,
    OrderKindUnsupported,
    SymbolNotTraded,
)
from apps.trading.market_rules import market_rules_check
from apps.trading.models import Order
from apps.trading.services.cancelling import cancel_ask
from apps.trading.services.intents import intent_commit, order_make
from apps.trading.services.outside import Elapsed
from apps.trading.services.paper_placing import paper_place
from apps.trading.services.sending import order_send
from apps.trading.transitions import WORKING

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from apps.exchanges.account_port import AccountPort
    from apps.portfolio.models import Account
    from apps.portfolio.paper.venue import PaperVenue
    from apps.trading.contracts import PlaceRequest
    from apps.users.models import User

logger = logging.getLogger(__name__)

# What makes an order the one that was asked for.
_ASKED = (
    *("symbol", "side", "kind", "quantity", "price", "stop_price", "time_in_force"),
    *("post_only", "reduce_only", "stop_loss", "target", "strategy"),
)


_MARKET = Reading(
    lambda: VenueMarket.objects.filter(
        exchange=Slot("exchange", CharField()), symbol=Slot("symbol", CharField())
    ).order_by()
)


def order_place(
    *,
    actor: User,
    account_id: UUID,
    request: PlaceRequest,
    now: datetime,
    request_key: str | None = None,
    origin: str = OrderOrigin.API.value,
) -> Order:
    """Place an order on an account, after the risk gate, exactly once.

    The intent is committed before the venue hears of it; a lost answer leaves the order
    `unknown` for reconciliation, and it is never sent again.

    Args:
        actor: Who asks; must own the account.
        account_id: The account that pays.
        request: What is wanted.
        now: The moment of the request, UTC.
        request_key: Of the request that makes it; an order that it has made already is
            returned as it is, and nothing is placed.
        origin: Who makes it: `api` or `bot`.

    Raises:
        AccountNotFound: No such account for this actor.
        OrderInvalid, ClientOrderIdInvalid: It makes no sense.
        ClientOrderIdUsed: The account has had an order of this name.
        OrderKeyReused: The request's key has made another order than this.
        SymbolUnknown, SymbolNotTraded: There is no such market, or it is closed.
        QuantityOffStep, PriceOffTick, QuantityTooSmall, NotionalTooSmall: The market
            would not take it; says what it would take.
        RiskRefused: A limit would be overstepped; carries the verdict.
        PriceStale: There is no fresh price to value it at; it is held fresh from now on.

    Returns:
        The order in the state that it reached.
    """
    account = account_get(actor=actor, account_id=account_id)
    return order_place_on(
        account=account,
        request=request,
        now=now,
        request_key=request_key,
        origin=origin,
    )


def order_place_on(
    *,
    account: Account,
    request: PlaceRequest,
    now: datetime,
    request_key: str | None = None,
    origin: str = OrderOrigin.API.value,
    replaces: Order | None = None,
) -> Order:
    """Place an order on an account that the caller may trade on; see `order_place`."""
    clock = Elapsed(now)
    request_check(request)
    if request.client_order_id is not None:
        client_order_id_check(request.client_order_id)
    known = _known(account, request, request_key)
    if known is not None:
        return known
    venues.trading_admit(account=account, now=now)
    market = market_of(account, request.symbol)
    market_rules_check(market, request)
    order = order_make(account, market, request, now)
    order.request_key, order.origin, order.replaces = request_key, origin, replaces
    # Opened before anything is written: an account without keys has no intents.
    port = venues.account_port(account, now=now)
    _kind_check(account, port, request)
    venue = _paper_of(account, port, market)
    paper = None if venue is None else partial(paper_place, port=venue, now=now)
    try:
        intent_commit(order, market, now, paper)
    except IntegrityError:
        known = _known(account, request, request_key)
        if known is None:
            _replaced_check(replaces)
            raise
        return known
    except PriceStale:
        _prices_want(account, order.symbol, now)
        raise
    if venue is not None:
        return order
    order_send(order=order, port=port, now=clock.now())
    if order.cancel_asked_at is not None and OrderState(order.state) in WORKING:
        _gone_ask(order, port, clock.now())
    return order


def _gone_ask(order: Order, port: AccountPort, now: datetime) -> None:
    """Ask for the cancel that somebody wanted while the order was on its way.

    It was placed, whatever the venue says to that: the cancel is asked for again.
    """
    try:
        cancel_ask(order=order, port=port, now=now)
    except ApplicationError as error:
        logger.warning("cancel of %s is not confirmed: %s", order.pk, error.message)


def market_of(account: Account, symbol: str) -> VenueMarket:
    """Return a market of an account's exchange.

    Raises:
        SymbolUnknown: It lists none of this name; near ones are offered.
        MarketsNotRead: Nobody has read what it lists.
        SymbolNotTraded: It was dropped.
    """
    found = _MARKET.objects(exchange=account.exchange, symbol=symbol)
    market = found[0] if found else None
    if market is None:
        symbols_check(exchange=account.exchange, symbols=[symbol])
        venue_list_get(exchange=account.exchange)
        msg = f"{account.exchange} has no market {symbol[:40]!r}."
        raise SymbolNotTraded(msg, attr="symbol")
    return market


def _paper_of(
    account: Account, port: AccountPort, market: VenueMarket
) -> PaperVenue | None:
    """Return the venue where it is this database, told the market that we read."""
    if account.mode != AccountMode.PAPER.value:
        return None
    from apps.portfolio.paper.venue import PaperVenue  # noqa: PLC0415 - as its account

    if not isinstance(port, PaperVenue):
        return None
    port.market_tell(market)
    return port


def _kind_check(account: Account, port: AccountPort, request: PlaceRequest) -> None:
    kinds = port.order_kinds()
    if request.kind not in kinds:
        msg = (
            f"{account.exchange} takes no {request.kind} orders here; it takes "
            f"{', '.join(sorted(kinds))}."
        )
        raise OrderKindUnsupported(msg, attr="kind")


def _known(
    account: Account, request: PlaceRequest, request_key: str | None
) -> Order | None:
    """Return the order that a request has made already; None: it made none yet.

    Raises:
        ClientOrderIdUsed: Another request has used the name.
        OrderKeyReused: The same key has made an order of another kind.
    """
    client_order_id = request.client_order_id
    if client_order_id is None and request_key is None:
        return None
    same = Q(pk=None)
    if client_order_id is not None:
        same |= Q(client_order_id=client_order_id)
    if request_key is not None:
        same |= Q(request_key=request_key)
    found = list(Order.objects.filter(same, account=account))
    for one in found:
        one.account = account
        if request_key is not None and one.request_key == request_key:
            _asked_check(one, request)
            return one
    if found:
        msg = (
            f"This account has had an order {found[0].client_order_id!r}, "
            f"/api/v1/orders/{found[0].pk}/; a client order id is never used twice."
        )
        raise ClientOrderIdUsed(msg, attr="client_order_id")
    return None


def _asked_check(known: Order, request: PlaceRequest) -> None:
    differs = [
        name for name in _ASKED if getattr(known, name) != getattr(request, name)
    ]
    given = request.client_order_id
    if given is not None and given != known.client_order_id:
        differs.append("client_order_id")
    if differs:
        raise key_reused(known, ", ".join(differs))


def key_reused(known: Order, what: str) -> OrderKeyReused:
    """Return what says that a request's key has made another order than is asked for."""
    msg = (
        f"This Idempotency-Key has made the order /api/v1/orders/{known.pk}/ already, "
        f"with another {what}; choose a new key for another order."
    )
    return OrderKeyReused(msg, attr="Idempotency-Key")


def _replaced_check(replaces: Order | None) -> None:
    if replaces is not None and Order.objects.filter(replaces=replaces).exists():
        msg = f"The order {replaces.client_order_id} was replaced already."
        raise OrderAlreadyReplaced(msg)


def _prices_want(account: Account, symbol: str, now: datetime) -> None:
    for kind in (LiveKind.TICKERS, LiveKind.BOOKS):
        demand_want(exchange=account.exchange, kind=kind, symbols=[symbol], now=now)
