"""Import a candle file: ask for it, and do it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from apps.core.files.scratch import scratch_folder
from apps.jobs.services import job_enqueue
from apps.market.enums import RulesSource
from apps.market.models import Instrument
from apps.market.moments import ns_from_datetime
from apps.market.requests import symbol_parse, venue_parse
from apps.market.selectors.data import IMPORT_JOB
from apps.market.services.storing import Source, series_store
from apps.market.services.uploads import label_of, upload_keep, upload_remove
from apps.market.services.work import ImportWork

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal
    from pathlib import Path

    from django.core.files.uploadedfile import UploadedFile

    from apps.jobs.models import Job
    from apps.market.models import CandleSeries
    from apps.market.requests import ImportRequest
    from apps.users.models import User


def candles_import_request(
    *, actor: User, upload: UploadedFile[Any], request: ImportRequest, now: datetime
) -> Job:
    """Keep an uploaded candle file and enqueue its import.

    Args:
        actor: Whose series it becomes.
        upload: The file; its name is kept as a label and is never a path.
        request: What to make of it.
        now: The moment of the request, UTC.

    Raises:
        VenueInvalid, SymbolInvalid, RulesInvalid: The request cannot be carried out.
        UploadTooLarge: The file is larger than UPLOAD_MAX_BYTES.
        StorageFull, StorageUnavailable: There is no room for it, or no bucket.

    Returns:
        The queued job; its result names the series.
    """
    request.check()
    upload_id = upload_keep(upload)
    payload = {
        "upload": str(upload_id),
        "label": label_of(upload.name),
        "request": request.as_json(),
    }
    try:
        # A savepoint: its rollback is seen here even within a larger transaction.
        with transaction.atomic():
            return job_enqueue(owner=actor, kind=IMPORT_JOB, payload=payload, now=now)
    except BaseException:
        upload_remove(upload_id)
        raise


def candles_import(
    *,
    actor: User,
    path: Path,
    label: str,
    request: ImportRequest,
    now: datetime,
    work: ImportWork | None = None,
) -> CandleSeries:
    """Import a candle file into the actor's series, as a whole or not at all.

    Where the series exists, rows outside of it are added; rows inside must be the same,
    or `request.replace` must be set.

    Args:
        actor: Whose series it becomes.
        path: The file, in any of the formats of `CandleFormat`, plain, .gz or .zip.
        label: Its name, for people.
        request: What to make of it.
        now: The moment of the import, UTC: a bar that closes later is not over.
        work: Its progress, fence and job; by default none of them.

    Raises:
        CandleFileInvalid: The file cannot be read; the error says where and why.
        TooLarge: It holds more than allowed.
        QualityRefused: The candles are worse than the limits allow.
        CandlesConflict: Stored bars have other numbers.
        SeriesChanged: Other imports of the same series kept winning.
        StorageFull, StorageUnavailable: There is no room, or no bucket. Nothing was
            changed.

    Returns:
        The series, with the quality report of this import.
    """
    # Only a process that imports needs pyarrow and numpy.
    from apps.market.files import FileLimits, candle_file_open  # noqa: PLC0415
    from apps.market.intake import IntakeOptions, candles_intake  # noqa: PLC0415

    request.check()
    work = work or ImportWork()
    limits = FileLimits(settings.IMPORT_MAX_ROWS, settings.IMPORT_MAX_UNPACKED_BYTES)
    options = IntakeOptions(
        timeframe=request.timeframe,
        price_tick=_price_tick(actor, request),
        max_rows=limits.max_rows,
        quality_limits=settings.QUALITY_LIMITS,
        now_ns=ns_from_datetime(now),
    )
    with scratch_folder() as scratch:
        with candle_file_open(
            path,
            stated=request.format,
            time_unit=request.time_unit,
            limits=limits,
            scratch=scratch,
        ) as file:
            intake = candles_intake(
                file, options, scratch=scratch, progress=work.progress
            )
            source = Source(
                name=label_of(label), format=file.format, time_unit=file.time_unit
            )
        return series_store(
            actor=actor,
            request=request,
            intake=intake,
            source=source,
            scratch=scratch,
            work=work,
            now=now,
        )


def _price_tick(actor: User, request: ImportRequest) -> Decimal | None:
    """Return the tick that is stated now, or was stated for the instrument before."""
    if request.rules.price_tick is not None:
        return request.rules.price_tick
    known = Instrument.objects.filter(
        owner=actor,
        venue=venue_parse(request.venue),
        symbol=symbol_parse(request.symbol)[0],
        rules_source=RulesSource.GIVEN,
    ).first()
    return None if known is None else known.price_tick
