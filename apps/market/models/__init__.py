"""What the market room remembers, by what it is about."""

from __future__ import annotations

from apps.market.models.candles import CandleSeries, Instrument
from apps.market.models.captures import BookCapture

__all__ = ("BookCapture", "CandleSeries", "Instrument")
