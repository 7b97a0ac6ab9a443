"""Look at how good the candles of a series are, and remember it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction

from apps.jobs.services import job_enqueue
from apps.market.enums import QualityTrigger, Timeframe
from apps.market.errors import QualityPayloadInvalid, SeriesFileMissing
from apps.market.models import SeriesQuality
from apps.market.moments import ns_from_datetime
from apps.market.quality.gate import verdict_of
from apps.market.selectors.quality import quality_gate
from apps.market.selectors.series import series_get, series_local

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from apps.jobs.models import Job
    from apps.market.models import CandleSeries
    from apps.market.services.work import Fence, Progress
    from apps.users.models import User

QUALITY_JOB = "candles.quality"
# The newest reports of a series that are kept.
HISTORY_KEPT = 100


def series_quality_request(*, actor: User, series_id: UUID, now: datetime) -> Job:
    """Enqueue a look at one of the actor's series.

    Raises:
        SeriesNotFound: No such series for this actor.

    Returns:
        The queued job; its result has the verdict.
    """
    series = series_get(actor=actor, series_id=series_id)
    return job_enqueue(
        owner=actor, kind=QUALITY_JOB, payload={"series": str(series.pk)}, now=now
    )


def series_quality_payload(actor: User, payload: dict[str, Any]) -> dict[str, Any]:
    """Return what a scheduled look at a series is told.

    Args:
        actor: Whose series it is.
        payload: `series`, its id, and nothing else.

    Raises:
        QualityPayloadInvalid: It has other fields, or no id.
        SeriesNotFound: No such series for this actor.
    """
    try:
        series_id = UUID(str(payload["series"]))
    except (KeyError, ValueError) as error:
        msg = "A look at a series is told `series`, the id of a candle series."
        raise QualityPayloadInvalid(msg, attr="series") from error
    unknown = sorted(payload.keys() - {"series", "trigger"})
    if unknown:
        msg = f"A look at a series takes series, not {unknown[0]!r}."
        raise QualityPayloadInvalid(msg, attr=unknown[0])
    series = series_get(actor=actor, series_id=series_id)
    return {"series": str(series.pk), "trigger": QualityTrigger.SCHEDULE.value}


def series_quality_check(
    *,
    actor: User,
    series_id: UUID,
    now: datetime,
    progress: Progress,
    fence: Fence,
    trigger: QualityTrigger = QualityTrigger.CHECK,
) -> SeriesQuality:
    """Measure a series as it is stored, and keep the report.

    Args:
        actor: Whose series it is.
        series_id: Which one.
        now: The moment, UTC.
        progress: Told what is done.
        fence: Opens the transaction of the write.
        trigger: What had it looked at.

    Raises:
        SeriesNotFound: No such series for this actor, or it was deleted meanwhile.
        SeriesFileMissing, SeriesFileDamaged: Its file is gone, or cannot be read.
    """
    progress(0.1, "reading candles")
    series = series_get(actor=actor, series_id=series_id)
    try:
        report = quality_measure(series_local(series), series.timeframe, now)
    except SeriesFileMissing:
        # An import may just have put another file in the place of this one.
        before = series.path
        series = series_get(actor=actor, series_id=series_id)
        if series.path == before:
            raise
        report = quality_measure(series_local(series), series.timeframe, now)
    progress(0.9, "keeping the report")
    with fence():
        series_get(actor=actor, series_id=series_id)
        return series_quality_record(
            series=series, report=report, trigger=trigger, now=now
        )


def quality_measure(path: Path, timeframe: str, now: datetime) -> dict[str, Any]:
    """Return the report of a series' file, read in blocks.

    Raises:
        SeriesFileMissing, SeriesFileDamaged: It is gone, or cannot be read.
    """
    # Only a process that measures needs pyarrow and numpy.
    from apps.market.quality.stored import Asked, stored_measure  # noqa: PLC0415
    from apps.market.store.reading import candles_batches  # noqa: PLC0415

    asked = Asked(now_ns=ns_from_datetime(now))
    return stored_measure(candles_batches(path), Timeframe(timeframe), asked)


@transaction.atomic
def series_quality_record(
    *,
    series: CandleSeries,
    report: dict[str, Any],
    trigger: QualityTrigger,
    now: datetime,
) -> SeriesQuality:
    """Keep a report of the whole series, and the 99 before it.

    Args:
        series: The series, at the revision that was measured.
        report: What was found.
        trigger: What had it looked at.
        now: The moment, UTC.
    """
    verdict = verdict_of(report, quality_gate())
    quality = SeriesQuality(
        series=series,
        at=now,
        revision=series.revision,
        trigger=trigger,
        verdict=verdict,
        coverage=Decimal(report["coverage"]),
        report=report,
    )
    quality.full_clean()
    quality.save()
    history = SeriesQuality.objects.filter(series=series)
    kept = history.order_by("-created_at", "-id").values("pk")[:HISTORY_KEPT]
    history.exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()
    return quality
