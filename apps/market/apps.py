from __future__ import annotations

from django.apps import AppConfig


class MarketConfig(AppConfig):
    """Instruments and candle series: import, check, store, read."""

    name = "apps.market"
