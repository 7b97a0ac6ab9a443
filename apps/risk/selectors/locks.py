"""Reads of locks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.core.outbox.recording import moment_text
from apps.portfolio.selectors.accounts import account_get
from apps.risk.errors.limits import LockNotFound
from apps.risk.models import RiskLock

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from apps.portfolio.models import Account
    from apps.risk.models import RiskScope
    from apps.users.models import User


def lock_list(*, actor: User, account_id: UUID) -> QuerySet[RiskLock]:
    """Return an account's locks, those that are over too, newest first.

    Raises:
        AccountNotFound: No such account for this actor.
    """
    account = account_get(actor=actor, account_id=account_id)
    return RiskLock.objects.filter(account=account).order_by("-created_at", "-id")


def lock_get(*, actor: User, account_id: UUID, lock_id: UUID) -> RiskLock:
    """Return one lock of one of the actor's accounts.

    Raises:
        AccountNotFound: No such account for this actor.
        LockNotFound: It has no such lock.
    """
    found = lock_list(actor=actor, account_id=account_id).filter(pk=lock_id).first()
    if found is None:
        msg = f"The account has no lock {lock_id}; see GET .../risk/locks/."
        raise LockNotFound(msg)
    return found


def locks_active(account: Account, *, now: datetime) -> QuerySet[RiskLock]:
    """Return the locks that hold now, the longest first."""
    return RiskLock.objects.filter(
        account_id=account.pk, released_at=None, begins_at__lte=now, until__gt=now
    ).order_by("-until", "-id")


def locked_why(
    account: Account, scope: RiskScope, *, symbol: str, now: datetime
) -> str:
    """Return why there is no new exposure in a market now; empty where there may be.

    Args:
        account: Which.
        scope: Its row, which says until when there is any lock at all.
        symbol: The market.
        now: The moment, UTC.
    """
    if scope.locked_until is None or scope.locked_until <= now:
        return ""
    for lock in locks_active(account, now=now):
        if lock.symbol.upper() in {"", symbol.upper()}:
            what = lock.symbol or "The account"
            until = moment_text(lock.until)
            return f"{what} is locked until {until} ({lock.kind}): {lock.reason}"
    return ""
