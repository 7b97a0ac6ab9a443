"""Locking what says whether there is any trading: the user's row, then the account's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import CharField, Exists, Q, UUIDField

from apps.core.readings import Reading, Slot, readings_run
from apps.portfolio.models import Account
from apps.risk.models import RiskScope
from apps.risk.selectors.scopes import scope_of_account, scope_of_user

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID


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


# Where there is no scope yet, it is not locked: it would be before the scopes.
_CLOSED = Reading(
    lambda: (
        Account.objects.select_for_update(no_key=True)
        .filter(
            Exists(
                RiskScope.objects.filter(pk=Slot("scope", CharField(max_length=64)))
            ),
            pk=Slot("account", UUIDField()),
        )
        .order_by()
        .values_list("closed_at")
    )
)


def scopes_lock_with(account: Account) -> tuple[RiskScope, RiskScope]:
    """Lock as `scopes_lock` does, and then the account itself.

    Whoever closes it locks it as well. Its `closed_at` is set to what it is by then.
    """
    names = (scope_of_user(account.owner_id), scope_of_account(account.pk))
    asked = {"account": account.pk, "scope": names[1]}
    rows, closed = readings_run(
        (_LOCKED, {"one": names[0], "other": names[1]}), (_CLOSED, asked)
    )
    found = _by_name(_LOCKED.made(rows))
    if len(found) < len(names):
        scopes_lock(account)
        return scopes_lock_with(account)
    account.closed_at = closed[0][0]
    return found[names[0]], found[names[1]]


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
    return _by_name(_LOCKED.objects(one=names[0], other=names[-1]))


def _by_name(rows: Iterable[RiskScope]) -> dict[str, RiskScope]:
    return {row.scope: row for row in rows}
