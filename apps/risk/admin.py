from __future__ import annotations

from django.contrib import admin

from apps.core.admin import ReadOnlyAdmin
from apps.risk.models import RiskEvent, RiskLimits, RiskLock, RiskScope, RiskVerdict


@admin.register(RiskScope)
class RiskScopeAdmin(ReadOnlyAdmin):
    """States."""

    list_display = ("scope", "state", "halted_at", "cleared_at", "reason")
    list_filter = ("state",)


@admin.register(RiskLimits)
class RiskLimitsAdmin(ReadOnlyAdmin):
    """Limits."""

    list_display = ("owner", "account", "version", "updated_at")
    list_select_related = ("owner", "account")


@admin.register(RiskVerdict)
class RiskVerdictAdmin(ReadOnlyAdmin):
    """Verdicts."""

    list_display = ("account", "order_id", "allowed", "at")
    list_filter = ("allowed",)
    list_select_related = ("account",)


@admin.register(RiskLock)
class RiskLockAdmin(ReadOnlyAdmin):
    """Locks."""

    list_display = ("account", "symbol", "kind", "until", "released_at")
    list_filter = ("kind",)
    list_select_related = ("account",)


@admin.register(RiskEvent)
class RiskEventAdmin(ReadOnlyAdmin):
    """Events."""

    list_display = ("owner", "account", "name", "detail", "created_at")
    list_filter = ("name",)
    list_select_related = ("owner", "account")
