"""Schedulers as processes: two at once, and one that is killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.db import connections
from django.utils import timezone

from apps.jobs.enums import JobState
from apps.jobs.models import Job, Schedule
from apps.jobs.scheduler import Scheduler
from apps.jobs.tests.factories import user_make

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.context import ForkProcess
    from pathlib import Path

    from pytest_django import Settings

SCHEDULES = 12

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]


def started() -> ForkProcess:
    connections.close_all()
    process = multiprocessing.get_context("fork").Process(target=Scheduler().run)
    process.start()
    return process


@contextmanager
def schedulers(number: int) -> Iterator[list[ForkProcess]]:
    processes = [started() for _ in range(number)]
    try:
        yield processes
    finally:
        for process in processes:
            process.terminate()
            process.join(15)


def due_every_second() -> None:
    owner = user_make()
    now = timezone.now()
    for number in range(SCHEDULES):
        Schedule.objects.create(
            owner=owner,
            name=f"n{number}",
            kind="test.echo",
            payload={"n": number},
            every_seconds=1,
            next_due=now,
        )


def work_until(seconds: float) -> None:
    """End each job as soon as it is there, as workers would."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        Job.objects.filter(state=JobState.QUEUED).update(
            state=JobState.SUCCEEDED, finished_at=timezone.now()
        )
        time.sleep(0.02)


def test_two_schedulers_enqueue_each_due_moment_once_though_one_is_killed() -> None:
    due_every_second()
    firsts = dict(Schedule.objects.values_list("pk", "next_due"))
    with schedulers(2) as running:
        for _ in range(4):
            work_until(1.1)
            victim = running.pop(0)
            assert victim.pid is not None
            os.kill(victim.pid, signal.SIGKILL)
            victim.join(15)
            running.append(started())
        work_until(1.0)
    rows = list(Schedule.objects.all())
    assert Job.objects.count() == sum(row.runs for row in rows)
    for row in rows:
        mine = Job.objects.filter(payload__n=row.payload["n"]).count()
        passed = round((row.next_due - firsts[row.pk]).total_seconds())
        # Each due moment was enqueued, or counted as missed or skipped; none twice.
        assert passed == row.runs + row.missed + row.skipped
        assert mine == row.runs
        assert row.runs >= 3


def test_a_scheduler_signs_that_it_looks_and_ends_after_its_time(
    tmp_path: Path, settings: Settings
) -> None:
    settings.SCHEDULER_GRACE_SECONDS = 1
    sign = tmp_path / "sign"
    begun = time.monotonic()
    call_command("run_scheduler", "--seconds", "0.5", "--sign", str(sign))
    assert sign.exists()
    assert time.monotonic() - begun < 20


def test_a_scheduler_ends_in_good_order_when_told_to() -> None:
    with schedulers(1) as running:
        time.sleep(0.5)
    assert running[0].exitcode == 0
