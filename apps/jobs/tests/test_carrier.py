"""What either carrier owes: what is committed arrives, what is not leaves nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.db import transaction

from apps.jobs.carrier import UNSENT
from apps.jobs.enums import JobQueue, JobState
from apps.jobs.errors import JobNotRetryable
from apps.jobs.models import Job
from apps.jobs.services import (
    job_claim,
    job_enqueue,
    job_release,
    job_retry,
    jobs_reap,
    lease,
)
from apps.jobs.tests.factories import TooHard, job_make, user_make

if TYPE_CHECKING:
    from pytest_django import Settings

    from apps.jobs.tests.conftest import CeleryParcels, Parcels

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)

pytestmark = pytest.mark.django_db(transaction=True)


def claimed() -> Job:
    job = job_claim(job_id=job_make("test.echo", now=NOW).pk, worker="one", now=NOW)
    assert job is not None
    return job


def test_a_committed_job_is_on_its_way(carrier: Parcels) -> None:
    job_make("test.echo", now=NOW)
    assert carrier.count() == 1


def test_a_rolled_back_request_leaves_neither_job_nor_parcel(carrier: Parcels) -> None:
    owner = user_make()
    with pytest.raises(TooHard), transaction.atomic():
        job_make("test.echo", now=NOW, owner=owner)
        raise TooHard("no")
    assert Job.objects.count() == 0
    assert carrier.count() == 0


def test_a_part_that_is_rolled_back_leaves_the_rest_on_its_way(
    carrier: Parcels,
) -> None:
    owner = user_make()
    with transaction.atomic():
        job_make("test.echo", now=NOW, owner=owner)
        with pytest.raises(TooHard), transaction.atomic():
            job_make("test.echo", now=NOW, owner=owner)
            raise TooHard("no")
    assert Job.objects.count() == 1
    assert carrier.count() == 1


def test_a_retry_that_is_refused_leaves_no_parcel(carrier: Parcels) -> None:
    job = claimed()
    with pytest.raises(JobNotRetryable, match="running"):
        job_retry(actor=job.owner, job_id=job.pk, now=NOW)
    assert carrier.count() == 1


def test_the_reaper_sends_a_silent_workers_job_on_its_way_again_once(
    carrier: Parcels,
) -> None:
    job = claimed()
    assert jobs_reap(now=LATER) == 1
    released = Job.objects.get()
    assert released.state == JobState.QUEUED
    assert released.carrier_id != job.carrier_id
    assert carrier.count() == 2
    assert jobs_reap(now=LATER) == 0


def test_a_run_that_no_longer_holds_its_job_gives_nothing_back(
    carrier: Parcels,
) -> None:
    job = claimed()
    held = job_release(job_id=job.pk, attempt=job.attempt + 1, reason="no", now=NOW)
    assert not held
    assert carrier.count() == 1


def test_a_job_whose_parcel_was_lost_is_carried_again(carrier: Parcels) -> None:
    job = job_make("test.echo", now=NOW)
    carrier.lose()
    assert jobs_reap(now=NOW) == 0
    assert jobs_reap(now=LATER) == 1
    assert carrier.count() == 1
    assert Job.objects.get().carrier_id != job.carrier_id


def test_a_job_whose_parcel_waits_is_not_carried_twice(carrier: Parcels) -> None:
    job_make("test.echo", now=NOW)
    assert jobs_reap(now=LATER) == 0
    assert carrier.count() == 1


def test_a_long_queue_does_not_hide_what_another_queue_has_lost(
    carrier: Parcels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "REAP_BATCH", 5)
    owner = user_make()

    def enqueue(queue: JobQueue, moment: datetime) -> Job:
        return job_enqueue(
            owner=owner, kind="test.echo", payload={}, now=moment, queue=queue
        )

    lost = enqueue(JobQueue.DEFAULT, NOW)
    carrier.lose()
    with transaction.atomic():
        for _ in range(5):
            enqueue(JobQueue.BACKTEST, NOW - timedelta(minutes=1))
    assert jobs_reap(now=LATER) == 1
    assert Job.objects.get(pk=lost.pk).enqueued_at == LATER


def test_jobs_are_carried_on_by_the_other_carrier_once_that_is_chosen(
    celery: CeleryParcels, settings: Settings
) -> None:
    owner = user_make()
    job_make("test.echo", now=NOW, owner=owner)
    unsent = job_make("test.echo", now=NOW, owner=owner)
    Job.objects.filter(pk=unsent.pk).update(carrier_id=UNSENT)
    settings.JOBS_BACKEND = "database"
    assert jobs_reap(now=LATER) == 2
    assert jobs_reap(now=LATER) == 0
    settings.JOBS_BACKEND = "celery"
    celery.lose()
    assert jobs_reap(now=LATER + timedelta(hours=1)) == 2
    assert celery.count() == 2


def test_a_process_loads_nothing_of_a_carrier_that_is_not_chosen() -> None:
    code = (
        "import sys; import django; django.setup(); import config.asgi;"
        "import apps.jobs.services, apps.jobs.worker;"
        "print(*(name for name in ('celery', 'kombu') if name in sys.modules))"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[3],
        env=os.environ
        | {"DJANGO_SETTINGS_MODULE": "config.settings", "JOBS_BACKEND": "database"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []
