"""Fetch the candles of many markets of an exchange into the actor's series."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import transaction

from apps.exchanges.errors import ExchangeUnavailable
from apps.jobs.services import job_enqueue, schedule_begun
from apps.market.exchanges import exchange_config, market_data
from apps.market.moments import ns_from_datetime
from apps.market.requests import venue_parse
from apps.market.services.backfill_plans import plans_make
from apps.market.services.backfill_run import BackfillRun, BackfillWork
from apps.market.services.backfill_storing import Setting
from apps.market.services.updates import update_schedule

if TYPE_CHECKING:
    from datetime import datetime

    from apps.exchanges.ports import MarketDataPort
    from apps.jobs.models import Job
    from apps.market.filling.asking import Asker
    from apps.market.filling.request import BackfillRequest
    from apps.users.models import User

BACKFILL_JOB = "candles.backfill"
# For so long after its close exchanges may still be writing a bar.
SETTLE_NS = 2_000_000_000
# Where the exchange does not tell its time, clocks may differ by so much.
UNSURE_NS = 60_000_000_000


def candles_backfill_request(
    *,
    actor: User,
    request: BackfillRequest,
    now: datetime,
    every_seconds: int | None = None,
) -> Job:
    """Enqueue a backfill, and put it on a schedule if asked to.

    Args:
        actor: Whose series they become.
        request: Which candles.
        now: The moment of the request, UTC.
        every_seconds: How often to fetch what is new from then on; None: never.

    Raises:
        ExchangeUnknown: There is no such exchange, or it is not allowed.
        VenueInvalid, SymbolInvalid, RangeInvalid: The request cannot be carried out.
        SchedulePeriodInvalid, TooManySchedules: It cannot be put on a schedule.

    Returns:
        The queued job; its result tells of each market.
    """
    request.check(now=now)
    exchange_config(request.exchange)
    with transaction.atomic():
        payload = request.as_json()
        schedule = None
        if every_seconds is not None:
            schedule = update_schedule(
                actor=actor,
                kind=BACKFILL_JOB,
                request=request,
                every_seconds=every_seconds,
                now=now,
            )
            payload["schedule_id"] = str(schedule.pk)
        job = job_enqueue(owner=actor, kind=BACKFILL_JOB, payload=payload, now=now)
        if schedule is not None:
            # What is due while it runs waits for it.
            schedule_begun(schedule_id=schedule.pk, job_id=job.pk)
        return job


def candles_backfill(
    *,
    actor: User,
    request: BackfillRequest,
    now: datetime,
    work: BackfillWork | None = None,
) -> dict[str, Any]:
    """Fetch candles into the actor's series; what is stored already is not asked for.

    Each chunk is stored as a whole, so that a run that is cut off goes on from there.

    Args:
        actor: Whose series they become.
        request: Which candles.
        now: The moment, UTC; the exchange's clock is reckoned from it.
        work: Progress, fence, log and patience; by default none of them.

    Raises:
        ExchangeUnknown: There is no such exchange, or it is not allowed.
        RangeInvalid, SymbolInvalid: The request cannot be carried out.
        ExchangeUnavailable: The exchange does not answer at all.
        BackfillFailed: Not one market could be fetched; has the first one's code.
        StorageFull, StorageUnavailable: There is no room, or no bucket.
        JobLost: This run was given up on.

    Returns:
        `markets` with the outcome of each, and the counts of all.
    """
    # Only a process that fetches needs numpy and ccxt.
    from apps.market.filling.asking import Asker, Patience  # noqa: PLC0415

    work = work or BackfillWork()
    request.check(now=now)
    port = market_data(venue_parse(request.exchange))
    asker = Asker(port, work.patience or Patience())
    end_ns = _over_ns(asker, now)
    plans = plans_make(
        actor=actor,
        request=request,
        markets=asker.call(port.markets),
        capabilities=port.capabilities(),
        end_ns=end_ns,
    )
    setting = Setting(actor, request.exchange, request.replace, now, work)
    again = None
    if request.recheck_gaps or request.replace:
        until = end_ns if request.end is None else ns_from_datetime(request.end)
        again = ns_from_datetime(request.start), until
    return BackfillRun(setting, work, asker, plans, again).result()


def skew_ns(asker: Asker) -> int:
    """Return by how much the exchange's clock is ahead of ours.

    Raises:
        ExchangeUnavailable: The exchange does not answer.
    """
    status = asker.call(partial(_reached, asker.port))
    return int((status or 0.0) * 1_000_000_000)


def _over_ns(asker: Asker, now: datetime) -> int:
    """Return up to when bars are over for certain, nanoseconds by the exchange's clock.

    Raises:
        ExchangeUnavailable: The exchange does not answer.
    """
    skew = asker.call(partial(_reached, asker.port))
    if skew is None:
        return ns_from_datetime(now) - UNSURE_NS
    return ns_from_datetime(now) + int(skew * 1_000_000_000) - SETTLE_NS


def _reached(port: MarketDataPort) -> float | None:
    status = port.status()
    if not status.reachable:
        msg = f"{port.exchange} does not answer: {status.message}"
        raise ExchangeUnavailable(msg, attr="exchange")
    return status.clock_skew_seconds
