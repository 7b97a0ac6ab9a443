"""Write down what accounts are worth, again and again."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from apps.core.errors import Unavailable
from apps.core.exact import WIDE, exact
from apps.portfolio.models import EquityPoint, LedgerHead
from apps.portfolio.selectors.accounts import accounts_counted
from apps.portfolio.selectors.equity import chained, day_base, point_latest
from apps.portfolio.selectors.flows import flows_after, flows_worth
from apps.portfolio.selectors.ledger import balances_of
from apps.portfolio.selectors.valuation import account_rates, valuation_from
from apps.portfolio.services.valuation import rates_want

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

    from apps.portfolio.models import Account
    from apps.portfolio.selectors.rates import Rate

logger = logging.getLogger(__name__)


def equity_record(*, now: datetime) -> int:
    """Write a point of equity of every account that ever held anything.

    Of a closed one while it still holds something: its worth counts in its owner's limits.

    The prices that the next one needs are held fresh until then. An account whose
    prices cannot be read at the moment gets none.

    Args:
        now: The moment, UTC.

    Returns:
        How many points were written.
    """
    written = 0
    accounts = accounts_counted().filter(ledger_head__last__gt=0)
    for account in accounts.order_by("pk"):
        written += _point_try(account, now) is not None
    return written


def equity_point_add(*, account: Account, now: datetime) -> EquityPoint | None:
    """Write down what an account is worth; to be called after a deposit as well.

    A point right after money came in or left keeps its time from being mixed with the
    return before it.

    Args:
        account: Whose.
        now: The moment, UTC.

    Raises:
        LiveUnavailable: The latest prices cannot be read.
        OverflowError: The account is worth more than an amount can hold.

    Returns:
        The point; None where there is one of this moment or a later one, or nothing
        ever moved.
    """
    held = balances_of(account)
    last = point_latest(account)
    flows = flows_after(account, last.through if last else 0)
    currencies = held.keys() | flows.keys()
    rates_want(
        account=account,
        currencies=currencies,
        into=account.currency,
        now=now,
        seconds=2 * settings.EQUITY_EVERY_SECONDS,
    )
    rates = account_rates(
        account=account, currencies=currencies, into=account.currency, now=now
    )
    return _write(account, rates, now)


@transaction.atomic
def _write(
    account: Account, rates: Mapping[str, Rate], now: datetime
) -> EquityPoint | None:
    """Write a point at rates that were read before the ledger was locked."""
    heads = LedgerHead.objects.select_for_update().filter(account=account)
    # By its key: in the order of accounts, their rows would be locked as well.
    head = heads.order_by("pk").first()
    newest = EquityPoint.objects.filter(account=account).order_by("-at").first()
    if head is None or not head.last or (newest is not None and newest.at >= now):
        return None
    last = newest if newest is None or not newest.stale else point_latest(account)
    flows = flows_after(account, last.through if last else 0)
    worth = valuation_from(
        exchange=account.exchange,
        holdings=balances_of(account),
        rates=rates,
        into=account.currency,
    )
    point = EquityPoint(
        account=account, at=now, equity=exact(worth.known), through=head.last
    )
    flow = None
    if worth.total is not None and not worth.stale:
        flow = _flow(account, flows, rates)
    if flow is None:
        point.stale = True
        _carry(point, last)
    else:
        point.flow = flow
        _link(point, last)
    point.save(force_insert=True)
    return point


def _flow(
    account: Account, flows: Mapping[str, Decimal], rates: Mapping[str, Rate]
) -> Decimal | None:
    """Return what came in; None where something has no price that counts now."""
    if any(rates[one].stale for one in flows if one in rates):
        return None
    return flows_worth(account, flows, rates)


def _carry(point: EquityPoint, last: EquityPoint | None) -> None:
    if last is not None:
        point.growth, point.peak, point.day_base = (
            last.growth,
            last.peak,
            last.day_base,
        )


def _link(point: EquityPoint, last: EquityPoint | None) -> None:
    linked = chained(
        equity=point.equity,
        flow=point.flow,
        before=None if last is None else last.equity,
        growth=None if last is None else last.growth,
        peak=None if last is None else last.peak,
    )
    point.growth, point.peak = linked.growth, linked.peak
    base = day_base(last, point.at)
    point.day_base = point.equity if base is None else exact(WIDE.add(base, point.flow))


def equity_follow(*, account: Account, now: datetime) -> None:
    """Write a point once what is being written is committed; a missing price is no error.

    Args:
        account: Whose money came in or left.
        now: The moment, UTC.
    """
    transaction.on_commit(lambda: _point_try(account, now), robust=True)


def _point_try(account: Account, now: datetime) -> EquityPoint | None:
    """Write a point; where it cannot be valued, the next one takes its flows over."""
    try:
        return equity_point_add(account=account, now=now)
    except (Unavailable, OverflowError) as error:
        logger.warning("no equity of account %s: %s", account.pk, error)
        return None
