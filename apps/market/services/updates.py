"""Backfills that are kept up to date on a schedule."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from apps.jobs.models import Schedule
from apps.jobs.services import schedule_create, schedule_update

if TYPE_CHECKING:
    from datetime import datetime

    from apps.market.filling.request import BackfillRequest
    from apps.users.models import User

_LONGEST_NAME = 120
_MOST_NAMES = 100


def update_schedule(
    *,
    actor: User,
    kind: str,
    request: BackfillRequest,
    every_seconds: int,
    now: datetime,
) -> Schedule:
    """Return the schedule that fetches what is new of a backfill, made or changed.

    Args:
        actor: Whose schedule it is.
        kind: The kind of job.
        request: Which candles; each job fetches them up to its own moment.
        every_seconds: How often.
        now: The moment of the request, UTC.

    Raises:
        SchedulePeriodInvalid: The period is out of range.
        TooManySchedules: The actor has as many as one may.
    """
    payload = replace(request, end=None, replace=False, recheck_gaps=False).as_json()
    mine = Schedule.objects.filter(owner=actor, kind=kind)
    # Compared here: databases differ in how they compare JSON.
    same = next((one for one in mine if one.payload == payload), None)
    if same is not None:
        return schedule_update(
            actor=actor,
            schedule_id=same.pk,
            now=now,
            enabled=True,
            every_seconds=every_seconds,
        )
    return schedule_create(
        actor=actor,
        name=_name(actor, request),
        kind=kind,
        payload=payload,
        every_seconds=every_seconds,
        now=now,
    )


def _name(actor: User, request: BackfillRequest) -> str:
    symbols = request.symbols
    what = symbols[0] if len(symbols) == 1 else f"{len(symbols)} markets"
    lengths = ", ".join(request.timeframes)
    name = f"Update {request.exchange} {what} {lengths}"[: _LONGEST_NAME - 6]
    taken = set(
        Schedule.objects.filter(owner=actor, name__startswith=name).values_list(
            "name", flat=True
        )
    )
    names = (name, *(f"{name} ({number})" for number in range(2, _MOST_NAMES)))
    return next((one for one in names if one not in taken), f"{name} {len(taken)}")
