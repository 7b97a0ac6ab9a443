"""What exchanges list, read by jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from apps.jobs.registry import job_handler
from apps.market.services.venue_rules import INSTRUMENTS_JOB, instruments_refresh
from apps.market.services.venues import MARKETS_JOB, markets_refresh
from apps.market.services.work import ImportWork

if TYPE_CHECKING:
    from apps.jobs.registry import JobContext


@job_handler(MARKETS_JOB)
def run_markets_refresh(context: JobContext) -> dict[str, Any]:
    """Read the markets of the exchange that a job names."""
    exchange = context.payload["exchange"]
    stored = markets_refresh(
        exchange=exchange,
        now=timezone.now(),
        accept_loss=context.payload["accept_loss"],
        work=_work(context),
    )
    return {"exchange": exchange, **stored.as_json()}


@job_handler(INSTRUMENTS_JOB)
def run_instruments_refresh(context: JobContext) -> dict[str, Any]:
    """Take over the venues' rules of the instruments of a job's owner."""
    told = instruments_refresh(
        actor=get_user_model().objects.get(pk=context.owner_id),
        venue=context.payload["venue"],
        now=timezone.now(),
        work=_work(context),
    )
    for venue, why in told.failed.items():
        context.log(f"{venue}: {why}"[:500])
    return told.as_json()


def _work(context: JobContext) -> ImportWork:
    return ImportWork(context.progress, context.fenced, context.job_id)
