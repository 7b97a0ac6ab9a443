"""Jobs over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from rest_framework.test import APIClient

from apps.jobs.enums import JobState
from apps.jobs.models import Job
from apps.jobs.services import job_claim, job_fail, job_heartbeat
from apps.jobs.services.lease import Progress
from apps.jobs.tests.factories import TooHard, job_make, user_make

if TYPE_CHECKING:
    from apps.users.models import User

NOW = datetime(2026, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return user_make()


@pytest.fixture
def client(user: User) -> APIClient:
    found = APIClient()
    found.force_authenticate(user)
    return found


def test_a_job_says_where_it_stands_and_what_can_be_done(
    client: APIClient, user: User
) -> None:
    job = job_make("test.echo", now=NOW, owner=user)
    body = client.get(f"/api/v1/jobs/{job.pk}/").json()
    assert (body["state"], body["progress"], body["error"]) == ("queued", 0.0, None)
    assert body["_links"]["cancel"] == f"/api/v1/jobs/{job.pk}/cancel/"
    assert body["_links"]["retry"] is None


def test_jobs_are_listed_newest_first_and_filtered_by_state(
    client: APIClient, user: User
) -> None:
    jobs = [job_make("test.echo", now=NOW, owner=user) for _ in range(3)]
    job_claim(job_id=jobs[0].pk, worker="one", now=NOW)
    listed = client.get("/api/v1/jobs/").json()["results"]
    assert [one["id"] for one in listed] == [str(job.pk) for job in reversed(jobs)]
    running = client.get("/api/v1/jobs/?state=running").json()["results"]
    assert [one["id"] for one in running] == [str(jobs[0].pk)]


def test_an_unknown_state_is_refused_by_name(client: APIClient) -> None:
    answer = client.get("/api/v1/jobs/?state=sleeping")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == "state"


def test_a_failed_job_tells_its_error_and_can_be_retried(
    client: APIClient, user: User
) -> None:
    job = job_make("test.echo", now=NOW, owner=user)
    job_claim(job_id=job.pk, worker="one", now=NOW)
    job_fail(job_id=job.pk, attempt=1, error=TooHard("no", attr="x"), log=(), now=NOW)
    body = client.get(f"/api/v1/jobs/{job.pk}/").json()
    assert body["error"] == {"code": "too_hard", "detail": "no", "attr": "x"}
    answer = client.post(body["_links"]["retry"])
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")


def test_a_cancelled_job_cannot_be_cancelled_again(
    client: APIClient, user: User
) -> None:
    job = job_make("test.echo", now=NOW, owner=user)
    where = f"/api/v1/jobs/{job.pk}/cancel/"
    assert client.post(where).json()["state"] == "cancelled"
    again = client.post(where)
    assert again.status_code == 409
    assert again.json()["errors"][0]["code"] == "job_not_cancellable"


def test_the_log_is_read_in_the_order_of_writing(client: APIClient, user: User) -> None:
    job = job_make("test.echo", now=NOW, owner=user)
    job_claim(job_id=job.pk, worker="one", now=NOW)
    lines = [f"line {number}" for number in range(30)]
    progress = Progress(0.1, "", lines)
    job_heartbeat(job_id=job.pk, attempt=1, progress=progress, now=NOW)
    page = client.get(f"/api/v1/jobs/{job.pk}/log/?limit=20").json()
    rest = client.get(page["next"]).json()
    assert [one["message"] for one in page["results"] + rest["results"]] == lines


@pytest.mark.parametrize(
    ("method", "path"),
    [("get", ""), ("get", "log/"), ("post", "cancel/"), ("post", "retry/")],
)
def test_another_users_job_is_not_found(user: User, method: str, path: str) -> None:
    job = job_make("test.echo", now=NOW, owner=user)
    stranger = APIClient()
    stranger.force_authenticate(user_make("eve"))
    answer = getattr(stranger, method)(f"/api/v1/jobs/{job.pk}/{path}")
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["code"] == "job_not_found"
    assert Job.objects.get().state == JobState.QUEUED
