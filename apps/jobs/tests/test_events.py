"""A job followed over one connection."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from functools import wraps
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection
from django.test import AsyncClient

from apps.jobs import events
from apps.jobs.models import Job
from apps.jobs.services import job_claim, job_heartbeat, job_succeed
from apps.jobs.services.lease import Progress
from apps.jobs.tests.factories import job_make, user_make

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

NOW = datetime(2026, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LOOK_SECONDS", 0.02)


@pytest.fixture
def job() -> Job:
    return job_make("test.echo", now=NOW)


def in_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test in an event loop, its database work in the test's own thread."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async_to_sync(test)(*args, **kwargs)

    return run


async def following(job: Job, client: AsyncClient) -> AsyncIterator[dict[str, Any]]:
    answer = await client.get(f"/api/v1/jobs/{job.pk}/events/")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/event-stream")
    async for part in answer:  # type: ignore[attr-defined]  # streams; stubs do not
        for event in part.decode().strip().split("\n\n"):
            lines = dict(line.split(": ", 1) for line in event.splitlines())
            if "event" in lines:
                yield {"event": lines["event"], **json.loads(lines["data"])}


async def signed_in(job: Job) -> AsyncClient:
    client = AsyncClient()
    owner = await sync_to_async(lambda: job.owner)()
    await sync_to_async(client.force_login)(owner)
    return client


@in_a_loop
async def test_each_change_of_a_job_is_told_and_the_stream_ends_with_it(
    job: Job,
) -> None:
    seen = []
    async for event in following(job, await signed_in(job)):
        seen.append((event["event"], event["state"], event["progress"]))
        if len(seen) == 1:
            await sync_to_async(job_claim)(job_id=job.pk, worker="w", now=NOW)
        elif len(seen) == 2:
            await sync_to_async(job_heartbeat)(
                job_id=job.pk, attempt=1, progress=Progress(0.5, "half"), now=NOW
            )
        elif len(seen) == 3:
            await sync_to_async(job_succeed)(
                job_id=job.pk, attempt=1, result={"a": 1}, log=(), now=NOW
            )
    assert seen == [
        ("job", "queued", 0.0),
        ("job", "running", 0.0),
        ("job", "running", 0.5),
        ("job", "succeeded", 1.0),
    ]


@in_a_loop
async def test_a_job_that_has_ended_is_told_once(job: Job) -> None:
    await Job.objects.filter(pk=job.pk).aupdate(state="cancelled")
    seen = [event["state"] async for event in following(job, await signed_in(job))]
    assert seen == ["cancelled"]


@in_a_loop
async def test_a_deleted_job_ends_its_stream(job: Job) -> None:
    seen = []
    async for event in following(job, await signed_in(job)):
        seen.append(event["event"])
        await Job.objects.filter(pk=job.pk).adelete()
    assert seen == ["job", "gone"]


@in_a_loop
async def test_a_silent_stream_says_that_it_lives(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.05)
    owner = await sync_to_async(lambda: job.owner)()
    stream = events.job_events(actor=owner, job_id=job.pk)
    parts = [await anext(stream) for _ in range(3)]
    await stream.aclose()
    assert parts[2] == ": waiting\n\n"


@in_a_loop
async def test_an_open_stream_holds_no_connection_to_the_database(job: Job) -> None:
    client = await signed_in(job)
    answer = await client.get(f"/api/v1/jobs/{job.pk}/events/")
    held = await sync_to_async(lambda: connection.connection)()
    assert answer.status_code == 200
    assert held is None


@in_a_loop
async def test_nobody_waits_for_a_body_that_they_do_not_see(job: Job) -> None:
    answer = await (await signed_in(job)).head(f"/api/v1/jobs/{job.pk}/events/")
    assert answer.status_code == 405


@in_a_loop
async def test_a_stream_ends_so_that_its_reader_shows_again_who_it_is(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "LONGEST_SECONDS", 0.1)
    seen = [event["state"] async for event in following(job, await signed_in(job))]
    assert seen == ["queued"]


@in_a_loop
async def test_another_users_job_cannot_be_followed(job: Job) -> None:
    client = AsyncClient()
    stranger = await sync_to_async(user_make)("stranger")
    await sync_to_async(client.force_login)(stranger)
    answer = await client.get(f"/api/v1/jobs/{job.pk}/events/")
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["code"] == "job_not_found"


@in_a_loop
async def test_a_user_may_hold_only_so_many_streams_open(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MOST_PER_USER", 1)
    client = await signed_in(job)
    owner = await sync_to_async(lambda: job.owner)()
    held = events.job_events(actor=owner, job_id=job.pk)
    await anext(held)
    refused = await client.get(f"/api/v1/jobs/{job.pk}/events/")
    await held.aclose()
    assert refused.status_code == 429
    assert refused.json()["errors"][0]["code"] == "too_many_streams"
    async with asyncio.timeout(5):
        again = following(job, client)
        assert (await anext(again))["state"] == "queued"
        await again.aclose()  # type: ignore[attr-defined]
