"""Locking what says whether there is any trading: the user's row, then the account's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import CharField, Q

from apps.core.readings import Reading, Slot
from apps.risk.models import RiskScope
from apps.risk.selectors.scopes import scope_of_account, scope_of_user

if TYPE_CHECKING:
    from uuid import UUID

    from apps.portfolio.models import Account


# In one order everywhere, or two would wait for each other: user: before account:.
_LOCKED = Reading(
    lambda: (
        RiskScope.objects.select_for_update()
        .filter(
            Q(pk=Slot("one", CharField(max_length=64)))
            | Q(pk=Slot("other", CharField(max_length=64)))
        )
        .order_by("-scope")
    )
)


def scopes_lock(account: Account) -> tuple[RiskScope, RiskScope]:
    """Lock the user's row, then the account's, in the caller's transaction.

    Rows that are not there are made; two who make them at once both find one. An account
    never has a row while its user has none: both are made in one statement, in the order
    in which they are locked.
    """
    names = (scope_of_user(account.owner_id), scope_of_account(account.pk))
    found = _locked(names)
    if len(found) < len(names):
        RiskScope.objects.bulk_create(
            [
                RiskScope(scope=names[0], owner_id=account.owner_id),
                RiskScope(scope=names[1], owner_id=account.owner_id, account=account),
            ],
            ignore_conflicts=True,
        )
        found = _locked(names)
    return found[names[0]], found[names[1]]


def user_scope_lock(owner_id: UUID) -> RiskScope:
    """Lock the user's row alone, in the caller's transaction; it is made if need be."""
    name = scope_of_user(owner_id)
    found = _locked((name,))
    if not found:
        RiskScope.objects.bulk_create(
            [RiskScope(scope=name, owner_id=owner_id)], ignore_conflicts=True
        )
        found = _locked((name,))
    return found[name]


def _locked(names: tuple[str, ...]) -> dict[str, RiskScope]:
    rows = _LOCKED.objects(one=names[0], other=names[-1])
    return {row.scope: row for row in rows}
