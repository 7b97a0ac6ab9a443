"""Every read about jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Case, Count, F, Min, Q, When

from apps.jobs.enums import JobState
from apps.jobs.errors import JobNotFound, ScheduleNotFound
from apps.jobs.models import Job, Schedule

if TYPE_CHECKING:
    from datetime import datetime
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


def schedule_list(*, actor: User) -> QuerySet[Schedule]:
    """Return the actor's schedules, newest first."""
    return Schedule.objects.filter(owner=actor).order_by("-created_at", "-id")


def schedule_get(*, actor: User, schedule_id: UUID, lock: bool = False) -> Schedule:
    """Return one of the actor's schedules.

    Args:
        actor: Whose it is.
        schedule_id: Which one.
        lock: Keep the row for the rest of the transaction.

    Raises:
        ScheduleNotFound: There is none with this id for this actor.
    """
    schedules = Schedule.objects.filter(owner=actor, pk=schedule_id)
    schedule = (schedules.select_for_update() if lock else schedules).first()
    if schedule is None:
        msg = f"There is no schedule {schedule_id}; see GET /api/v1/schedules/."
        raise ScheduleNotFound(msg)
    return schedule


def schedules_overdue(*, before: datetime) -> int:
    """Return how many of everybody's schedules were due before then and still are."""
    return Schedule.objects.filter(
        enabled=True, owner__is_active=True, next_due__lt=before
    ).count()


def schedules_next_due() -> datetime | None:
    """Return when the next of everybody's schedules is due; None where none is on."""
    soonest = Schedule.objects.filter(enabled=True, owner__is_active=True).aggregate(
        next=Min("next_due")
    )
    found: datetime | None = soonest["next"]
    return found


def jobs_open_summary(*, now: datetime) -> QuerySet[Job, Any]:
    """Return how everybody's queued and running jobs stand, by state, kind and queue.

    Returns:
        Rows of `state`, `kind`, `queue`, `number`, `oldest` (since when the first has
        been waiting for its run) and `expired` (how many have a lease that has ended).
    """
    # The carrier may have been given a job anew, which is still waiting for its first
    # run; one that has run before waits since it was given back.
    waiting = Case(When(started_at=None, then=F("created_at")), default="enqueued_at")
    return (
        Job.objects.filter(state__in=(JobState.QUEUED, JobState.RUNNING))
        .order_by()
        .values("state", "kind", "queue")
        .annotate(
            number=Count("pk"),
            oldest=Min(waiting),
            expired=Count("pk", filter=Q(lease_until__lt=now)),
        )
    )


def jobs_ended_summary(*, since: datetime) -> QuerySet[Job, Any]:
    """Return how many of everybody's jobs ended since then: `state`, `kind`, `number`."""
    return (
        Job.objects.filter(finished_at__gte=since)
        .order_by()
        .values("state", "kind")
        .annotate(number=Count("pk"))
    )
