"""Reads of stored trades."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.core.files import file_local
from apps.market.errors.backfill import TradeDayNotFound
from apps.market.models import CandleGap, TradeDay
from apps.market.selectors.series import series_get

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from django.db.models import QuerySet

    from apps.users.models import User


def trade_day_list(*, actor: User) -> QuerySet[TradeDay]:
    """Return the actor's days of trades with their instruments, newest first."""
    return (
        TradeDay.objects.filter(owner=actor)
        .select_related("instrument")
        .order_by("-day", "-id")
    )


def trade_day_get(*, actor: User, day_id: UUID) -> TradeDay:
    """Return one of the actor's days of trades, with its instrument.

    Raises:
        TradeDayNotFound: There is none with this id for this actor.
    """
    day = trade_day_list(actor=actor).filter(pk=day_id).first()
    if day is None:
        msg = f"There is no day of trades {day_id}; see GET /api/v1/trade-days/."
        raise TradeDayNotFound(msg)
    return day


def trade_days_incomplete(*, actor: User, instrument_id: UUID) -> list[TradeDay]:
    """Return an instrument's days of which trades are missing, in order.

    No bars are made of them.
    """
    return list(
        TradeDay.objects.filter(
            owner=actor, instrument_id=instrument_id, complete=False
        ).order_by("day")
    )


def candle_gap_list(*, actor: User, series_id: UUID) -> QuerySet[CandleGap]:
    """Return the confirmed gaps of one of the actor's series, in order of time.

    Raises:
        SeriesNotFound: There is no such series for this actor.
    """
    series = series_get(actor=actor, series_id=series_id)
    return CandleGap.objects.filter(series=series).order_by("first", "id")


def trade_day_local(day: TradeDay) -> Path:
    """Return where a day's file can be read on this machine; there may be none.

    Raises:
        StorageFull, StorageUnavailable, StoredFileDamaged: It could not be fetched from
            the bucket.
    """
    return file_local(day.path, sha256=day.sha256)
