"""Reads of instruments and candle series."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.market.errors import InstrumentNotFound, SeriesNotFound
from apps.market.models import CandleSeries, Instrument

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

    from apps.users.models import User


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
