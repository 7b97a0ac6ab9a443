"""What the metrics tell of jobs is what the rows say, whoever is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.errors import Unprocessable
from apps.jobs.enums import JobQueue, JobState
from apps.jobs.gauges import jobs_collect
from apps.jobs.models import Job
from apps.jobs.registry import kind_list
from apps.jobs.services import job_cancel, job_claim, job_fail, job_release, job_retry
from apps.jobs.tests.factories import job_make, user_make

if TYPE_CHECKING:
    from apps.users.models import User

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
KIND = "test.echo"

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return user_make()


def told(now: datetime = NOW) -> dict[tuple[str, ...], float]:
    """Return the samples, by the metric's name and its labels' values."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in jobs_collect(now)
        for sample in family.samples
    }


def queued(owner: User, *, age: float = 0, queue: str = JobQueue.DEFAULT) -> Job:
    """Return a job that was asked for some seconds ago."""
    then = NOW - timedelta(seconds=age)
    job = job_make(KIND, now=then, owner=owner)
    # `created_at` is set by the clock.
    Job.objects.filter(pk=job.pk).update(created_at=then, queue=queue)
    return job


def running(owner: User, *, age: float = 0) -> Job:
    """Return a job that was claimed some seconds ago."""
    then = NOW - timedelta(seconds=age)
    job = queued(owner, age=age)
    claimed = job_claim(job_id=job.pk, worker="w", now=then)
    assert claimed
    return claimed


def failed(owner: User, *, age: float) -> Job:
    job = running(owner, age=age)
    then = NOW - timedelta(seconds=age)
    error = Unprocessable("too hard")
    assert job_fail(job_id=job.pk, attempt=1, error=error, log=(), now=then)
    return job


def test_nothing_is_told_as_nought_for_every_kind_state_and_queue() -> None:
    found = told()

    for kind in kind_list():
        for state in JobState.values:
            assert found["parallax_jobs", state, kind] == 0
    for queue in JobQueue.values:
        assert found["parallax_jobs_queue_age_seconds", queue] == 0
    assert found["parallax_jobs_leases_expired",] == 0


def test_jobs_are_counted_by_state_and_kind(owner: User) -> None:
    queued(owner)
    queued(owner, queue=JobQueue.BACKTEST)
    running(owner)
    failed(owner, age=60)
    job_cancel(actor=owner, job_id=queued(owner).pk, now=NOW)

    found = told()

    assert found["parallax_jobs", "queued", KIND] == 2
    assert found["parallax_jobs", "running", KIND] == 1
    assert found["parallax_jobs", "failed", KIND] == 1
    assert found["parallax_jobs", "cancelled", KIND] == 1
    assert found["parallax_jobs", "succeeded", KIND] == 0


def test_what_ended_over_an_hour_ago_is_no_longer_told(owner: User) -> None:
    failed(owner, age=3_599)
    failed(owner, age=3_601)

    assert told()["parallax_jobs", "failed", KIND] == 1


def test_the_age_of_a_queue_is_that_of_its_oldest_waiting_job(owner: User) -> None:
    queued(owner, age=30)
    queued(owner, age=90)
    queued(owner, age=7, queue=JobQueue.BACKTEST)
    running(owner, age=500)

    found = told()

    assert found["parallax_jobs_queue_age_seconds", "default"] == 90
    assert found["parallax_jobs_queue_age_seconds", "backtest"] == 7
    assert found["parallax_jobs_queue_age_seconds", "live"] == 0


def test_carrying_a_lost_job_once_more_does_not_make_it_young(owner: User) -> None:
    job = queued(owner, age=600)
    Job.objects.filter(pk=job.pk).update(enqueued_at=NOW - timedelta(seconds=5))

    assert told()["parallax_jobs_queue_age_seconds", "default"] == 600


def test_a_job_that_was_given_back_waits_since_then(owner: User) -> None:
    job = running(owner, age=600)
    then = NOW - timedelta(seconds=20)
    assert job_release(job_id=job.pk, attempt=1, reason="The worker died", now=then)

    assert told()["parallax_jobs_queue_age_seconds", "default"] == 20


def test_a_job_that_is_retried_is_queued_and_no_longer_failed(owner: User) -> None:
    job = failed(owner, age=600)
    job_retry(actor=owner, job_id=job.pk, now=NOW - timedelta(seconds=10))

    found = told()

    assert found["parallax_jobs", "failed", KIND] == 0
    assert found["parallax_jobs", "queued", KIND] == 1
    assert found["parallax_jobs_queue_age_seconds", "default"] == 10


def test_a_lease_counts_as_expired_once_it_has_ended(owner: User) -> None:
    running(owner, age=10)
    running(owner, age=300)

    assert told()["parallax_jobs_leases_expired",] == 1


def test_a_clock_that_is_behind_makes_no_negative_age(owner: User) -> None:
    queued(owner, age=-5)

    assert told()["parallax_jobs_queue_age_seconds", "default"] == 0


def test_a_kind_that_no_handler_does_any_more_is_still_told(owner: User) -> None:
    job_make("gone.kind", now=NOW, owner=owner)

    assert told()["parallax_jobs", "queued", "gone.kind"] == 1


def test_any_number_of_jobs_is_two_statements(owner: User) -> None:
    for _ in range(5):
        queued(owner)

    with CaptureQueriesContext(connection) as statements:
        told()

    assert len(statements) == 2
