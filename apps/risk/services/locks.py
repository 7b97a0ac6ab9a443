"""Locks: made by a person or by losses, changed, and released early."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from apps.core.outbox.recording import moment_text
from apps.market.selectors.venues import symbols_check
from apps.portfolio.enums import PriceSource
from apps.portfolio.selectors.accounts import account_get
from apps.risk.enums import LockKind
from apps.risk.errors.limits import LockInvalid, LockOver
from apps.risk.models import RiskLock
from apps.risk.selectors.locks import lock_get, locks_active
from apps.risk.services.scopes import scopes_lock
from apps.risk.services.telling import risk_tell

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from apps.portfolio.models import Account
    from apps.risk.models import RiskScope
    from apps.users.models import User

LONGEST = timedelta(days=366)


@transaction.atomic
def lock_create(
    *,
    actor: User,
    account_id: UUID,
    symbol: str,
    until: datetime,
    reason: str,
    now: datetime,
) -> RiskLock:
    """Lock an account, or one market of it, until a moment.

    Args:
        actor: Whose account it is.
        account_id: Which.
        symbol: The market; empty: every market.
        until: When it ends, UTC.
        reason: For a person.
        now: The moment, UTC.

    Raises:
        AccountNotFound: No such account for this actor.
        LockInvalid: It would end in the past, or too far away.
        SymbolUnknown: The exchange lists no such market; near ones are offered.
    """
    account = account_get(actor=actor, account_id=account_id)
    _until_check(until, now)
    if symbol and account.price_source == PriceSource.LIVE.value:
        symbols_check(exchange=account.exchange, symbols=[symbol])
    _, scope = scopes_lock(account)
    return lock_write(
        account=account,
        scope=scope,
        kind=LockKind.MANUAL.value,
        symbol=symbol,
        begins_at=now,
        until=until,
        reason=reason,
        now=now,
    )


@transaction.atomic
def lock_change(
    *,
    actor: User,
    account_id: UUID,
    lock_id: UUID,
    until: datetime,
    reason: str | None = None,
    now: datetime,
) -> RiskLock:
    """Let a lock that holds end at another time.

    Raises:
        AccountNotFound: No such account for this actor.
        LockNotFound: It has no such lock.
        LockOver: It has ended already.
        LockInvalid: It would end in the past, or too far away.
    """
    lock, scope = _held(actor, account_id, lock_id, now)
    _until_check(until, now)
    lock.until = until
    lock.reason = lock.reason if reason is None else reason
    lock.save(update_fields=["until", "reason", "updated_at"])
    _scope_update(lock.account, scope, now)
    _tell(lock, "lock_changed", now)
    return lock


@transaction.atomic
def lock_release(
    *, actor: User, account_id: UUID, lock_id: UUID, now: datetime
) -> RiskLock:
    """Release a lock before its time.

    Raises:
        AccountNotFound: No such account for this actor.
        LockNotFound: It has no such lock.
        LockOver: It has ended already.
    """
    lock, scope = _held(actor, account_id, lock_id, now)
    lock.released_at = now
    lock.save(update_fields=["released_at", "updated_at"])
    _scope_update(lock.account, scope, now)
    _tell(lock, "unlocked", now)
    return lock


def lock_write(
    *,
    account: Account,
    scope: RiskScope,
    kind: str,
    symbol: str,
    begins_at: datetime,
    until: datetime,
    reason: str,
    now: datetime,
    later: bool = False,
) -> RiskLock:
    """Write a lock down, under the lock of the account's row.

    It holds from then on; who follows is told at once, or `later`, after the commit.
    """
    lock = RiskLock.objects.create(
        owner_id=account.owner_id,
        account=account,
        kind=kind,
        symbol=symbol,
        reason=reason,
        begins_at=begins_at,
        until=until,
    )
    if scope.locked_until is None or scope.locked_until < until:
        scope.locked_until = until
        scope.save(update_fields=["locked_until"])
    _tell(lock, "locked", now, later=later)
    return lock


def _held(
    actor: User, account_id: UUID, lock_id: UUID, now: datetime
) -> tuple[RiskLock, RiskScope]:
    account = account_get(actor=actor, account_id=account_id)
    _, scope = scopes_lock(account)
    lock = lock_get(actor=actor, account_id=account_id, lock_id=lock_id)
    lock.account = account
    over = lock.released_at or (lock.until if lock.until <= now else None)
    if over is not None:
        msg = f"The lock was over at {moment_text(over)}."
        raise LockOver(msg)
    return lock, scope


def _until_check(until: datetime, now: datetime) -> None:
    if not now < until <= now + LONGEST:
        msg = f"A lock ends after now, {moment_text(now)}, and within {LONGEST.days} days."
        raise LockInvalid(msg, attr="until")


def _scope_update(account: Account, scope: RiskScope, now: datetime) -> None:
    longest = locks_active(account, now=now).first()
    scope.locked_until = None if longest is None else longest.until
    scope.save(update_fields=["locked_until"])


def _tell(lock: RiskLock, name: str, now: datetime, *, later: bool = False) -> None:
    risk_tell(
        owner_id=lock.owner_id,
        account_id=lock.account_id,
        name=name,
        detail=f"{lock.symbol or 'every market'}: {lock.reason}",
        now=now,
        until=lock.until,
        later=later,
    )
