"""Reads of instruments and candle series."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, BinaryIO

from apps.core.files import file_link, file_local
from apps.market.errors import InstrumentNotFound, SeriesFileMissing, SeriesNotFound
from apps.market.models import CandleSeries, Instrument

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from django.db.models import QuerySet

    from apps.users.models import User

PARQUET = "application/vnd.apache.parquet"


def instrument_list(*, actor: User) -> QuerySet[Instrument]:
    """Return the actor's instruments, newest first."""
    return Instrument.objects.filter(owner=actor).order_by("-created_at", "-id")


def instrument_get(*, actor: User, instrument_id: UUID) -> Instrument:
    """Return one of the actor's instruments.

    Raises:
        InstrumentNotFound: There is none with this id for this actor.
    """
    instrument = instrument_list(actor=actor).filter(pk=instrument_id).first()
    if instrument is None:
        msg = f"There is no instrument {instrument_id}; see GET /api/v1/instruments/."
        raise InstrumentNotFound(msg)
    return instrument


def series_list(*, actor: User) -> QuerySet[CandleSeries]:
    """Return the actor's candle series with their instruments, newest first."""
    return (
        CandleSeries.objects.filter(owner=actor)
        .select_related("instrument")
        .order_by("-created_at", "-id")
    )


def series_get(*, actor: User, series_id: UUID) -> CandleSeries:
    """Return one of the actor's candle series, with its instrument.

    Raises:
        SeriesNotFound: There is none with this id for this actor.
    """
    series = series_list(actor=actor).filter(pk=series_id).first()
    if series is None:
        msg = f"There is no candle series {series_id}; see GET /api/v1/candle-series/."
        raise SeriesNotFound(msg)
    return series


def series_local(series: CandleSeries) -> Path:
    """Return where a series' file can be read on this machine; there may be none.

    Raises:
        StorageFull, StorageUnavailable, StoredFileDamaged: It could not be fetched from
            the bucket.
    """
    return file_local(series.path, sha256=series.sha256)


def series_file_name(series: CandleSeries) -> str:
    """Return what a series' file is called by whoever downloads it."""
    market = PurePosixPath(series.path).parts[1:-1]
    return f"{'-'.join(market)}.parquet"


def series_link(series: CandleSeries) -> str | None:
    """Return an address to download a series' file from for S3_LINK_SECONDS.

    Raises:
        SeriesFileMissing: The bucket does not have it.
        StorageUnavailable: The bucket does not answer, or refuses.

    Returns:
        The address; None where there is no bucket.
    """
    try:
        return file_link(
            series.path, filename=series_file_name(series), content_type=PARQUET
        )
    except FileNotFoundError as error:
        raise _missing(series) from error


def series_open(series: CandleSeries) -> BinaryIO:
    """Return a series' file, open; the caller closes it.

    Raises:
        SeriesFileMissing: It is not there.
    """
    try:
        return series_local(series).open("rb")
    except FileNotFoundError as error:
        raise _missing(series) from error


def _missing(series: CandleSeries) -> SeriesFileMissing:
    msg = f"The file of candle series {series.pk} is gone; import its candles again."
    return SeriesFileMissing(msg)
