"""Match what rests at the paper venue with what prices did; run a few times a second.

Two processes may do so at once: an account's head is locked while its orders are matched,
they are read again under the lock, and an order never meets the same look twice.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from apps.core.errors import ApplicationError
from apps.exchanges.account_port import TimeInForce, VenueOrderState
from apps.exchanges.adapters.paper.matching import meet
from apps.exchanges.adapters.paper.pool import Pool
from apps.portfolio.enums import PriceSource as SourceName
from apps.portfolio.models import PaperOrder
from apps.portfolio.paper.candles import CandlePrices
from apps.portfolio.paper.desk import Desk, ticket_of
from apps.portfolio.paper.holdings import head_lock, holdings_read
from apps.portfolio.paper.markets import steps_of
from apps.portfolio.paper.prices import LivePrices, prices_hold

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from apps.exchanges.adapters.paper.contracts import Seen, Ticket
    from apps.portfolio.models import Account
    from apps.portfolio.paper.seen import PriceSource

logger = logging.getLogger(__name__)

_INSTANT = timedelta(microseconds=1)
# So many candles without an event, and how far they were looked at is written down.
_WORTH_A_NOTE = 64
_MATCHED = (
    "state",
    "filled",
    "spent",
    "held",
    "triggered_at",
    "looked_at",
    "changed_at",
    "reason",
)


@dataclass(frozen=True, slots=True)
class PaperStep:
    """What one round of matching did.

    Attributes:
        fills: How many executions there were.
        accounts: Where an order was executed or ended: trading has to ask their venue.
    """

    fills: int
    accounts: frozenset[UUID]


def paper_step(*, account_id: UUID | None = None, now: datetime) -> PaperStep:
    """Match the open orders of paper accounts with the prices since the last time.

    Where prices are missing, or cannot be read, nothing is matched.

    Args:
        account_id: Of one account; None for all.
        now: The moment, UTC.
    """
    found = _open_orders().select_related("account").order_by("account_id", "number")
    if account_id is not None:
        found = found.filter(account_id=account_id)
    grouped = [
        (next(iter(orders)).account, orders)
        for orders in (
            list(each) for _, each in groupby(found, key=lambda one: one.account_id)
        )
    ]
    live = _live_prices(
        [one for account, orders in grouped if _lives(account) for one in orders], now
    )
    fills, changed = 0, set()
    for account, orders in grouped:
        source = (
            live.get(account.exchange) if _lives(account) else CandlePrices(account)
        )
        if source is None:
            continue
        try:
            made = _account_step(account, orders, source, now)
        except ApplicationError as error:
            logger.warning("paper account %s is not matched: %s", account.pk, error)
            continue
        if made is not None:
            fills += made
            changed.add(account.pk)
    return PaperStep(fills, frozenset(changed))


def _open_orders() -> QuerySet[PaperOrder]:
    return PaperOrder.objects.filter(state=VenueOrderState.OPEN.value)


def _lives(account: Account) -> bool:
    return account.price_source == SourceName.LIVE.value


def _live_prices(orders: Sequence[PaperOrder], now: datetime) -> dict[str, LivePrices]:
    """Read the prices of all orders, one read for each exchange, and keep them fresh."""
    symbols: dict[str, set[str]] = {}
    for one in orders:
        symbols.setdefault(one.account.exchange, set()).add(one.symbol)
    found: dict[str, LivePrices] = {}
    for exchange, wanted in symbols.items():
        prices_hold(exchange, wanted, now=now)
        prices = LivePrices(exchange)
        try:
            prices.load(sorted(wanted), now)
        except ApplicationError as error:
            logger.warning("paper orders of %s are not matched: %s", exchange, error)
            continue
        found[exchange] = prices
    return found


def _account_step(
    account: Account, orders: Sequence[PaperOrder], source: PriceSource, now: datetime
) -> int | None:
    """Match an account's orders; return how many executions, None where none changed."""
    # Nothing is locked or written while nothing would happen.
    if not any(_would(one, source, now) for one in orders):
        return None
    with transaction.atomic():
        head = head_lock(account)
        rows = list(_open_orders().filter(account_id=account.pk).order_by("number"))
        holdings = holdings_read(account)
        desk = Desk(account, head, holdings, now)
        rules = steps_of(account, {one.symbol for one in rows})
        told = False
        for symbol in dict.fromkeys(one.symbol for one in rows):
            mine = [
                (one, ticket_of(one, rules.get(symbol)))
                for one in rows
                if one.symbol == symbol
            ]
            told |= _match(desk, mine, source, now)
        for one in rows:
            one.save(update_fields=_MATCHED)
        fills = desk.fills
        desk.save()
    return fills if told else None


def _match(
    desk: Desk,
    orders: Sequence[tuple[PaperOrder, Ticket]],
    source: PriceSource,
    now: datetime,
) -> bool:
    """Match one market's orders, look by look; return whether any filled or ended."""
    symbol = orders[0][0].symbol
    after = min(_after(order) for order, _ in orders)
    told = False
    for seen in source.since(symbol, after, now):
        pool = Pool(seen)
        for order, ticket in orders:
            if order.state != VenueOrderState.OPEN.value:
                continue
            outcome = meet(ticket, pool, desk.budget(order, ticket))
            desk.settle(order, ticket, outcome)
            told |= bool(outcome.deals) or outcome.ended is not None
    for order, ticket in orders:
        open_ = order.state == VenueOrderState.OPEN.value
        if open_ and _in_vain(order, ticket, source, now):
            desk.end(order, VenueOrderState.EXPIRED, "no price came in time")
            told = True
    return told


def _would(order: PaperOrder, source: PriceSource, now: datetime) -> bool:
    """Return whether matching would change an order, without changing it."""
    ticket = ticket_of(order, None)
    seen: Sequence[Seen] = source.since(order.symbol, _after(order), now)
    if len(seen) >= _WORTH_A_NOTE:
        return True
    if any(meet(ticket, Pool(one), order.held).changed for one in seen):
        return True
    return _in_vain(order, ticket, source, now)


def _after(order: PaperOrder) -> datetime:
    """Return from when on prices are new to an order, exclusive."""
    active = order.active_at - _INSTANT
    return active if order.looked_at is None else max(active, order.looked_at)


def _in_vain(
    order: PaperOrder, ticket: Ticket, source: PriceSource, now: datetime
) -> bool:
    """Return whether an order that cannot rest has waited too long for a price."""
    rests = ticket.kind.has_price and ticket.time_in_force is TimeInForce.GTC
    if ticket.looked_ns is not None or ticket.waits or rests:
        return False
    limit = order.active_at + timedelta(seconds=settings.LIVE_STALE_SECONDS)
    return now > limit and source.quote(order.symbol, now).quote is None
