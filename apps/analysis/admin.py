from __future__ import annotations

from django.contrib import admin

from apps.analysis.models import Backtest, MarketMakingRun


@admin.register(Backtest)
class BacktestAdmin(admin.ModelAdmin[Backtest]):
    """Backtests, to be found; they are made through the API."""

    list_display = ("id", "owner", "engines", "created_at")
    readonly_fields = ("strategy_version", "series", "job", "chart_job")


@admin.register(MarketMakingRun)
class MarketMakingRunAdmin(admin.ModelAdmin[MarketMakingRun]):
    """Market-making runs, to be found; they are made through the API."""

    list_display = ("id", "owner", "capture", "queue_model", "created_at")
    readonly_fields = ("capture", "job")
