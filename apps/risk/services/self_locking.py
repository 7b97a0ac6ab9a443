"""Locks that trading brings on itself: after losses, for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from apps.risk.limit_set import limits_read
from apps.risk.services.calling import locks_called
from apps.risk.services.locks import lock_write
from apps.risk.services.losses import losses_judge
from apps.risk.services.scopes import scopes_lock

if TYPE_CHECKING:
    from datetime import datetime

    from apps.portfolio.models import Account
    from apps.risk.models import RiskLock, RiskScope
    from apps.risk.services.calling import Called


def account_watch(*, account: Account, now: datetime) -> list[RiskLock]:
    """Judge an account's losses and results while nobody places an order.

    Args:
        account: Which.
        now: The moment, UTC.

    Raises:
        LiveUnavailable: Where the latest prices are kept does not answer.
    """
    losses_judge(account=account, now=now)
    return locks_judge(account=account, now=now)


@transaction.atomic
def locks_judge(*, account: Account, now: datetime) -> list[RiskLock]:
    """Lock an account, or a market of it, where its last results call for it.

    Every order is judged by its locks as well, so that none comes between.

    Returns:
        The locks that are new.
    """
    _, scope = scopes_lock(account)
    guards = limits_read(scope.rules).locks
    called = locks_called(account=account, guards=guards, now=now)
    return locks_apply(account=account, scope=scope, called=called, now=now)


def locks_apply(
    *, account: Account, scope: RiskScope, called: Called, now: datetime
) -> list[RiskLock]:
    """Write the locks that an account's results call for, under its lock.

    They hold from then on; they are told of after the commit, for an order that is
    judged goes on to its ledger.
    """
    return [
        lock_write(
            account=account,
            scope=scope,
            kind=one.kind,
            symbol=one.symbol,
            begins_at=one.begins_at,
            until=one.until,
            reason=one.reason,
            now=now,
            later=True,
        )
        for one in called.wanted
    ]
