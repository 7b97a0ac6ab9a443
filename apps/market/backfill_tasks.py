"""Data fetched from exchanges, and bars made of other data, as jobs."""

from __future__ import annotations

import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils import timezone

from apps.jobs.registry import job_handler
from apps.jobs.services import job_enqueue, schedules_follow
from apps.market.filling.request import BackfillRequest, TradesRequest
from apps.market.resampling.request import ResampleRequest
from apps.market.selectors.trades import trade_days_incomplete
from apps.market.services.backfill import BACKFILL_JOB, candles_backfill
from apps.market.services.backfill_run import BackfillWork
from apps.market.services.resampling import RESAMPLE_JOB, series_resample
from apps.market.services.trades import TRADES_JOB, trades_backfill
from apps.market.services.work import ImportWork

if TYPE_CHECKING:
    from apps.jobs.registry import JobContext
    from apps.users.models import User

_LOG_LINE = 500
# A run that comes near the limit of one job stops in good order; another goes on.
_SHARE_OF_WALL = 0.9


@job_handler(BACKFILL_JOB)
def run_backfill(context: JobContext) -> dict[str, Any]:
    """Fetch candles; where one job's time does not do, another goes on."""
    result = candles_backfill(
        actor=_owner(context),
        request=BackfillRequest.from_json(context.payload),
        now=timezone.now(),
        work=_work(context),
    )
    result["schedule_id"] = context.payload.get("schedule_id")
    rest = _candles_rest(context.payload, result)
    return _continued(context, BACKFILL_JOB, result, rest)


@job_handler(TRADES_JOB)
def run_trades(context: JobContext) -> dict[str, Any]:
    """Fetch trades; where one job's time does not do, another goes on."""
    result = trades_backfill(
        actor=_owner(context),
        request=TradesRequest.from_json(context.payload),
        now=timezone.now(),
        work=_work(context),
    )
    rest = {"start": result.pop("next_start"), "goes_on": result.pop("next_goes_on")}
    moved = result["days_stored"] > 0
    if result["unfinished"] and not moved:
        _log(context, "The time ran out before anything new came; nothing goes on.")
    goes_on = result["unfinished"] and moved
    return _continued(context, TRADES_JOB, result, rest if goes_on else None)


@job_handler(RESAMPLE_JOB)
def run_resample(context: JobContext) -> dict[str, Any]:
    """Make the bars that a job asks for."""
    series = series_resample(
        actor=_owner(context),
        request=ResampleRequest.from_json(context.payload),
        now=timezone.now(),
        work=ImportWork(context.progress, context.fenced, context.job_id),
    )
    return {
        "series_id": str(series.pk),
        "rows": series.rows,
        "gaps": series.gaps,
        "days_left_out": _left_out(context),
    }


def _left_out(context: JobContext) -> int:
    """Count the days of trades that no bars were made of, and log them."""
    instrument_id = ResampleRequest.from_json(context.payload).instrument_id
    if instrument_id is None:
        return 0
    days = trade_days_incomplete(actor=_owner(context), instrument_id=instrument_id)
    for day in days:
        why = day.suspect or "not fetched to its end"
        _log(context, f"{day.day}: left out, its trades are not complete ({why}).")
    return len(days)


def _owner(context: JobContext) -> User:
    return get_user_model().objects.get(pk=context.owner_id)


def _work(context: JobContext) -> BackfillWork:
    ends = time.monotonic() + settings.JOB_WALL_SECONDS * _SHARE_OF_WALL
    return BackfillWork(
        progress=context.progress,
        fence=context.fenced,
        job_id=context.job_id,
        log=partial(_log, context),
        out_of_time=lambda: time.monotonic() > ends,
    )


def _log(context: JobContext, line: str) -> None:
    context.log(line[:_LOG_LINE])


def _continued(
    context: JobContext,
    kind: str,
    result: dict[str, Any],
    rest: dict[str, Any] | None,
) -> dict[str, Any]:
    """Enqueue what is not finished, and name its job in the result.

    Args:
        context: Of this run.
        kind: The kind of job.
        result: Of this run.
        rest: What of the payload is another's; None where nothing is left to do.
    """
    result["continued_by"] = None
    if rest is not None:
        with context.fenced():
            job = job_enqueue(
                owner=_owner(context),
                kind=kind,
                payload=context.payload | rest,
                now=timezone.now(),
            )
            schedules_follow(job_id=context.job_id, next_id=job.pk)
        result["continued_by"] = str(job.pk)
    return result


def _candles_rest(
    payload: dict[str, Any], result: dict[str, Any]
) -> dict[str, Any] | None:
    """Return the markets that a run did not come to the end of."""
    if not result["unfinished"]:
        return None
    done = Counter(one["symbol"] for one in result["markets"])
    each = len(payload["timeframes"])
    left = [one for one in payload["symbols"] if done[one] < each]
    if payload["replace"] and len(left) == len(payload["symbols"]):
        # It would begin at the same place again, and come no further.
        return None
    return {"symbols": left} if left else None
