"""The keeper and its workers as processes, and what survives their deaths."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil
import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone

from apps.jobs.enums import JobState
from apps.jobs.models import Job
from apps.jobs.tests.factories import job_make
from apps.jobs.worker import Keeper

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django import Settings

LEASE = 1.5

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]


@contextmanager
def keeper() -> Iterator[psutil.Process]:
    """A keeper in a fork, so that it knows the kinds of job of these tests."""
    connections.close_all()
    process = multiprocessing.get_context("fork").Process(
        target=Keeper(processes=1, queues=["default"]).run
    )
    process.start()
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.join(15)
        assert process.exitcode == 0


def running(process: psutil.Process) -> bool:
    """Whether it runs; what init has not collected yet is as dead as can be."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def wait_for(state: JobState, seconds: float = 15.0) -> Job:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        job = Job.objects.get()
        if job.state == state:
            return job
        time.sleep(0.02)
    msg = f"the job is {Job.objects.get().state}, not {state}, after {seconds} s"
    raise AssertionError(msg)


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
    with subprocess.Popen(
        [sys.executable, "manage.py", "run_worker"], env=os.environ.copy()
    ) as process:
        family = psutil.Process(process.pid)
        until = time.monotonic() + 15
        while not family.children() and time.monotonic() < until:
            time.sleep(0.05)
        worker, *others = family.children()
        process.kill()
        process.wait()
    _, left = psutil.wait_procs([worker, *others], timeout=5)
    assert not left
