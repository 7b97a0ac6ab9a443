"""Executions that nobody told us of: fetched by market, and each applied once."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from apps.core.errors import ApplicationError
from apps.exchanges.errors import SymbolUnknown, VenueOrderNotFound
from apps.market.moments import datetime_from_ns, ns_from_datetime
from apps.portfolio.venue_fills import VENUE_SILENT, fills_pages
from apps.trading.errors.reconciliations import ReconciliationLost
from apps.trading.models import Execution, Order
from apps.trading.services.adopting import (
    order_adopt,
    order_from_fills,
    order_in_flight,
    order_named,
)
from apps.trading.services.executing import venue_trade_id_told
from apps.trading.services.steps import executions_apply, venue_order_take
from apps.trading.services.venue_look import MARGIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from apps.exchanges.account_port import VenueFill, VenueOrder
    from apps.trading.services.comparison import Comparison

# Executions are told late at times: those of so long ago are looked at again.
OVERLAP = timedelta(hours=1)


def fills_compare(work: Comparison, symbols: Iterable[str]) -> int:
    """Apply the executions of some markets that are not known yet.

    Args:
        work: The comparison.
        symbols: The markets; one that was looked at before is looked at from there on.

    Returns:
        How many were new.

    Raises:
        ApplicationError: The venue could not be asked, of any market.
    """
    before = work.executions_applied
    for symbol in sorted(set(symbols)):
        work.beat()
        since, after_id = _start(work, symbol)
        until = work.moment() + MARGIN
        try:
            for page in fills_pages(
                work.port, symbol, since=since, until=until, after_id=after_id
            ):
                _page(work, symbol, page)
                work.beat()
        except SymbolUnknown:
            # It was taken off the venue; what is left of it shows in the balances.
            work.found("market_gone", symbol)
        except (*VENUE_SILENT, ReconciliationLost):
            raise
        except ApplicationError as error:
            told = f"{error.code}: {error.message}"
            work.found("cannot_be_asked", symbol, theirs=told)
    return work.executions_applied - before


def _start(work: Comparison, symbol: str) -> tuple[datetime, str | None]:
    """Return from when on, and after which execution, something may be unknown."""
    known = (
        Execution.objects.filter(
            account=work.account, symbol=symbol, at__lte=work.since - OVERLAP
        )
        .order_by("-at", "-number")
        .first()
    )
    if known is None:
        return work.since - OVERLAP, None
    # From that one on, whose id says where the venue is to begin.
    return known.at, venue_trade_id_told(known)


def _page(work: Comparison, symbol: str, page: Sequence[VenueFill]) -> None:
    # By side as well: of a trade of the account with itself there are two of one name,
    # of which the second is stored under another, and is known by its order.
    known = set(
        Execution.objects.filter(
            account=work.account,
            symbol=symbol,
            venue_trade_id__in=[one.id for one in page],
        ).values_list("venue_trade_id", "side")
    )
    by_order: dict[str, list[VenueFill]] = defaultdict(list)
    for one in page:
        if (one.id, one.side.value) in known:
            continue
        if one.order_id is None:
            work.found("fill_without_order", f"{symbol} {one.id}", theirs=one.quantity)
        else:
            by_order[one.order_id].append(one)
    for order_id, fills in by_order.items():
        _apply(work, symbol, order_id, fills)


def _apply(
    work: Comparison, symbol: str, order_id: str, fills: list[VenueFill]
) -> None:
    order = (
        Order.objects.select_related("account")
        .filter(account=work.account, symbol=symbol, venue_order_id=order_id)
        .first()
    )
    if order is not None:
        _missed(work, order, executions_apply(order=order, fills=fills, now=work.now))
        return
    if _before_opening(work, fills):
        return
    told = _told(work, symbol, order_id)
    order = None if told is None else order_named(work.account, told)
    if told is None or order is None:
        _adopt(work, told, symbol, order_id, fills)
        return
    known = order.executions.count()
    venue_order_take(
        order=order, told=told, now=work.now, cause="reconciled", fills=fills
    )
    _missed(work, order, order.executions.count() - known)


def _missed(work: Comparison, order: Order, applied: int) -> None:
    work.executions_applied += applied
    if applied:
        told = f"{applied} executions"
        work.found(
            "execution_missed", order.client_order_id, theirs=told, done="applied"
        )


def _before_opening(work: Comparison, fills: list[VenueFill]) -> bool:
    """Return whether the balances that the ledger was opened with hold them already."""
    opened = work.opened_at
    return opened is not None and all(
        datetime_from_ns(one.time_ns) <= opened for one in fills
    )


def _told(work: Comparison, symbol: str, order_id: str) -> VenueOrder | None:
    try:
        return work.port.order_get(symbol, order_id=order_id)
    except VenueOrderNotFound:
        return None


def _adopt(
    work: Comparison,
    told: VenueOrder | None,
    symbol: str,
    order_id: str,
    fills: list[VenueFill],
) -> None:
    """Take over an order that was made, and executed, elsewhere.

    One that the venue has forgotten is as large as all of its executions together, not
    only as those that were new to us.
    """
    if told is None or told.created_ns is None:
        oldest = min(one.time_ns for one in fills)
        since = min(oldest, ns_from_datetime(work.since - OVERLAP))
    else:
        since = told.created_ns
    complete = work.port.fills_of_order(symbol, order_id, since)
    every = list({one.id: one for one in (*fills, *complete)}.values())
    shape = told
    if told is None:
        told = order_from_fills(symbol, order_id, every)
        # It may have been larger than what was executed of it.
        shape = dataclasses.replace(told, quantity=None)
    ours = order_in_flight(work.account, shape or told)
    if ours is not None:
        work.found("unclear", ours.client_order_id, ours=ours.state, theirs=order_id)
        return
    order = order_adopt(account=work.account, told=told, now=work.now, fills=every)
    work.adoption(told, order, len(every))
