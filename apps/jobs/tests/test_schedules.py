"""Schedules: what is due is enqueued once, never twice, and never a thousand times."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from apps.jobs import schedules as registry
from apps.jobs.enums import JobState
from apps.jobs.errors import (
    ScheduleKindUnknown,
    ScheduleNameTaken,
    ScheduleNotFound,
    SchedulePeriodInvalid,
    TooManySchedules,
)
from apps.jobs.models import Job, Schedule, Upkeep
from apps.jobs.preflight import scheduler_check
from apps.jobs.services import (
    schedule_create,
    schedule_delete,
    schedule_update,
    schedules_claim,
    upkeep_run,
)
from apps.jobs.tests.factories import user_make
from apps.users.models import User

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SERVICES = "apps.jobs.services.schedules"
CALLS: list[datetime] = []

pytestmark = pytest.mark.django_db


def made(**fields: Any) -> Schedule:
    """Return a schedule of every hour, due in an hour."""
    owner = fields.pop("actor", None) or user_make()
    return schedule_create(
        **{
            "actor": owner,
            "name": "hourly",
            "kind": "test.echo",
            "payload": {"n": 1},
            "every_seconds": 3600,
            "now": NOW,
            **fields,
        }
    )


def finish_all() -> None:
    Job.objects.update(state=JobState.SUCCEEDED, finished_at=NOW, lease_until=None)


def upkeep_done(*, now: datetime) -> int:
    """Remember that it was done."""
    CALLS.append(now)
    return 1


def upkeep_broken(*, now: datetime) -> None:
    """Fail."""
    msg = "no room"
    raise OSError(msg)


@pytest.fixture
def upkeep(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """An empty registry of upkeep."""
    CALLS.clear()
    found: dict[str, Any] = {}
    monkeypatch.setattr(registry, "_upkeep", found)
    return found


def test_nothing_is_enqueued_before_it_is_due() -> None:
    made()
    assert schedules_claim(now=NOW + HOUR - timedelta(seconds=1)).enqueued == 0
    assert Job.objects.count() == 0


def test_what_is_due_becomes_one_job_with_its_payload() -> None:
    schedule = made()
    due = NOW + HOUR
    assert schedules_claim(now=due).enqueued == 1
    assert schedules_claim(now=due).enqueued == 0

    job = Job.objects.get()
    schedule.refresh_from_db()
    assert (job.kind, job.payload, job.owner) == (
        "test.echo",
        {"n": 1},
        schedule.owner,
    )
    assert (schedule.last_job_id, schedule.runs) == (job.pk, 1)
    assert schedule.next_due == due + HOUR


def test_the_next_due_moment_keeps_the_rhythm_when_a_scheduler_is_late() -> None:
    schedule = made()
    schedules_claim(now=NOW + HOUR + timedelta(minutes=7))
    schedule.refresh_from_db()
    assert schedule.next_due == NOW + 2 * HOUR


def test_a_run_is_skipped_and_counted_while_the_last_job_still_runs() -> None:
    schedule = made()
    schedules_claim(now=NOW + HOUR)
    assert schedules_claim(now=NOW + 2 * HOUR).skipped == 1
    finish_all()
    assert schedules_claim(now=NOW + 3 * HOUR).enqueued == 1
    schedule.refresh_from_db()
    assert (schedule.runs, schedule.skipped, Job.objects.count()) == (2, 1, 2)


def test_after_a_long_pause_one_job_is_enqueued_and_not_a_thousand() -> None:
    schedule = made()
    later = NOW + 1000 * HOUR
    assert schedules_claim(now=later).enqueued == 1
    assert schedules_claim(now=later).enqueued == 0
    schedule.refresh_from_db()
    assert (schedule.missed, schedule.runs) == (999, 1)
    assert schedule.next_due == later + HOUR


def test_a_clock_that_was_set_back_does_not_put_it_off_for_years() -> None:
    schedule = made()
    wrong = NOW + timedelta(days=3650)
    schedules_claim(now=wrong)
    finish_all()
    schedules_claim(now=NOW + HOUR)
    schedule.refresh_from_db()
    assert schedule.next_due == NOW + 2 * HOUR
    assert schedules_claim(now=NOW + 2 * HOUR).enqueued == 1


def test_clocks_that_differ_by_seconds_change_nothing() -> None:
    schedule = made()
    schedules_claim(now=NOW + HOUR)
    schedules_claim(now=NOW + HOUR - timedelta(seconds=20))
    schedule.refresh_from_db()
    assert schedule.next_due == NOW + 2 * HOUR


def test_what_is_switched_off_or_of_somebody_who_may_not_log_in_is_not_due() -> None:
    off = made(enabled=False)
    gone = user_make("gone")
    made(actor=gone)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    assert schedules_claim(now=NOW + 2 * HOUR).enqueued == 0
    schedule_update(
        actor=off.owner, schedule_id=off.pk, now=NOW + 2 * HOUR, enabled=True
    )
    assert schedules_claim(now=NOW + 2 * HOUR).enqueued == 0
    assert schedules_claim(now=NOW + 3 * HOUR).enqueued == 1


def test_one_that_cannot_be_enqueued_says_why_and_holds_up_no_other() -> None:
    broken = made(kind="x" * 64)
    made(actor=user_make("grace"))
    Schedule.objects.filter(pk=broken.pk).update(kind="")
    done = schedules_claim(now=NOW + HOUR)
    broken.refresh_from_db()
    assert (done.enqueued, done.failed) == (1, 1)
    assert "kind" in broken.last_error
    assert broken.next_due == NOW + 2 * HOUR


@pytest.mark.django_db(transaction=True)
def test_of_many_schedulers_at_once_exactly_one_enqueues_the_job() -> None:
    made()

    def claim(_: int) -> int:
        try:
            return schedules_claim(now=NOW + HOUR).enqueued
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(claim, range(8))) == 1
    assert Job.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_scheduler_that_dies_before_the_commit_leaves_it_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schedule = made()

    def die(**_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"{SERVICES}.job_enqueue", die)
        with pytest.raises(KeyboardInterrupt):
            schedules_claim(now=NOW + HOUR)
    schedule.refresh_from_db()
    assert schedule.next_due == NOW + HOUR
    assert schedules_claim(now=NOW + HOUR).enqueued == 1


@pytest.mark.parametrize("seconds", [0, 59, 366 * 86_400 + 1])
def test_a_period_out_of_range_is_refused(seconds: int) -> None:
    with pytest.raises(SchedulePeriodInvalid):
        made(every_seconds=seconds)


def test_a_name_is_used_once_by_a_user() -> None:
    first = made()
    with pytest.raises(ScheduleNameTaken):
        made(actor=first.owner)
    made(actor=user_make("grace"))


def test_a_user_has_so_many_schedules_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(f"{SERVICES}.MOST_PER_USER", 1)
    first = made()
    with pytest.raises(TooManySchedules):
        made(actor=first.owner, name="another")


def test_a_schedule_of_somebody_else_is_not_there() -> None:
    schedule, other = made(), user_make("grace")
    with pytest.raises(ScheduleNotFound):
        schedule_update(actor=other, schedule_id=schedule.pk, now=NOW, enabled=False)
    with pytest.raises(ScheduleNotFound):
        schedule_delete(actor=other, schedule_id=schedule.pk)


def test_a_kind_that_nobody_registered_cannot_be_scheduled() -> None:
    with pytest.raises(ScheduleKindUnknown, match=r"candles\.backfill"):
        registry.schedulable_payload(actor=user_make(), kind="test.echo", payload={})


def test_upkeep_is_done_once_each_period(upkeep: dict[str, Any]) -> None:
    registry.periodic("tidy", 60, f"{__name__}.upkeep_done")
    assert upkeep_run(now=NOW) == ("tidy",)
    assert upkeep_run(now=NOW + timedelta(seconds=59)) == ()
    assert upkeep_run(now=NOW + timedelta(seconds=60)) == ("tidy",)
    assert list(CALLS) == [NOW, NOW + timedelta(seconds=60)]


def test_upkeep_that_fails_is_told_and_holds_up_no_other(
    upkeep: dict[str, Any],
) -> None:
    registry.periodic("a broken one", 60, f"{__name__}.upkeep_broken")
    registry.periodic("tidy", 60, f"{__name__}.upkeep_done")
    assert upkeep_run(now=NOW) == ("a broken one", "tidy")
    assert Upkeep.objects.get(pk="a broken one").last_error == "OSError: no room"
    assert CALLS == [NOW]


def test_upkeep_outlives_a_clock_that_was_set_back(upkeep: dict[str, Any]) -> None:
    registry.periodic("tidy", 60, f"{__name__}.upkeep_done")
    upkeep_run(now=NOW + timedelta(days=3650))
    assert upkeep_run(now=NOW) == ("tidy",)


@pytest.mark.django_db(transaction=True)
def test_of_many_schedulers_at_once_one_does_the_upkeep(
    upkeep: dict[str, Any],
) -> None:
    registry.periodic("tidy", 60, f"{__name__}.upkeep_done")

    def run(_: int) -> int:
        try:
            return len(upkeep_run(now=NOW))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(run, range(8))) == 1
    assert CALLS == [NOW]


def test_preflight_says_that_nobody_sees_to_what_is_due() -> None:
    assert scheduler_check() == []
    made(first_due=NOW - timedelta(days=1))
    assert "run_scheduler" in scheduler_check()[0].action
