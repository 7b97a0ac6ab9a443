"""One run of a job in its own process, however it ends."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from django.db import connection
from django.utils import timezone

from apps.core.errors import Unavailable
from apps.jobs import supervisor
from apps.jobs.enums import JobState
from apps.jobs.models import Job
from apps.jobs.registry import worker_resource
from apps.jobs.services import job_cancel, job_claim
from apps.jobs.supervisor import WorkerState, job_run
from apps.jobs.tests.factories import job_make
from apps.users.models import User

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_django import Settings

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("carrier"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]


@pytest.fixture(autouse=True)
def _quick(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.JOB_LEASE_SECONDS = 0.9
    monkeypatch.setattr(supervisor, "WORKER", WorkerState())


def run(kind: str, **payload: Any) -> Job:
    job = job_make(kind, now=timezone.now(), **payload)
    job_run(str(job.pk))
    return Job.objects.get(pk=job.pk)


def meanwhile(act: Callable[[Job], None]) -> threading.Thread:
    """Act on the job once it has said where it is."""

    def wait() -> None:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            job = Job.objects.filter(state=JobState.RUNNING).first()
            if job is not None and job.progress_message:
                act(job)
                break
            time.sleep(0.05)
        connection.close()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def alive(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        # What init has not collected yet is as dead as can be.
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def test_a_job_runs_in_another_process_and_its_result_is_kept() -> None:
    job = run("test.echo", word="hello")
    assert job.state == JobState.SUCCEEDED
    assert job.result is not None
    assert job.result["echo"] == {"word": "hello"}
    assert job.result["pid"] != os.getpid()
    assert job.progress == 1.0
    assert [line.message for line in job.log_lines.all()] == ["a line"]


def test_an_anticipated_error_is_told_as_it_is() -> None:
    job = run("test.refuse")
    told = (job.state, job.error_code, job.error_message, job.error_attr)
    assert told == (JobState.FAILED, "too_hard", "The work is too hard.", "payload")


def test_an_unanticipated_error_is_told_without_its_internals() -> None:
    job = run("test.bug")
    assert (job.state, job.error_code) == (JobState.FAILED, "internal_error")
    assert "hunter2" not in job.error_message


def test_an_unknown_kind_fails_with_its_reason() -> None:
    job = run("test.unheard_of")
    assert job.error_code == "job_kind_unknown"


def test_a_job_that_asks_for_too_much_memory_fails_with_its_reason() -> None:
    assert run("test.greedy").error_code == "memory_exceeded"


def test_a_crash_is_run_again_and_the_second_run_counts(tmp_path: Path) -> None:
    job = run("test.abort_once", mark=str(tmp_path / "mark"))
    assert (job.state, job.attempt) == (JobState.QUEUED, 1)
    job_run(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.attempt, job.result) == ("succeeded", 2, {"second": True})


def test_a_job_that_always_crashes_fails_after_its_last_attempt() -> None:
    job = run("test.abort")
    for _ in range(5):
        job_run(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.attempt) == (JobState.FAILED, 3)
    assert job.error_code == "worker_lost"
    assert "SIGABRT" in job.error_message


def test_a_job_over_its_time_is_killed_and_says_so(settings: Settings) -> None:
    settings.JOB_WALL_SECONDS = 0.3
    started = time.monotonic()
    job = run("test.sleep", seconds=30)
    assert job.error_code == "job_timed_out"
    assert time.monotonic() - started < 20


def test_cancelling_ends_the_job_and_what_it_started() -> None:
    children: list[int] = []

    def cancel(job: Job) -> None:
        children.append(int(job.progress_message.split()[-1]))
        job_cancel(actor=job.owner, job_id=job.pk, now=timezone.now())

    thread = meanwhile(cancel)
    started = time.monotonic()
    job = run("test.sleep", seconds=30)
    thread.join()
    assert job.state == JobState.CANCELLED
    assert time.monotonic() - started < 20
    assert not any(alive(child) for child in children)


def test_a_worker_that_is_told_to_stop_gives_its_job_back() -> None:
    def stop(_job: Job) -> None:
        supervisor.WORKER.stopping = True

    thread = meanwhile(stop)
    job = run("test.sleep", seconds=30)
    thread.join()
    assert (job.state, job.max_attempts) == (JobState.QUEUED, 4)


def test_a_run_that_lost_its_job_cannot_write_under_the_fence() -> None:
    job = job_make("test.write", now=timezone.now(), seconds=0.6)

    def take_over() -> None:
        time.sleep(0.2)
        Job.objects.filter(pk=job.pk).update(lease_until=timezone.now())
        time.sleep(0.01)
        assert job_claim(job_id=job.pk, worker="other", now=timezone.now())
        connection.close()

    thread = threading.Thread(target=take_over)
    thread.start()
    job_run(str(job.pk))
    thread.join()
    assert not User.objects.filter(username__startswith="written-by").exists()
    assert Job.objects.get().worker == "other"


def test_a_job_that_is_not_to_be_had_is_left_alone() -> None:
    job = job_make("test.echo", now=timezone.now())
    job_run(str(job.pk))
    finished = Job.objects.get().finished_at
    job_run(str(job.pk))
    assert Job.objects.get().finished_at == finished


class _Keeper:
    def ensure(self, name: str) -> str:
        if name == "broken":
            raise Unavailable("It does not start.", code="broken", attr="engines")
        return f"/run/{name}"

    def close(self) -> None:
        """Keep nothing."""


def test_a_worker_keeps_a_resource_and_tells_why_when_it_cannot() -> None:
    worker_resource("test", _Keeper)
    state = WorkerState()
    assert state.resource("test", "one") == "/run/one"
    with pytest.raises(Unavailable, match="does not start"):
        state.resource("test", "broken")
    state.close()
