"""What people ask of jobs: to be done, to stop, to be done again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from apps.jobs.carrier import carry
from apps.jobs.enums import FINAL_STATES, JobQueue, JobState
from apps.jobs.errors import JobNotCancellable, JobNotRetryable
from apps.jobs.models import Job
from apps.jobs.selectors import job_get
from apps.jobs.services.telling import RETRIED, job_tell

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from apps.users.models import User


@transaction.atomic
def job_enqueue(
    *,
    owner: User,
    kind: str,
    payload: dict[str, Any],
    now: datetime,
    queue: str = JobQueue.DEFAULT,
) -> Job:
    """Write down a job and send it on its way, in the caller's transaction.

    Args:
        owner: Whose job it is.
        kind: The name of a registered handler.
        payload: What the handler is given; JSON, no secrets.
        now: The moment of the request, UTC.
        queue: Which workers take it.

    Returns:
        The queued job. A rollback of the caller's transaction leaves nothing of it.
    """
    job = Job(
        owner=owner,
        kind=kind,
        queue=queue,
        payload=payload,
        enqueued_at=now,
        max_attempts=settings.JOB_MAX_ATTEMPTS,
    )
    job.carrier_id = carry(job_id=job.pk, queue=queue)
    job.full_clean()
    job.save()
    job_tell(job=job, now=now)
    return job


@transaction.atomic
def job_cancel(*, actor: User, job_id: UUID, now: datetime) -> Job:
    """Stop a job: a queued one at once, a running one at its next heartbeat.

    Raises:
        JobNotFound: No such job for this actor.
        JobNotCancellable: It has ended already.
    """
    job = job_get(actor=actor, job_id=job_id)
    changed = Job.objects.filter(
        pk=job.pk, state__in=(JobState.QUEUED, JobState.RUNNING)
    ).update(
        state=JobState.CANCELLED, lease_until=None, finished_at=now, updated_at=now
    )
    job.refresh_from_db()
    if not changed:
        msg = f"The job has ended already: it is {job.state}."
        raise JobNotCancellable(msg)
    job_tell(job=job, now=now)
    return job


@transaction.atomic
def job_retry(*, actor: User, job_id: UUID, now: datetime) -> Job:
    """Run a failed or cancelled job again, from its first attempt.

    Raises:
        JobNotFound: No such job for this actor.
        JobNotRetryable: It is not in a final state, or it succeeded.
    """
    job = job_get(actor=actor, job_id=job_id)
    retryable = [state for state in FINAL_STATES if state != JobState.SUCCEEDED]
    changed = Job.objects.filter(pk=job.pk, state__in=retryable).update(
        state=JobState.QUEUED,
        # The fence must never go back, or a zombie of the last round could finish it.
        max_attempts=job.attempt + settings.JOB_MAX_ATTEMPTS,
        progress=0.0,
        progress_message="",
        error_code="",
        error_message="",
        error_attr="",
        enqueued_at=now,
        finished_at=None,
        updated_at=now,
        carrier_id=carry(job_id=job.pk, queue=job.queue),
    )
    if not changed:
        job.refresh_from_db()
        msg = f"Only a failed or cancelled job can be run again; this is {job.state}."
        raise JobNotRetryable(msg)
    job.refresh_from_db()
    job_tell(job=job, now=now, name=RETRIED)
    return job
