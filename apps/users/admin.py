from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.utils import timezone

from apps.users.models import ApiKey, User
from apps.users.services import api_key_revoke

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

admin.site.register(User, UserAdmin)


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin[ApiKey]):
    """API keys, to be looked at and revoked; what is not editable is not shown."""

    list_display = (
        *("prefix", "name", "owner", "scopes", "created_at", "expires_at"),
        *("last_used_at", "revoked_at"),
    )
    list_select_related = ("owner",)
    search_fields = ("prefix", "name", "owner__username")
    # Shown all the same; the hash is not.
    readonly_fields = ("prefix",)
    actions = ("revoke",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody makes a key here: it could not be shown."""
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: ApiKey | None = None
    ) -> bool:
        """Nobody changes a key by hand."""
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Who may change keys may revoke them."""
        return request.user.has_perm("users.change_apikey")

    @admin.action(description="Revoke the chosen keys", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        """Make the chosen keys worthless."""
        for key in queryset.select_related("owner"):
            api_key_revoke(
                actor=key.owner, by=None, api_key_id=key.pk, now=timezone.now()
            )
        self.message_user(request, "Revoked; they open nothing any more.")
