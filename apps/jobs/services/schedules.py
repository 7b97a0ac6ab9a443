"""Schedules: what people ask of them, and the claim of what is due.

A claim is one conditional UPDATE that moves `next_due` on, in the transaction that
enqueues the job. Two schedulers never do the same due moment twice, and one that dies in
between leaves it due.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q

from apps.core.errors import ApplicationError
from apps.jobs.enums import FINAL_STATES
from apps.jobs.errors import (
    ScheduleNameTaken,
    SchedulePeriodInvalid,
    TooManySchedules,
)
from apps.jobs.models import Job, Schedule
from apps.jobs.selectors import schedule_get
from apps.jobs.services.requests import job_enqueue

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from apps.users.models import User

LEAST_SECONDS = 60
MOST_SECONDS = 366 * 86_400
MOST_PER_USER = 200
CLAIM_BATCH = 100
# Schedulers' clocks may differ by so much before one is taken to have been set back.
CLOCKS_DIFFER = timedelta(seconds=60)
_LONGEST_ERROR = 500


@dataclass(slots=True)
class Claimed:
    """What became of the schedules that were due.

    Attributes:
        enqueued: Jobs that were enqueued.
        skipped: Schedules whose last job still ran.
        failed: Schedules whose job could not be enqueued.
    """

    enqueued: int = 0
    skipped: int = 0
    failed: int = 0


@transaction.atomic
def schedule_create(
    *,
    actor: User,
    name: str,
    kind: str,
    payload: dict[str, Any],
    every_seconds: int,
    now: datetime,
    first_due: datetime | None = None,
    enabled: bool = True,
) -> Schedule:
    """Put work on a schedule.

    Args:
        actor: Whose schedule and jobs they are.
        name: For people; unique for the actor.
        kind: The kind of job.
        payload: What each job is given; JSON, no secrets.
        every_seconds: How often it is due, from a minute to a year.
        now: The moment of the request, UTC.
        first_due: When it is due first; None: after one period.
        enabled: Whether jobs are enqueued at all.

    Raises:
        SchedulePeriodInvalid: The period is out of range.
        ScheduleNameTaken: The actor has one of this name.
        TooManySchedules: The actor has as many as one may.
    """
    every = _period(every_seconds)
    mine = Schedule.objects.filter(owner=actor)
    if mine.filter(name=name).exists():
        msg = f"You have a schedule {name!r}; change that one, or choose another name."
        raise ScheduleNameTaken(msg, attr="name")
    if mine.count() >= MOST_PER_USER:
        msg = f"You have {MOST_PER_USER} schedules; delete one first."
        raise TooManySchedules(msg)
    schedule = Schedule(
        owner=actor,
        name=name,
        kind=kind,
        payload=payload,
        every_seconds=every_seconds,
        next_due=first_due or now + every,
        enabled=enabled,
    )
    schedule.full_clean()
    schedule.save()
    return schedule


@transaction.atomic
def schedule_update(
    *,
    actor: User,
    schedule_id: UUID,
    now: datetime,
    enabled: bool | None = None,
    every_seconds: int | None = None,
) -> Schedule:
    """Switch a schedule on or off, or change its period; None stays as it is.

    With another period, and when it is switched on, it is due one period from now.

    Raises:
        ScheduleNotFound: No such schedule for this actor.
        SchedulePeriodInvalid: The period is out of range.
    """
    schedule = schedule_get(actor=actor, schedule_id=schedule_id, lock=True)
    changed = enabled is True and not schedule.enabled
    if every_seconds is not None and every_seconds != schedule.every_seconds:
        _period(every_seconds)
        schedule.every_seconds = every_seconds
        changed = True
    if enabled is not None:
        schedule.enabled = enabled
    if changed:
        schedule.next_due = now + timedelta(seconds=schedule.every_seconds)
    schedule.full_clean()
    schedule.save(update_fields=("enabled", "every_seconds", "next_due", "updated_at"))
    return schedule


def schedule_begun(*, schedule_id: UUID, job_id: UUID) -> None:
    """Take a job that was enqueued otherwise for the last one of a schedule."""
    Schedule.objects.filter(pk=schedule_id).update(last_job_id=job_id)


def schedules_follow(*, job_id: UUID, next_id: UUID) -> None:
    """Let schedules whose last job goes on in another one wait for that one."""
    Schedule.objects.filter(last_job_id=job_id).update(last_job_id=next_id)


@transaction.atomic
def schedule_delete(*, actor: User, schedule_id: UUID) -> None:
    """Delete a schedule; a job that it enqueued goes on.

    Raises:
        ScheduleNotFound: No such schedule for this actor.
    """
    schedule_get(actor=actor, schedule_id=schedule_id).delete()


def schedules_claim(*, now: datetime) -> Claimed:
    """Enqueue a job for each schedule that is due; safe beside other schedulers.

    After a pause in which several due moments passed, one job is enqueued. Where the
    last job has not ended, none is.

    Args:
        now: The moment, UTC.
    """
    _clock_back(now)
    done = Claimed()
    due = Schedule.objects.filter(
        enabled=True, owner__is_active=True, next_due__lte=now
    ).select_related("owner")
    for schedule in due.order_by("next_due", "pk")[:CLAIM_BATCH]:
        try:
            _claim(schedule, now, done)
        except (ApplicationError, ValidationError) as error:
            # The others are due all the same.
            done.failed += 1
            _failed(schedule, now, error)
    return done


@transaction.atomic
def _claim(schedule: Schedule, now: datetime, done: Claimed) -> None:
    passed, following = _following(schedule, now)
    claimed = Schedule.objects.filter(
        pk=schedule.pk,
        enabled=True,
        next_due=schedule.next_due,
        every_seconds=schedule.every_seconds,
    ).update(
        next_due=following,
        last_claimed_at=now,
        missed=F("missed") + passed,
        updated_at=now,
    )
    if not claimed:
        return
    busy = (
        schedule.last_job_id is not None
        and Job.objects.filter(pk=schedule.last_job_id)
        .exclude(state__in=FINAL_STATES)
        .exists()
    )
    if busy:
        Schedule.objects.filter(pk=schedule.pk).update(skipped=F("skipped") + 1)
        done.skipped += 1
        return
    job = job_enqueue(
        owner=schedule.owner, kind=schedule.kind, payload=schedule.payload, now=now
    )
    Schedule.objects.filter(pk=schedule.pk).update(
        last_job_id=job.pk, runs=F("runs") + 1, last_error=""
    )
    done.enqueued += 1


def _following(schedule: Schedule, now: datetime) -> tuple[int, datetime]:
    """Return how many due moments passed unseen, and the next one after now."""
    every = timedelta(seconds=schedule.every_seconds)
    passed = (now - schedule.next_due) // every
    return passed, schedule.next_due + (passed + 1) * every


def _failed(schedule: Schedule, now: datetime, error: Exception) -> None:
    _, following = _following(schedule, now)
    Schedule.objects.filter(pk=schedule.pk, next_due=schedule.next_due).update(
        next_due=following,
        last_claimed_at=now,
        last_error=str(error)[:_LONGEST_ERROR],
        updated_at=now,
    )


def _clock_back(now: datetime) -> None:
    """Bring nearer what a clock that has since been set back had put off too far."""
    soon = now + CLOCKS_DIFFER
    # Claimed, made or changed at a moment that has yet to come.
    ahead = Schedule.objects.filter(
        Q(last_claimed_at__gt=now) | Q(updated_at__gt=soon), enabled=True
    )
    for schedule in ahead.filter(next_due__gt=soon):
        following = now + timedelta(seconds=schedule.every_seconds)
        if schedule.next_due > following + CLOCKS_DIFFER:
            Schedule.objects.filter(pk=schedule.pk, next_due=schedule.next_due).update(
                next_due=following, updated_at=now
            )


def _period(every_seconds: int) -> timedelta:
    if LEAST_SECONDS <= every_seconds <= MOST_SECONDS:
        return timedelta(seconds=every_seconds)
    msg = (
        f"every_seconds must be from {LEAST_SECONDS} to {MOST_SECONDS:,}, not "
        f"{every_seconds}."
    )
    raise SchedulePeriodInvalid(msg, attr="every_seconds")
