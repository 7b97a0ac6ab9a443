"""Every write of instruments, candle series and captured books."""

from __future__ import annotations

from apps.market.services.capture_storing import CaptureSource, capture_import
from apps.market.services.captures import (
    capture_delete,
    capture_import_request,
    engine_check,
)
from apps.market.services.imports import candles_import, candles_import_request
from apps.market.services.quality import series_quality_check, series_quality_request
from apps.market.services.series import instrument_update, series_delete
from apps.market.services.simulation import simulated_import, simulated_import_request

__all__ = (
    "CaptureSource",
    "candles_import",
    "candles_import_request",
    "capture_delete",
    "capture_import",
    "capture_import_request",
    "engine_check",
    "instrument_update",
    "series_delete",
    "series_quality_check",
    "series_quality_request",
    "simulated_import",
    "simulated_import_request",
)
