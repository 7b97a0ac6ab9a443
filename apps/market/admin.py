from __future__ import annotations

from typing import Any

from django.contrib import admin

from apps.market.models import BookCapture, CandleSeries, Instrument, SeriesQuality


class _ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """To be looked at; rows and files change together, through the services."""

    def has_add_permission(self, request: object) -> bool:
        """Nobody adds by hand."""
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        """Nobody changes by hand."""
        return False


@admin.register(Instrument)
class InstrumentAdmin(_ReadOnlyAdmin):
    """Instruments."""

    list_display = ("venue", "symbol", "price_tick", "rules_source", "owner")
    list_filter = ("venue", "rules_source")


@admin.register(CandleSeries)
class CandleSeriesAdmin(_ReadOnlyAdmin):
    """Candle series."""

    list_display = ("instrument", "timeframe", "first", "last", "rows", "owner")
    list_filter = ("timeframe", "synthetic")
    list_select_related = ("instrument", "owner")


@admin.register(BookCapture)
class BookCaptureAdmin(_ReadOnlyAdmin):
    """Captured order books."""

    list_display = ("instrument", "label", "layout", "first", "last", "rows", "owner")
    list_filter = ("layout",)
    list_select_related = ("instrument", "owner")


@admin.register(SeriesQuality)
class SeriesQualityAdmin(_ReadOnlyAdmin):
    """How good series were."""

    list_display = ("series", "at", "verdict", "coverage", "trigger", "revision")
    list_filter = ("verdict", "trigger")
