"""The lease: who may work on a job, and whose word counts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from apps.jobs.enums import JobState
from apps.jobs.errors import JobNotCancellable, JobNotFound, JobNotRetryable
from apps.jobs.models import Job
from apps.jobs.services import (
    job_cancel,
    job_claim,
    job_fail,
    job_heartbeat,
    job_release,
    job_retry,
    job_succeed,
    jobs_reap,
)
from apps.jobs.services.lease import Progress
from apps.jobs.tests.factories import TooHard, job_make, user_make

if TYPE_CHECKING:
    from pytest_django import Settings

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
HALF = Progress(0.5, "half way", ["a line"])

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("carrier")]


def claimed() -> Job:
    job = job_claim(job_id=job_make("test.echo", now=NOW).pk, worker="one", now=NOW)
    assert job is not None
    return job


def test_a_job_can_be_claimed_once() -> None:
    job = claimed()
    assert (job.state, job.attempt) == (JobState.RUNNING, 1)
    assert job_claim(job_id=job.pk, worker="two", now=NOW) is None


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_at_once_exactly_one_gets_the_job() -> None:
    job = job_make("test.echo", now=NOW)

    def claim(number: int) -> bool:
        try:
            return job_claim(job_id=job.pk, worker=str(number), now=NOW) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(claim, range(24)))
    assert won.count(True) == 1
    assert Job.objects.get().attempt == 1


def test_an_expired_lease_lets_another_worker_take_over() -> None:
    job = claimed()
    taken = job_claim(job_id=job.pk, worker="two", now=LATER)
    assert taken is not None
    assert (taken.attempt, taken.worker) == (2, "two")


def test_a_zombie_cannot_report_progress_result_or_failure() -> None:
    old = claimed()
    job_claim(job_id=old.pk, worker="two", now=LATER)
    held: dict[str, Any] = {"job_id": old.pk, "attempt": 1, "now": LATER}
    assert not job_heartbeat(**held, progress=HALF)
    assert not job_succeed(**held, result={"wrong": True}, log=["no"])
    assert not job_fail(**held, error=TooHard("no"), log=["no"])
    assert not job_release(**held, reason="no")
    job = Job.objects.get()
    assert (job.state, job.attempt, job.result) == (JobState.RUNNING, 2, None)
    assert job.log_lines.count() == 0


def test_a_heartbeat_renews_the_lease_and_writes_progress_and_log() -> None:
    job = claimed()
    moment = NOW + timedelta(seconds=20)
    assert job_heartbeat(job_id=job.pk, attempt=job.attempt, progress=HALF, now=moment)
    renewed = Job.objects.get()
    assert job.lease_until is not None
    assert renewed.lease_until is not None
    assert renewed.lease_until - job.lease_until == timedelta(seconds=20)
    assert (renewed.progress, renewed.progress_message) == (0.5, "half way")
    assert renewed.log_lines.get().message == "a line"


def test_a_cancelled_job_answers_its_worker_that_it_is_no_longer_held() -> None:
    job = claimed()
    job_cancel(actor=job.owner, job_id=job.pk, now=NOW)
    assert not job_heartbeat(job_id=job.pk, attempt=job.attempt, progress=HALF, now=NOW)


def test_a_job_that_has_ended_cannot_be_cancelled() -> None:
    job = claimed()
    job_succeed(job_id=job.pk, attempt=1, result={}, log=(), now=NOW)
    with pytest.raises(JobNotCancellable, match="succeeded"):
        job_cancel(actor=job.owner, job_id=job.pk, now=NOW)


def test_another_user_cannot_cancel_or_retry_a_job() -> None:
    job = claimed()
    stranger = user_make("eve")
    with pytest.raises(JobNotFound):
        job_cancel(actor=stranger, job_id=job.pk, now=NOW)
    with pytest.raises(JobNotFound):
        job_retry(actor=stranger, job_id=job.pk, now=NOW)


def test_a_retry_runs_again_and_never_sets_the_fence_back() -> None:
    job = claimed()
    job_fail(job_id=job.pk, attempt=1, error=TooHard("no", attr="x"), log=(), now=NOW)
    again = job_retry(actor=job.owner, job_id=job.pk, now=NOW)
    assert (again.state, again.attempt, again.error_code) == (JobState.QUEUED, 1, "")
    taken = job_claim(job_id=job.pk, worker="two", now=NOW)
    assert taken is not None
    assert taken.attempt == 2
    assert not job_succeed(job_id=job.pk, attempt=1, result={}, log=(), now=NOW)


def test_a_job_that_runs_cannot_be_retried() -> None:
    job = claimed()
    with pytest.raises(JobNotRetryable, match="running"):
        job_retry(actor=job.owner, job_id=job.pk, now=NOW)


def test_the_reaper_leaves_a_living_job_alone() -> None:
    claimed()
    assert jobs_reap(now=NOW) == 0


def test_a_poison_job_fails_with_its_reason_after_its_last_attempt(
    settings: Settings,
) -> None:
    settings.JOB_MAX_ATTEMPTS = 3
    job = job_make("test.echo", now=NOW)
    for round_ in range(3):
        moment = NOW + timedelta(hours=round_)
        assert job_claim(job_id=job.pk, worker="w", now=moment) is not None
        jobs_reap(now=moment + timedelta(minutes=30))
    failed = Job.objects.get()
    assert (failed.state, failed.error_code) == (JobState.FAILED, "worker_lost")
    assert "attempt 3" in failed.error_message
    assert job_claim(job_id=job.pk, worker="w", now=LATER) is None


def test_a_worker_that_stops_in_order_costs_the_job_no_attempt() -> None:
    job = claimed()
    assert job_release(
        job_id=job.pk, attempt=1, reason="stopped", now=NOW, counts=False
    )
    released = Job.objects.get()
    assert released.max_attempts - released.attempt == job.max_attempts
