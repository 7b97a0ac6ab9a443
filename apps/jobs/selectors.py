"""Every read about jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.jobs.errors import JobNotFound
from apps.jobs.models import Job

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

    from apps.jobs.models import JobLogLine
    from apps.users.models import User


def job_list(*, actor: User) -> QuerySet[Job]:
    """Return the actor's jobs, newest first."""
    return Job.objects.filter(owner=actor).order_by("-created_at", "-id")


def job_get(*, actor: User, job_id: UUID) -> Job:
    """Return one of the actor's jobs.

    Raises:
        JobNotFound: There is none with this id for this actor.
    """
    job = Job.objects.filter(owner=actor, pk=job_id).first()
    if job is None:
        msg = f"There is no job {job_id}."
        raise JobNotFound(msg)
    return job


def job_log_list(*, actor: User, job_id: UUID) -> QuerySet[JobLogLine]:
    """Return what one of the actor's jobs wrote about itself, oldest first.

    Raises:
        JobNotFound: There is no such job for this actor.
    """
    return job_get(actor=actor, job_id=job_id).log_lines.order_by("id")
