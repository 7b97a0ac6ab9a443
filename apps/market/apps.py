from __future__ import annotations

from django.apps import AppConfig

from apps.core.backup.registry import backup_files
from apps.core.metrics.registry import metrics_collector
from apps.jobs.schedules import schedulable
from apps.market.topics import topics_register


class MarketConfig(AppConfig):
    """Instruments and candle series: import, check, store, read."""

    name = "apps.market"

    def ready(self) -> None:
        """Say which files belong to a backup, and what may be put on a schedule."""
        backup_files("market", "apps.market.selectors.named.files_named")
        metrics_collector("live", "apps.market.gauges.live_collect")
        schedulable(
            "markets.refresh", "apps.market.services.venues.markets_refresh_payload"
        )
        schedulable(
            "instruments.refresh",
            "apps.market.services.venue_rules.instruments_refresh_payload",
        )
        schedulable(
            "candles.quality", "apps.market.services.quality.series_quality_payload"
        )
        topics_register()
        schedulable(
            "candles.backfill", "apps.market.serializers.backfill.backfill_payload"
        )
        schedulable(
            "trades.backfill", "apps.market.serializers.backfill.trades_payload"
        )
