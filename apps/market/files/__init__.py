"""Candle files of all layouts, opened one way."""

from __future__ import annotations

from apps.market.files.contracts import CandleFile, FileLimits
from apps.market.files.opening import candle_file_open

__all__ = ("CandleFile", "FileLimits", "candle_file_open")
