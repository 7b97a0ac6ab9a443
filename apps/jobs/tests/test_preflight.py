"""What the jobs tell of the workers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.core.preflight import Verdict
from apps.jobs.preflight import workers_check
from apps.jobs.services import job_claim
from apps.jobs.tests.factories import job_make

pytestmark = pytest.mark.django_db


def test_idle_workers_leave_no_trace_so_nothing_is_said() -> None:
    job_make("test.echo", now=timezone.now())

    assert workers_check() == []


def test_a_job_under_a_lease_is_a_worker_at_work() -> None:
    job = job_make("test.echo", now=timezone.now())
    job_claim(job_id=job.pk, worker="here", now=timezone.now())

    [found] = workers_check()

    assert (found.verdict, found.found) == (Verdict.GO, "1 jobs are being done")


def test_a_job_that_nobody_takes_is_told() -> None:
    job_make("test.echo", now=timezone.now() - timedelta(minutes=5))

    [found] = workers_check()

    assert found.verdict == Verdict.WARN
    assert "run_worker" in found.action
