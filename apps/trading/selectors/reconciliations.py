"""Reads of comparisons with venues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.portfolio.enums import AccountMode
from apps.portfolio.models import LedgerTransaction
from apps.trading.enums import ReconciliationState
from apps.trading.errors.reconciliations import ReconciliationNotFound
from apps.trading.models import Reconciliation

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from apps.portfolio.models import Account
    from apps.users.models import User

# The cause of what a ledger is opened with.
OPENING = "opening"


def reconciliation_list(*, actor: User) -> QuerySet[Reconciliation]:
    """Return the actor's reconciliations, newest first."""
    return Reconciliation.objects.filter(owner=actor).order_by("-created_at", "-id")


def reconciliation_get(*, actor: User, reconciliation_id: UUID) -> Reconciliation:
    """Return one of the actor's reconciliations.

    Raises:
        ReconciliationNotFound: There is none with this id for this actor.
    """
    found = reconciliation_list(actor=actor).filter(pk=reconciliation_id).first()
    if found is None:
        msg = (
            f"There is no reconciliation {reconciliation_id}; see GET "
            "/api/v1/reconciliations/."
        )
        raise ReconciliationNotFound(msg)
    return found


def reconciliation_done_newest(account: Account) -> Reconciliation | None:
    """Return the last comparison of an account that came to its end; None for none."""
    return (
        Reconciliation.objects.filter(
            account=account, state=ReconciliationState.DONE.value
        )
        .order_by("-created_at", "-id")
        .first()
    )


def opened_at(account: Account, *, now: datetime) -> datetime | None:
    """Return since when a live account's executions are ours to know.

    What was executed before is in the balances that its ledger was opened with. A paper
    account's are ours from its beginning: None.
    """
    if account.mode != AccountMode.LIVE.value:
        return None
    opening = LedgerTransaction.objects.filter(account=account, cause=OPENING)
    found = opening.order_by("number").values_list("at", flat=True).first()
    if found is not None:
        return found
    first = (
        Reconciliation.objects.filter(
            account=account, state=ReconciliationState.DONE.value
        )
        .order_by("created_at", "id")
        .values_list("started_at", flat=True)
        .first()
    )
    return first or now
