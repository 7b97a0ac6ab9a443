"""Schedules that were made or changed while a clock was wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.jobs.services import schedule_update, schedules_claim
from apps.jobs.tests.test_schedules import made

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("changed", [False, True], ids=["made", "changed"])
def test_what_was_made_while_the_clock_was_ahead_is_brought_back(
    *, changed: bool
) -> None:
    # When rows were changed is told by the clock of the machine, so all is relative.
    real = timezone.now()
    schedule = made(now=real if changed else real + timedelta(days=3650))
    ahead = real + timedelta(days=3650)
    if changed:
        schedule_update(
            actor=schedule.owner, schedule_id=schedule.pk, now=ahead, every_seconds=60
        )
    before = real - timedelta(minutes=2)
    assert schedules_claim(now=before).enqueued == 0
    schedule.refresh_from_db()
    assert schedule.next_due == before + timedelta(seconds=schedule.every_seconds)
