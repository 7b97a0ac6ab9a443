"""Comparisons with a venue that somebody asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.jobs.services import job_enqueue
from apps.portfolio.selectors.accounts import account_get

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from apps.jobs.models import Job
    from apps.users.models import User

RECONCILE_JOB = "trading.reconcile"


def reconciliation_request(*, actor: User, account_id: UUID, now: datetime) -> Job:
    """Have an account compared with its venue, after a comparison that runs already.

    Args:
        actor: Whose account it is.
        account_id: Which one.
        now: The moment, UTC.

    Raises:
        AccountNotFound: There is none with this id for this actor.
    """
    account = account_get(actor=actor, account_id=account_id)
    payload = {"account_id": str(account.pk)}
    return job_enqueue(owner=actor, kind=RECONCILE_JOB, payload=payload, now=now)
