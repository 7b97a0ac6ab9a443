from __future__ import annotations

from django.urls import path

from apps.market.views import candles, captures, downloads

urlpatterns = [
    path(
        "candle-series/",
        candles.CandleSeriesListView.as_view(),
        name="candle_series_list",
    ),
    path(
        "candle-series/import/",
        candles.CandleSeriesImportView.as_view(),
        name="candle_series_import",
    ),
    path(
        "candle-series/simulate/",
        candles.CandleSeriesSimulateView.as_view(),
        name="candle_series_simulate",
    ),
    path(
        "candle-series/<uuid:series_id>/",
        candles.CandleSeriesDetailView.as_view(),
        name="candle_series_detail",
    ),
    path(
        "candle-series/<uuid:series_id>/quality/",
        candles.CandleSeriesQualityView.as_view(),
        name="candle_series_quality",
    ),
    path(
        "candle-series/<uuid:series_id>/candles/",
        candles.CandleSeriesCandlesView.as_view(),
        name="candle_series_candles",
    ),
    path(
        "candle-series/<uuid:series_id>/download/",
        downloads.CandleSeriesDownloadView.as_view(),
        name="candle_series_download",
    ),
    path("instruments/", candles.InstrumentListView.as_view(), name="instrument_list"),
    path(
        "instruments/<uuid:instrument_id>/",
        candles.InstrumentDetailView.as_view(),
        name="instrument_detail",
    ),
    path("captures/", captures.CaptureListView.as_view(), name="capture_list"),
    path(
        "captures/import/",
        captures.CaptureImportView.as_view(),
        name="capture_import",
    ),
    path(
        "captures/<uuid:capture_id>/",
        captures.CaptureDetailView.as_view(),
        name="capture_detail",
    ),
]
