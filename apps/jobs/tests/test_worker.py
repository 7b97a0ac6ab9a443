"""The keeper and its workers as processes, and what survives their deaths."""

from __future__ import annotations

import multiprocessing
import signal
import time
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

import psutil
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone

from apps.jobs.carrier import carry
from apps.jobs.enums import JobState
from apps.jobs.models import Job, JobLogLine
from apps.jobs.services import job_cancel
from apps.jobs.tests.factories import job_make, user_make
from apps.jobs.worker import WORKERS, Keeper

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django import Settings

    from apps.jobs.tests.conftest import Parcels

LEASE = 1.5

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("carrier"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]


@contextmanager
def keeper(*, processes: int = 1, killed: bool = False) -> Iterator[psutil.Process]:
    """A keeper in a fork, so that it knows the kinds of job of these tests."""
    connections.close_all()
    process = multiprocessing.get_context("fork").Process(
        target=Keeper(processes=processes, queues=["default"]).run
    )
    process.start()
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.join(15)
        assert process.exitcode == (-signal.SIGKILL if killed else 0)


def running(process: psutil.Process) -> bool:
    """Whether it runs; what init has not collected yet is as dead as can be."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def wait_for(state: JobState, seconds: float = 30.0) -> Job:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        job = Job.objects.get()
        if job.state == state:
            return job
        time.sleep(0.02)
    msg = f"the job is {Job.objects.get().state}, not {state}, after {seconds} s"
    raise AssertionError(msg)


def wait_for_all(state: JobState, number: int, seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while Job.objects.filter(state=state).count() < number:
        states = list(Job.objects.values_list("state", flat=True))
        assert time.monotonic() < until, f"not {number} {state}: {states}"
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def _quick(settings: Settings) -> None:
    settings.JOB_LEASE_SECONDS = LEASE
    settings.JOB_POLL_SECONDS = 0.05


def test_a_queued_job_is_done_by_a_worker() -> None:
    job_make("test.echo", now=timezone.now())
    with keeper():
        assert wait_for(JobState.SUCCEEDED).attempt == 1


def test_a_killed_workers_job_runs_again_within_its_lease_and_two_seconds(
    tmp_path: Path,
) -> None:
    job_make("test.slow_once", now=timezone.now(), mark=str(tmp_path / "mark"))
    with keeper() as process:
        wait_for(JobState.RUNNING)
        until = time.monotonic() + 5
        while not (tmp_path / "mark").exists() and time.monotonic() < until:
            time.sleep(0.02)
        [worker] = process.children()
        orphans = worker.children(recursive=True)
        worker.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        job = wait_for(JobState.SUCCEEDED)
        seconds = time.monotonic() - killed
    assert (job.attempt, job.result) == (2, {"second": True})
    assert seconds < LEASE + 2
    assert not any(running(orphan) for orphan in orphans)


def test_a_frozen_workers_result_is_dropped(tmp_path: Path) -> None:
    job_make("test.slow_once", now=timezone.now(), mark=str(tmp_path / "mark"))
    with keeper() as process:
        wait_for(JobState.RUNNING)
        while not (tmp_path / "mark").exists():
            time.sleep(0.02)
        [worker] = process.children()
        worker.send_signal(signal.SIGSTOP)
        wait_for(JobState.QUEUED)
        # Nobody else works here: it wakes to find that the job is no longer its own.
        worker.send_signal(signal.SIGCONT)
        job = wait_for(JobState.SUCCEEDED)
    assert (job.attempt, job.result) == (2, {"second": True})


def test_stopping_gives_the_running_job_back_and_leaves_no_process() -> None:
    job_make("test.sleep", now=timezone.now(), seconds=60)
    with keeper() as process:
        wait_for(JobState.RUNNING)
        time.sleep(0.3)
        family = process.children(recursive=True)
    assert Job.objects.get().state == JobState.QUEUED
    assert not any(running(member) for member in family)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"queues": "nowhere"}, "unknown queues"),
        ({"processes": 0}, "at least 1"),
    ],
)
def test_wrong_options_are_named(options: dict[str, object], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("run_worker", **options)


def test_a_worker_does_not_outlive_its_keeper() -> None:
    with keeper(killed=True) as process:
        until = time.monotonic() + 15
        while not process.children() and time.monotonic() < until:
            time.sleep(0.05)
        worker, *others = process.children()
        process.kill()
    _, left = psutil.wait_procs([worker, *others], timeout=5)
    assert not left


def test_a_worker_that_dies_at_once_is_started_anew_without_a_busy_loop(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    starts = tmp_path / "starts"

    def work(queue: str) -> None:
        with starts.open("a") as lines:
            lines.write(queue[0])
        raise RuntimeError

    module = import_module(WORKERS[settings.JOBS_BACKEND])
    monkeypatch.setattr(module, "work", work)
    with keeper():
        while not starts.exists():
            time.sleep(0.02)
        time.sleep(3.2)
        assert 2 <= len(starts.read_text()) <= 4


def test_a_worker_has_no_threads_and_says_in_its_title_what_it_does() -> None:
    job_make("test.echo", now=timezone.now())
    with keeper() as process:
        wait_for(JobState.SUCCEEDED)
        [worker] = process.children()
        assert worker.num_threads() == 1
        assert worker.cmdline()[0].startswith("parallax: worker default")


def test_a_job_can_ask_for_another_one_from_its_own_process() -> None:
    job_make("test.enqueue", now=timezone.now())
    with keeper():
        wait_for_all(JobState.SUCCEEDED, 2)


def test_a_parcel_that_comes_twice_is_run_once() -> None:
    job = job_make("test.echo", now=timezone.now())
    for _ in range(3):
        carry(job_id=job.pk, queue=job.queue)
    last = job_make("test.echo", now=timezone.now(), owner=job.owner)
    with keeper():
        wait_for_all(JobState.SUCCEEDED, 2)
    done = Job.objects.get(pk=job.pk)
    assert done.attempt == 1
    assert done.log_lines.count() == 1
    assert Job.objects.get(pk=last.pk).attempt == 1


def test_a_job_that_was_cancelled_on_its_way_is_not_run() -> None:
    job = job_make("test.echo", now=timezone.now())
    job_cancel(actor=job.owner, job_id=job.pk, now=timezone.now())
    job_make("test.echo", now=timezone.now(), owner=job.owner)
    with keeper():
        wait_for_all(JobState.SUCCEEDED, 1)
    assert Job.objects.get(pk=job.pk).attempt == 0


def test_a_job_whose_parcel_was_lost_runs_all_the_same(carrier: Parcels) -> None:
    job_make("test.echo", now=timezone.now())
    carrier.lose()
    with keeper():
        assert wait_for(JobState.SUCCEEDED, LEASE + 5).attempt == 1


def test_workers_of_two_keepers_share_the_work_and_run_each_job_once() -> None:
    owner = user_make()
    for _ in range(8):
        job_make("test.echo", now=timezone.now(), owner=owner)
    with keeper(processes=2), keeper(processes=2):
        wait_for_all(JobState.SUCCEEDED, 8)
    assert set(Job.objects.values_list("attempt", flat=True)) == {1}
    assert JobLogLine.objects.count() == 8
