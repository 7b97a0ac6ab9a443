"""A schedule of a backfill waits for all of its own work."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from apps.jobs.models import Job, Schedule
from apps.jobs.services import schedules_claim
from apps.market import backfill_tasks
from apps.market.tests.test_backfill_api import BACKFILL, BODY, Context

if TYPE_CHECKING:
    from rest_framework.test import APIClient

MINUTE = timedelta(seconds=61)

pytestmark = pytest.mark.django_db


def kept(client: APIClient) -> Schedule:
    """Return the schedule that a backfill was put on."""
    body = BODY | {"keep_updated": {"every_seconds": 60}}
    assert client.post(BACKFILL, body).status_code == 202
    return Schedule.objects.get()


def test_what_is_due_while_the_first_job_runs_waits_for_it(client: APIClient) -> None:
    schedule = kept(client)
    job = Job.objects.get()
    assert schedule.last_job_id == job.pk
    claimed = schedules_claim(now=timezone.now() + MINUTE)
    assert (claimed.enqueued, claimed.skipped) == (0, 1)


def test_what_is_due_while_a_job_goes_on_in_another_waits_for_that_one(
    client: APIClient,
) -> None:
    schedule = kept(client)
    first = Job.objects.get()
    context = Context(first.payload, first.owner_id, job_id=first.pk)
    rest = {"symbols": ["ETH/USDT"]}
    result = backfill_tasks._continued(
        context,
        first.kind,
        {},
        rest,
    )
    Job.objects.filter(pk=first.pk).update(
        state="succeeded", finished_at=timezone.now()
    )
    schedule.refresh_from_db()
    assert str(schedule.last_job_id) == result["continued_by"]
    claimed = schedules_claim(now=timezone.now() + MINUTE)
    assert (claimed.enqueued, claimed.skipped) == (0, 1)


def test_a_market_that_is_named_twice_is_asked_for_once(client: APIClient) -> None:
    body = BODY | {"symbols": ["btc/usdt", "BTC/USDT", " Btc/Usdt"]}
    assert client.post(BACKFILL, body).status_code == 202
    assert Job.objects.get().payload["symbols"] == ["BTC/USDT"]
