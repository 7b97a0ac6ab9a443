"""Reads of limits and of what they were before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.portfolio.selectors.accounts import account_get
from apps.risk.models import RiskLimits, RiskLimitsVersion

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

    from apps.users.models import User


def limits_get(*, actor: User, account_id: UUID | None) -> RiskLimits:
    """Return the limits of an account, or of all accounts of the actor.

    Where none were ever set, they are of version 0, empty and not saved.

    Raises:
        AccountNotFound: No such account for this actor.
    """
    if account_id is not None:
        account = account_get(actor=actor, account_id=account_id)
        found = RiskLimits.objects.filter(account=account).first()
        return found or RiskLimits(owner=actor, account=account, version=0)
    found = RiskLimits.objects.filter(owner=actor, account=None).first()
    return found or RiskLimits(owner=actor, version=0)


def limits_history(
    *, actor: User, account_id: UUID | None
) -> QuerySet[RiskLimitsVersion]:
    """Return limits as they were after each change, newest first.

    Raises:
        AccountNotFound: No such account for this actor.
    """
    limits = limits_get(actor=actor, account_id=account_id)
    return (
        RiskLimitsVersion.objects.filter(limits_id=limits.pk)
        .select_related("changed_by")
        .order_by("-version")
    )
