"""What the market room remembers, by what it is about."""

from __future__ import annotations

from apps.market.models.backfill import CandleGap, TradeDay
from apps.market.models.candles import CandleSeries, Instrument
from apps.market.models.captures import BookCapture
from apps.market.models.live import FeedLease, LiveDemand, Recording
from apps.market.models.quality import SeriesQuality
from apps.market.models.venues import VenueList, VenueMarket, Watchlist, WatchlistItem

__all__ = (
    "BookCapture",
    "CandleGap",
    "CandleSeries",
    "FeedLease",
    "Instrument",
    "LiveDemand",
    "Recording",
    "SeriesQuality",
    "TradeDay",
    "VenueList",
    "VenueMarket",
    "Watchlist",
    "WatchlistItem",
)
