"""Reads of what may be traded: the rows of a user and of an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.risk.models import RiskScope

if TYPE_CHECKING:
    from uuid import UUID

    from apps.portfolio.models import Account


def scope_of_user(owner_id: UUID) -> str:
    """Return the name of a user's row."""
    return f"user:{owner_id}"


def scope_of_account(account_id: UUID) -> str:
    """Return the name of an account's row."""
    return f"account:{account_id}"


def scopes_get(account: Account) -> tuple[RiskScope, RiskScope]:
    """Return the user's and the account's row, unlocked; not saved where there is none."""
    names = (scope_of_user(account.owner_id), scope_of_account(account.pk))
    found = RiskScope.objects.in_bulk(names)
    user, own = (
        found.get(name) or RiskScope(scope=name, owner_id=account.owner_id)
        for name in names
    )
    return user, own
