"""Compute how markets move together, from stored candles, once an hour at most."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from itertools import combinations
from typing import TYPE_CHECKING

from django.db.models import Max

from apps.jobs.enums import JobState
from apps.jobs.models import Job
from apps.jobs.services import job_enqueue
from apps.market.models import CandleSeries
from apps.portfolio.models import Account
from apps.risk.models import Correlation
from apps.risk.selectors.daily import daily_closes, daily_returns, daily_series

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from apps.jobs.registry import JobContext
    from apps.users.models import User

CORRELATIONS_JOB = "risk.correlations"
# How far back, and how many days two markets must share at least.
DAYS = 90
FEWEST_DAYS = 30
MOST_SYMBOLS = 60
_AGAIN = timedelta(days=1)


def correlations_refresh(*, now: datetime) -> int:
    """Enqueue a computation for each venue whose candles are newer than its correlations.

    For people with open accounts at an exchange and at least two markets' candles of it.

    Args:
        now: The moment, UTC.

    Returns:
        How many jobs were enqueued.
    """
    waiting = Job.objects.filter(
        kind=CORRELATIONS_JOB, state__in=(JobState.QUEUED, JobState.RUNNING)
    )
    busy = {(job.owner_id, job.payload.get("exchange")) for job in waiting}
    accounts = Account.objects.filter(closed_at__isnull=True).select_related("owner")
    venues = {(one.owner_id, one.exchange): one.owner for one in accounts}
    enqueued = 0
    for (owner_id, exchange), owner in venues.items():
        if (owner_id, exchange) in busy or not _is_due(owner, exchange, now):
            continue
        correlations_request(actor=owner, exchange=exchange, now=now)
        enqueued += 1
    return enqueued


def _is_due(owner: User, exchange: str, now: datetime) -> bool:
    series = CandleSeries.objects.filter(owner=owner, instrument__venue=exchange)
    symbols = series.order_by().values("instrument__symbol").distinct()[:2]
    if len(symbols) < 2:  # noqa: PLR2004 - a pair
        return False
    changed = series.aggregate(at=Max("updated_at"))["at"]
    made = Correlation.objects.filter(owner=owner, exchange=exchange)
    at = made.aggregate(at=Max("made_at"))["at"]
    if at is None:
        # Candles that gave none are looked at again when they have changed.
        asked = Job.objects.filter(owner=owner, kind=CORRELATIONS_JOB)
        same = asked.filter(payload__exchange=exchange)
        at = same.aggregate(at=Max("enqueued_at"))["at"]
    return at is None or changed > at or now - at > _AGAIN


def correlations_request(*, actor: User, exchange: str, now: datetime) -> Job:
    """Enqueue the computation of an exchange's correlations from the actor's candles.

    Args:
        actor: Whose candles.
        exchange: The venue.
        now: The moment, UTC.
    """
    return job_enqueue(
        owner=actor, kind=CORRELATIONS_JOB, payload={"exchange": exchange}, now=now
    )


def correlations_compute(
    *, owner: User, exchange: str, now: datetime, context: JobContext
) -> int:
    """Compute the correlations of an exchange's markets, in place of those before.

    Args:
        owner: Whose candles.
        exchange: The venue.
        now: The moment, UTC.
        context: Told what is done; opens the transaction of the write.

    Returns:
        How many pairs there are.
    """
    # Only a process that computes needs numpy.
    from apps.measures.correlation import correlation  # noqa: PLC0415

    series = daily_series(owner=owner, exchange=exchange)
    used = dict(list(series.items())[:MOST_SYMBOLS])
    if len(used) < len(series):
        context.log(f"{len(series)} markets; only the first {MOST_SYMBOLS} are used.")
    returns: dict[str, Mapping[int, float]] = {}
    for i, (symbol, own) in enumerate(used.items()):
        context.progress(i / max(len(used), 1), f"reads {symbol}")
        closes = daily_closes(series=own, start=now - timedelta(days=DAYS + 1), end=now)
        returns[symbol] = daily_returns(closes)
    rows: list[Correlation] = []
    for one, other in combinations(sorted(returns), 2):
        days = sorted(returns[one].keys() & returns[other].keys())
        if len(days) < FEWEST_DAYS:
            continue
        value = correlation(
            [returns[one][day] for day in days], [returns[other][day] for day in days]
        )
        if value is not None:
            last = date(1970, 1, 1) + timedelta(days=days[-1])
            rows.append(
                Correlation(
                    owner=owner,
                    exchange=exchange,
                    one=one,
                    other=other,
                    value=value,
                    days=len(days),
                    last_day=last,
                    made_at=now.astimezone(UTC),
                )
            )
    with context.fenced():
        Correlation.objects.filter(owner=owner, exchange=exchange).delete()
        Correlation.objects.bulk_create(rows)
    return len(rows)
