"""Every write of limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from apps.portfolio.selectors.accounts import account_get
from apps.risk.errors.limits import LimitsChanged
from apps.risk.limit_set import limits_parse
from apps.risk.models import RiskLimitsVersion
from apps.risk.selectors.limits import limits_get
from apps.risk.services.results import results_begin
from apps.risk.services.scopes import scopes_lock, user_scope_lock
from apps.risk.services.telling import risk_tell

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from apps.risk.limit_set import LimitSet
    from apps.risk.models import RiskLimits
    from apps.users.models import User


def limits_tag(limits: RiskLimits) -> str:
    """Return what names a version of limits in an ETag."""
    return f"v{limits.version}"


@transaction.atomic
def limits_put(
    *,
    actor: User,
    account_id: UUID | None,
    rules: Mapping[str, Any],
    note: str = "",
    expected: frozenset[str] | None,
    now: datetime,
) -> RiskLimits:
    """Replace the limits of an account, or of all of the actor's accounts together.

    They hold from the next order on: the gate locks the row that they are written to.

    Args:
        actor: Whose they are.
        account_id: One account; None: all.
        rules: All limits, not a part of them; an empty object removes them.
        note: Why, for a person.
        expected: Tags of versions, one of which the caller has read; None: any.
        now: The moment, UTC.

    Raises:
        AccountNotFound: No such account for this actor.
        LimitsInvalid: They do not hold; every finding is in `details`.
        LimitsChanged: Somebody else changed them since the caller read them.

    Returns:
        The limits; without a new version where they are the same.
    """
    account = None
    if account_id is not None:
        account = account_get(actor=actor, account_id=account_id)
        _, scope = scopes_lock(account)
    else:
        scope = user_scope_lock(actor.pk)
    limits = limits_get(actor=actor, account_id=account_id)
    if expected is not None and limits_tag(limits) not in expected:
        msg = (
            f"The limits are at version {limits.version}; read them again and repeat "
            "your change."
        )
        raise LimitsChanged(msg, attr="If-Match")
    checked = limits_parse(rules, of_account=account is not None)
    body = checked.body()
    if limits.version and limits.rules == body:
        return limits
    limits.version, limits.rules = limits.version + 1, body
    limits.save()
    RiskLimitsVersion.objects.create(
        limits=limits,
        version=limits.version,
        rules=body,
        note=note,
        changed_by=actor,
    )
    scope.rules = body
    scope.save(update_fields=["rules"])
    if account is not None and checked.locks is not None:
        results_begin(account, now=now)
    _tell(limits, checked, note, now)
    return limits


def _tell(limits: RiskLimits, checked: LimitSet, note: str, now: datetime) -> None:
    names = ", ".join(sorted(checked.body())) or "none"
    risk_tell(
        owner_id=limits.owner_id,
        account_id=limits.account_id,
        name="limits_changed",
        detail=f"Version {limits.version}: {names}.{f' {note}' if note else ''}",
        now=now,
        version=limits.version,
    )
