"""What the trading room has jobs do."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.utils import timezone

from apps.core.errors import ApplicationError
from apps.jobs.registry import job_handler
from apps.portfolio.selectors.accounts import account_get
from apps.trading.services.reconciliation_requests import RECONCILE_JOB

if TYPE_CHECKING:
    from apps.jobs.registry import JobContext


@job_handler(RECONCILE_JOB)
def run_reconcile(context: JobContext) -> dict[str, Any]:
    """Compare the account that a job names with its venue.

    Raises:
        ApplicationError: It failed; its code is that of the comparison, which is named.
    """
    # Deferred: web processes load this module, and compare nothing.
    from apps.trading.services.reconciling_in_turn import account_reconcile_in_turn

    actor = get_user_model().objects.get(pk=context.owner_id)
    account = account_get(actor=actor, account_id=UUID(context.payload["account_id"]))
    done = account_reconcile_in_turn(
        account=account, now=timezone.now(), waiting=partial(context.progress, 0.0)
    )
    if done.error_code:
        msg = f"{done.error_message} See /api/v1/reconciliations/{done.pk}/."
        raise ApplicationError(msg, code=done.error_code)
    return {
        "reconciliation_id": str(done.pk),
        "state": done.state,
        "findings": len(done.findings),
        "unexplained": done.unexplained,
    }
