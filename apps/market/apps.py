from __future__ import annotations

from django.apps import AppConfig

from apps.core.backup.registry import backup_files


class MarketConfig(AppConfig):
    """Instruments and candle series: import, check, store, read."""

    name = "apps.market"

    def ready(self) -> None:
        """Say which files belong to a backup."""
        backup_files("market", "apps.market.selectors.named.files_named")
