"""The service's own upkeep, done by whichever scheduler gets to it first."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F

from apps.jobs.models import Upkeep
from apps.jobs.schedules import periodic_list

if TYPE_CHECKING:
    from datetime import datetime

    from apps.jobs.schedules import Periodic

logger = logging.getLogger(__name__)

_LONGEST_ERROR = 500


def upkeep_run(*, now: datetime) -> tuple[str, ...]:
    """Do the registered upkeep that is due; safe beside other schedulers.

    What fails is written down and logged, and is due again after its period.

    Args:
        now: The moment, UTC.

    Returns:
        The names of what was done.

    Raises:
        DatabaseError: The database does not answer.
    """
    return tuple(one.name for one in periodic_list() if _run(one, now))


def _run(one: Periodic, now: datetime) -> bool:
    if not _claim(one, now):
        return False
    error = ""
    try:
        one.run(now=now)
    except DatabaseError:
        raise
    except Exception as failure:
        # Upkeep belongs to other rooms; what is wrong with one must not stop the rest.
        logger.exception("upkeep %s failed", one.name)
        error = f"{type(failure).__name__}: {failure}"[:_LONGEST_ERROR]
    Upkeep.objects.filter(pk=one.name).update(last_error=error)
    return True


def _claim(one: Periodic, now: datetime) -> bool:
    row = Upkeep.objects.filter(pk=one.name).first()
    if row is None:
        try:
            with transaction.atomic():
                row = Upkeep.objects.create(name=one.name, next_due=now)
        except IntegrityError:
            return False  # another scheduler has just made it, and does it
    # Further off than a period: the clock was set back, or the period made shorter.
    if now < row.next_due <= now + one.every:
        return False
    claimed = Upkeep.objects.filter(pk=one.name, next_due=row.next_due).update(
        next_due=now + one.every, last_run_at=now, runs=F("runs") + 1
    )
    return bool(claimed)
