"""Value at risk and correlations as jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from apps.jobs.registry import job_handler
from apps.risk.services.correlations import CORRELATIONS_JOB, correlations_compute
from apps.risk.services.value_at_risk import (
    VALUE_AT_RISK_JOB,
    ValueAtRiskRequest,
    value_at_risk_measure,
)

if TYPE_CHECKING:
    from apps.jobs.registry import JobContext
    from apps.users.models import User


@job_handler(CORRELATIONS_JOB)
def run_correlations(context: JobContext) -> dict[str, Any]:
    """Compute how the markets of an exchange move together."""
    exchange = str(context.payload["exchange"])
    pairs = correlations_compute(
        owner=_owner(context), exchange=exchange, now=timezone.now(), context=context
    )
    return {"exchange": exchange, "pairs": pairs}


@job_handler(VALUE_AT_RISK_JOB)
def run_value_at_risk(context: JobContext) -> dict[str, Any]:
    """Measure what an account may lose."""
    request = ValueAtRiskRequest.from_json(context.payload)
    return value_at_risk_measure(
        actor=_owner(context),
        request=request,
        now=timezone.now(),
        progress=context.progress,
    )


def _owner(context: JobContext) -> User:
    owner: User = get_user_model().objects.get(pk=context.owner_id)
    return owner
