"""Checks of workers and schedulers, by the only evidence there is: what they do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from apps.core.preflight.contracts import go, warn
from apps.jobs.enums import JobState
from apps.jobs.models import Job
from apps.jobs.selectors import schedules_overdue

if TYPE_CHECKING:
    from apps.core.preflight.contracts import Finding

SCHEDULER_LATE = timedelta(seconds=30)


def workers_check() -> list[Finding]:
    """See whether jobs that wait are being worked on; nothing where none does."""
    now = timezone.now()
    late = now - timedelta(seconds=settings.JOB_LEASE_SECONDS)
    running = Job.objects.filter(state=JobState.RUNNING, lease_until__gte=now).count()
    waiting = Job.objects.filter(state=JobState.QUEUED, enqueued_at__lt=late).count()
    if running:
        return [go("workers", f"{running} jobs are being done")]
    if waiting:
        found = f"{waiting} jobs wait, and none is being done"
        return [warn("workers", found, "start manage.py run_worker")]
    # Idle workers leave no trace in the database.
    return []


def scheduler_check() -> list[Finding]:
    """See whether what is due is being seen to; nothing where nothing is due."""
    late = timezone.now() - timedelta(seconds=settings.SCHEDULER_GRACE_SECONDS)
    overdue = schedules_overdue(before=late - SCHEDULER_LATE)
    if not overdue:
        return []
    found = f"{overdue} schedules are overdue, and nobody sees to them"
    return [warn("scheduler", found, "start manage.py run_scheduler")]
