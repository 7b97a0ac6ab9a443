from __future__ import annotations

from pathlib import Path

from django.apps import AppConfig
from django.conf import settings

from apps.core.backup.registry import backup_files
from apps.core.metrics.registry import metrics_collector
from apps.core.preflight.registry import preflight_check
from apps.engines.runner.pool import EnginePool
from apps.jobs.registry import worker_preload, worker_resource


class AnalysisConfig(AppConfig):
    """Backtests, and what they are worth."""

    name = "apps.analysis"

    def ready(self) -> None:
        """Tell workers how to keep warm engines, and what a backtest needs at once."""
        worker_resource("engine", _engine_pool)
        # Half a second of imports (TA-Lib brings pandas) that each job would repeat.
        worker_preload("apps.analysis.services.run", "talib")
        backup_files("analysis", "apps.analysis.selectors.named.files_named")
        preflight_check("engines", "apps.analysis.preflight.engines_check", seconds=15)
        metrics_collector("engines", "apps.analysis.gauges.engines_collect")


def _engine_pool() -> EnginePool:
    return EnginePool(
        idle_seconds=settings.ENGINE_IDLE_SECONDS,
        environment=settings.ENGINE_PROCESS_ENVIRONMENT,
        root=Path(settings.BASE_DIR),
    )
