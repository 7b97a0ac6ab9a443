from __future__ import annotations

from django.contrib import admin

from apps.core.admin import ReadOnlyAdmin
from apps.portfolio.models import Account, AccountPreflight, Credential


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    """Accounts."""

    list_display = ("name", "owner", "mode", "exchange", "currency", "closed_at")
    list_filter = ("mode", "exchange")
    list_select_related = ("owner",)


@admin.register(Credential)
class CredentialAdmin(ReadOnlyAdmin):
    """What may be known of keys; what is sealed is not shown."""

    list_display = ("account", "key_hint", "tested_at", "can_trade", "can_withdraw")
    list_select_related = ("account",)
    exclude = ("sealed",)


@admin.register(AccountPreflight)
class AccountPreflightAdmin(ReadOnlyAdmin):
    """Preflights."""

    list_display = ("account", "passed", "created_at", "void_at")
    list_filter = ("passed",)
    list_select_related = ("account",)
