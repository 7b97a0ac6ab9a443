from __future__ import annotations

from django.contrib import admin

from apps.strategies.models import Strategy


@admin.register(Strategy)
class StrategyAdmin(admin.ModelAdmin[Strategy]):
    """Strategies, to be found; they change through the API."""

    list_display = ("name", "owner", "created_at")
    search_fields = ("name",)
    readonly_fields = ("latest",)
