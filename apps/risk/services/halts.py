"""The kill switch, and what else says whether there is any trading at all.

The kill switch needs the database alone: it is committed before anybody else is told or
asked, and holds until somebody releases it, restarts or not.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import DatabaseError, transaction

from apps.core.errors import ApplicationError
from apps.portfolio.selectors.accounts import account_get
from apps.risk.enums import TradingState
from apps.risk.errors.limits import (
    HaltNotCleared,
    StateLoosenForbidden,
    StateUnchangeable,
)
from apps.risk.halt_followers import halt_follower_list
from apps.risk.models import RiskScope
from apps.risk.services.scopes import scopes_lock, user_scope_lock
from apps.risk.services.telling import risk_tell

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from apps.users.models import User

logger = logging.getLogger(__name__)


def kill_switch_engage(
    *, actor: User, account_id: UUID | None, reason: str, now: datetime
) -> RiskScope:
    """Stop trading of an account, or of all of the actor's: nothing new is sent.

    The halt is committed first. Then whoever follows halts waits until nothing is being
    sent any more, and has the venue cancel what is open; what fails there is tried again
    by the trading process until the venue has confirmed it. A second time goes on with
    that.

    Args:
        actor: Whose accounts they are.
        account_id: One of them; None: all, also those that are made later.
        reason: For a person.
        now: The moment, UTC.

    Raises:
        AccountNotFound: No such account for this actor.

    Returns:
        The state, with when it was halted, quiet and cleared, as far as it is.
    """
    with transaction.atomic():
        scope = _locked(actor, account_id)
        if scope.state != TradingState.HALTED:
            scope.state_before, scope.state = scope.state, TradingState.HALTED.value
            scope.reason, scope.changed_at, scope.halted_at = reason[:400], now, now
            scope.quiet_at = scope.cleared_at = None
            scope.save()
            _tell(scope, "halted", reason, now)
    if scope.cleared_at is None:
        _followers_call(scope, now)
        scope.refresh_from_db()
    return scope


@transaction.atomic
def kill_switch_release(
    *,
    actor: User,
    account_id: UUID | None,
    reason: str,
    force: bool = False,
    now: datetime,
) -> RiskScope:
    """Let trading go on; where nothing is halted, nothing happens.

    What was allowed before the halt is allowed again: only what reduces, where losses or
    a person had set that, or losses overstepped their limit since. A halt of one account
    and one of all are released each for itself.

    Args:
        actor: Whose accounts they are; the view sees to it that he is an administrator
            of them.
        account_id: One of them; None: the halt of all.
        reason: For a person.
        force: Whether to release it before the venue has confirmed that nothing is open.
        now: The moment, UTC.

    Raises:
        AccountNotFound: No such account for this actor.
        HaltNotCleared: The venue has not confirmed it, and `force` is not set.
    """
    scope = _locked(actor, account_id)
    if scope.state != TradingState.HALTED:
        return scope
    if scope.cleared_at is None and not force:
        msg = (
            "The venue has not confirmed yet that nothing is open; wait for cleared_at, "
            "or send force: true to release the halt all the same."
        )
        raise HaltNotCleared(msg)
    forced = "" if scope.cleared_at else " (before the venue had confirmed it)"
    scope.state = scope.state_before
    scope.reason, scope.changed_at = reason[:400], now
    scope.save(update_fields=["state", "reason", "changed_at"])
    _tell(scope, "released", f"{reason}{forced}", now)
    return scope


@transaction.atomic
def state_change(
    *,
    actor: User,
    account_id: UUID | None,
    state: str,
    reason: str,
    may_loosen: bool,
    now: datetime,
) -> RiskScope:
    """Allow all orders, or only those that make a position smaller.

    Args:
        actor: Whose accounts they are.
        account_id: One of them; None: all.
        state: `active` or `reducing`.
        reason: For a person.
        may_loosen: Whether the caller may go back to `active`.
        now: The moment, UTC.

    Raises:
        AccountNotFound: No such account for this actor.
        StateUnchangeable: Trading is halted; the kill switch has to be released.
        StateLoosenForbidden: It would allow more than before, which the caller may not.
    """
    scope = _locked(actor, account_id)
    if scope.state == TradingState.HALTED:
        msg = "Trading is halted; POST /api/v1/risk/kill-switch/release/ lets it go on."
        raise StateUnchangeable(msg)
    if scope.state == state:
        return scope
    if state == TradingState.ACTIVE and not may_loosen:
        msg = "Allowing more than before needs an API key with the scope admin."
        raise StateLoosenForbidden(msg)
    scope.state = TradingState(state).value
    scope.reason, scope.changed_at = reason[:400], now
    scope.save(update_fields=["state", "reason", "changed_at"])
    _tell(scope, scope.state, reason, now)
    return scope


@transaction.atomic
def halt_quiet(*, scope: RiskScope, now: datetime) -> bool:
    """Write down that nothing is being sent any more under a halt.

    Args:
        scope: As it was when it was halted; a later halt is another.
        now: The moment, UTC.

    Returns:
        Whether this is new.
    """
    return _reached(scope, "quiet_at", "quiet", "Nothing is being sent any more.", now)


@transaction.atomic
def halt_cleared(*, scope: RiskScope, now: datetime) -> bool:
    """Write down that the venue has confirmed that nothing is open under a halt.

    Args:
        scope: As it was when it was halted; a later halt is another.
        now: The moment, UTC.

    Returns:
        Whether this is new.
    """
    what = "The venue has confirmed that nothing is open."
    return _reached(scope, "cleared_at", "cleared", what, now)


def _reached(
    scope: RiskScope, field: str, name: str, detail: str, now: datetime
) -> bool:
    row = RiskScope.objects.select_for_update().filter(pk=scope.pk).first()
    same = (
        row is not None
        and row.state == TradingState.HALTED
        and row.halted_at == scope.halted_at
    )
    if row is None or not same or getattr(row, field) is not None:
        return False
    setattr(row, field, now)
    row.save(update_fields=[field])
    setattr(scope, field, now)
    _tell(row, name, detail, now)
    return True


def _locked(actor: User, account_id: UUID | None) -> RiskScope:
    if account_id is None:
        return user_scope_lock(actor.pk)
    _, scope = scopes_lock(account_get(actor=actor, account_id=account_id))
    return scope


def _followers_call(scope: RiskScope, now: datetime) -> None:
    for follower in halt_follower_list():
        try:
            follower(scope=scope, now=now)
        except (ApplicationError, DatabaseError) as error:
            # The halt stands; the trading process goes on until it is cleared.
            logger.warning("after the halt of %s: %s", scope.scope, error)


def _tell(scope: RiskScope, name: str, detail: str, now: datetime) -> None:
    risk_tell(
        owner_id=scope.owner_id,
        account_id=scope.account_id,
        name=name,
        detail=detail,
        now=now,
        state=scope.state,
    )
