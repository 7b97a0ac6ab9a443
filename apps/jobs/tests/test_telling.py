"""What an owner is told of a job: each change of its state, with it or not at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.core.outbox.reading import events_read, head_read
from apps.core.outbox.recording import BODY_MOST_BYTES
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
from apps.jobs.topic import JobBody

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)

pytestmark = pytest.mark.django_db


def told(job: Job) -> list[tuple[str, dict[str, Any]]]:
    """Return what was told of a job's owner, each of it checked."""
    found = []
    for event in events_read(job.owner_id, after=0, limit=100):
        body = json.loads(event.body)
        JobBody.model_validate(body)
        assert event.topic == "jobs"
        assert body["id"] == str(job.pk)
        found.append((event.name, body))
    return found


def names(job: Job) -> list[str]:
    return [name for name, _ in told(job)]


def test_a_job_that_succeeds_is_told_from_its_beginning_to_its_result() -> None:
    job = job_make("test.echo", now=NOW)
    job_claim(job_id=job.pk, worker="w", now=NOW)
    job_heartbeat(job_id=job.pk, attempt=1, progress=Progress(0.5, "half"), now=NOW)
    job_succeed(job_id=job.pk, attempt=1, result={"a": 1}, log=(), now=NOW)

    assert names(job) == ["queued", "running", "succeeded"]
    _, last = told(job)[-1]
    assert (last["state"], last["result"], last["error"]) == (
        "succeeded",
        {"a": 1},
        None,
    )
    assert (last["attempt"], last["progress"], last["result_omitted"]) == (
        1,
        1.0,
        False,
    )


def test_a_job_that_fails_and_is_asked_for_again_is_told_with_its_reason() -> None:
    job = job_make("test.echo", now=NOW)
    job_claim(job_id=job.pk, worker="w", now=NOW)
    error = TooHard("Too hard.", attr="payload")
    job_fail(job_id=job.pk, attempt=1, error=error, log=(), now=NOW)
    job_retry(actor=job.owner, job_id=job.pk, now=NOW)

    assert names(job) == ["queued", "running", "failed", "retried"]
    assert told(job)[2][1]["error"] == {
        "code": "too_hard",
        "detail": "Too hard.",
        "attr": "payload",
    }
    assert (told(job)[3][1]["state"], told(job)[3][1]["error"]) == ("queued", None)


def test_a_job_that_is_stopped_or_given_back_is_told() -> None:
    job = job_make("test.echo", now=NOW)
    job_claim(job_id=job.pk, worker="w", now=NOW)
    job_release(job_id=job.pk, attempt=1, reason="The worker stops", now=NOW)
    job_claim(job_id=job.pk, worker="w", now=NOW)
    jobs_reap(now=LATER)
    job_cancel(actor=job.owner, job_id=job.pk, now=LATER)

    assert names(job) == [
        *("queued", "running", "queued", "running", "queued"),
        "cancelled",
    ]


def test_a_job_whose_worker_was_lost_too_often_is_told_as_failed() -> None:
    job = job_make("test.echo", now=NOW)
    Job.objects.update(max_attempts=1)
    job_claim(job_id=job.pk, worker="w", now=NOW)
    jobs_reap(now=LATER)
    assert names(job) == ["queued", "running", "failed"]
    assert told(job)[-1][1]["error"]["code"] == "worker_lost"


def test_what_does_not_happen_is_not_told() -> None:
    job = job_make("test.echo", now=NOW)
    job_claim(job_id=job.pk, worker="w", now=NOW)
    # Claimed by somebody else, ended by a zombie, given back by one.
    assert job_claim(job_id=job.pk, worker="other", now=NOW) is None
    assert not job_succeed(job_id=job.pk, attempt=7, result={}, log=(), now=NOW)
    assert not job_release(job_id=job.pk, attempt=7, reason="x", now=NOW)
    assert names(job) == ["queued", "running"]


def test_a_request_that_is_undone_tells_nothing() -> None:
    owner = user_make()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        job_make("test.echo", now=NOW, owner=owner)
        raise ZeroDivisionError
    assert head_read(owner.pk).last == 0


def test_a_result_that_no_reader_has_room_for_is_left_to_the_job_itself() -> None:
    job = job_make("test.echo", now=NOW)
    job_claim(job_id=job.pk, worker="w", now=NOW)
    job_succeed(job_id=job.pk, attempt=1, result="x" * BODY_MOST_BYTES, log=(), now=NOW)
    _, body = told(job)[-1]
    assert (body["result"], body["result_omitted"]) == (None, True)


def test_an_error_that_no_reader_has_room_for_is_told_by_its_beginning() -> None:
    job = job_make("test.echo", now=NOW)
    job_claim(job_id=job.pk, worker="w", now=NOW)
    error = TooHard("x" * BODY_MOST_BYTES)
    assert job_fail(job_id=job.pk, attempt=1, error=error, log=(), now=NOW)
    _, body = told(job)[-1]
    assert (body["state"], body["result_omitted"]) == ("failed", False)
    assert body["error"]["detail"] == "x" * 2_000


def test_telling_costs_two_statements_beside_the_reading_of_the_job() -> None:
    job = job_make("test.echo", now=NOW)
    with CaptureQueriesContext(connection) as queries:
        job_claim(job_id=job.pk, worker="w", now=NOW)
    statements = [one["sql"] for one in queries if "SAVEPOINT" not in one["sql"]]
    # PostgreSQL is asked for both of them at once.
    asked = 3 if connection.vendor == "postgresql" else 4
    assert len(statements) == asked, statements
