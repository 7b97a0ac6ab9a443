"""Every read of instruments, candle series, their candles, and captured books."""

from __future__ import annotations

from apps.market.selectors.candles import (
    CandlesPage,
    bars_get,
    candles_page,
    candles_rows,
)
from apps.market.selectors.captures import (
    CAPTURE_ENGINE,
    capture_for,
    capture_get,
    capture_list,
    capture_path,
    capture_verified,
)
from apps.market.selectors.data import Finding, data_check
from apps.market.selectors.quality import (
    age_bars,
    quality_gate,
    quality_history,
    quality_latest,
    quality_lines,
    range_check,
    range_report,
)
from apps.market.selectors.series import (
    PARQUET,
    instrument_get,
    instrument_list,
    series_file_name,
    series_get,
    series_link,
    series_list,
    series_open,
)

__all__ = (
    "CAPTURE_ENGINE",
    "PARQUET",
    "CandlesPage",
    "Finding",
    "age_bars",
    "bars_get",
    "candles_page",
    "candles_rows",
    "capture_for",
    "capture_get",
    "capture_list",
    "capture_path",
    "capture_verified",
    "data_check",
    "instrument_get",
    "instrument_list",
    "quality_gate",
    "quality_history",
    "quality_latest",
    "quality_lines",
    "range_check",
    "range_report",
    "series_file_name",
    "series_get",
    "series_link",
    "series_list",
    "series_open",
)
