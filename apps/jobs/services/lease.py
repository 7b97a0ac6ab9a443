"""The lease on a job: claim, heartbeat, finish, reap.

Each step is one conditional UPDATE, so that two workers, or a worker and a person, can
never both win. The number of the attempt is the fence: a run that was given up on holds
an old number, and nothing that it says is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from apps.jobs.carrier import UNSENT, carry, under_way
from apps.jobs.enums import JobQueue, JobState
from apps.jobs.errors import WorkerLost
from apps.jobs.models import Job, JobLogLine
from apps.jobs.services.telling import job_tell

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from apps.core.errors import ApplicationError

REAP_BATCH = 100


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come, and what it said since the last heartbeat."""

    fraction: float
    message: str
    log: Sequence[str] = ()


def _lease() -> timedelta:
    return timedelta(seconds=settings.JOB_LEASE_SECONDS)


def _held(job_id: UUID, attempt: int) -> QuerySet[Job]:
    return Job.objects.filter(pk=job_id, state=JobState.RUNNING, attempt=attempt)


@transaction.atomic
def job_claim(*, job_id: UUID, worker: str, now: datetime) -> Job | None:
    """Take a job that is queued, or whose last worker fell silent.

    Returns:
        The job with its new attempt, or None where there is nothing to take.
    """
    free = Q(state=JobState.QUEUED) | Q(state=JobState.RUNNING, lease_until__lt=now)
    claimed = Job.objects.filter(free, pk=job_id, attempt__lt=F("max_attempts")).update(
        state=JobState.RUNNING,
        attempt=F("attempt") + 1,
        worker=worker,
        lease_until=now + _lease(),
        started_at=Coalesce("started_at", now),
        updated_at=now,
    )
    if not claimed:
        return None
    job = Job.objects.get(pk=job_id)
    job_tell(job=job, now=now)
    return job


@transaction.atomic
def job_heartbeat(
    *, job_id: UUID, attempt: int, progress: Progress, now: datetime
) -> bool:
    """Renew the lease and write down the progress.

    Returns:
        False when this run no longer holds the job: it was cancelled or taken over.
    """
    held = _held(job_id, attempt).update(
        lease_until=now + _lease(),
        progress=progress.fraction,
        progress_message=progress.message,
        updated_at=now,
    )
    if held:
        _log(job_id, attempt, progress.log, now)
    return bool(held)


def job_succeed(
    *, job_id: UUID, attempt: int, result: Any, log: Sequence[str], now: datetime
) -> bool:
    """Write down a result; False when this run no longer holds the job."""
    return _finish(
        job_id, attempt, log, now, state=JobState.SUCCEEDED, result=result, progress=1.0
    )


def job_fail(
    *,
    job_id: UUID,
    attempt: int,
    error: ApplicationError,
    log: Sequence[str],
    now: datetime,
) -> bool:
    """Write down why the job failed; False when this run no longer holds it."""
    return _finish(
        job_id,
        attempt,
        log,
        now,
        state=JobState.FAILED,
        error_code=error.code,
        error_message=error.message,
        error_attr=error.attr or "",
    )


@transaction.atomic
def _finish(
    job_id: UUID, attempt: int, log: Sequence[str], now: datetime, **changes: Any
) -> bool:
    finished = _held(job_id, attempt).update(
        lease_until=None, finished_at=now, updated_at=now, **changes
    )
    if finished:
        _log(job_id, attempt, log, now)
        job_tell(job=Job.objects.get(pk=job_id), now=now)
    return bool(finished)


@transaction.atomic
def job_release(
    *, job_id: UUID, attempt: int, reason: str, now: datetime, counts: bool = True
) -> bool:
    """Give a job back whose process died, or whose worker is told to stop.

    Args:
        job_id: The job.
        attempt: The run that gives it back.
        reason: What happened, for the job's log and its last error.
        now: UTC.
        counts: False when the worker stopped in good order: the attempt is not the
            job's fault, so that one more is allowed.

    Returns:
        Whether this run still held the job.
    """
    job = _held(job_id, attempt).first()
    if job is None:
        return False
    if counts and job.attempt >= job.max_attempts:
        error = WorkerLost(f"{reason}; that was attempt {job.attempt}, the last.")
        return job_fail(job_id=job_id, attempt=attempt, error=error, log=(), now=now)
    released = _held(job_id, attempt).update(
        state=JobState.QUEUED,
        lease_until=None,
        enqueued_at=now,
        updated_at=now,
        max_attempts=F("max_attempts") + (0 if counts else 1),
    )
    if not released:
        return False  # cancelled between the two statements
    _carry(job)
    _log(job_id, attempt, [f"{reason}; the job runs again."], now)
    job_tell(job=Job.objects.get(pk=job_id), now=now)
    return True


def jobs_reap(*, now: datetime) -> int:
    """Bring back jobs whose worker fell silent or whose carrier lost them.

    Returns:
        How many jobs were sent on their way again or given up.
    """
    expired = Job.objects.filter(state=JobState.RUNNING, lease_until__lt=now)
    reaped = 0
    for job in expired.order_by("lease_until")[:REAP_BATCH]:
        reaped += job_release(
            job_id=job.pk,
            attempt=job.attempt,
            reason=f"The worker {job.worker} fell silent",
            now=now,
        )
    return reaped + _recarry(now)


def _recarry(now: datetime) -> int:
    # Each queue for itself: a long one must not hide what another has lost.
    return sum(_recarry_queue(queue, now) for queue in JobQueue.values)


def _recarry_queue(queue: str, now: datetime) -> int:
    overdue = Q(enqueued_at__lt=now - _lease()) | Q(carrier_id=UNSENT)
    waiting = Job.objects.filter(overdue, state=JobState.QUEUED, queue=queue)
    jobs = list(waiting.order_by("enqueued_at")[:REAP_BATCH])
    alive = under_way(queue=queue, carrier_ids=[job.carrier_id for job in jobs])
    carried = 0
    for job in jobs:
        if job.carrier_id in alive or not _carry_again(job, now):
            continue
        if _unsent(job):
            break  # nor would the others be
        carried += 1
    return carried


@transaction.atomic
def _carry_again(job: Job, now: datetime) -> bool:
    # Not where a worker has just claimed it, or another keeper has carried it.
    lost = Job.objects.filter(
        pk=job.pk, state=JobState.QUEUED, carrier_id=job.carrier_id
    ).update(enqueued_at=now, updated_at=now)
    if lost:
        _carry(job)
    return bool(lost)


def _unsent(job: Job) -> bool:
    """Tell whether a job could not be sent; it then waits as long as before."""
    unsent = Job.objects.filter(pk=job.pk, carrier_id=UNSENT)
    return bool(unsent.update(enqueued_at=job.enqueued_at))


def _carry(job: Job) -> None:
    carrier_id = carry(job_id=job.pk, queue=job.queue)
    Job.objects.filter(pk=job.pk).update(carrier_id=carrier_id)


def _log(job_id: UUID, attempt: int, lines: Sequence[str], now: datetime) -> None:
    JobLogLine.objects.bulk_create(
        JobLogLine(job_id=job_id, attempt=attempt, at=now, message=line[:500])
        for line in lines
    )
