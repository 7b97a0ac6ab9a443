from __future__ import annotations

from typing import Any

from django.contrib import admin


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """To be looked at; what it shows changes through the services alone."""

    def has_add_permission(self, request: object) -> bool:
        """Nobody adds by hand."""
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        """Nobody changes by hand."""
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        """Nobody deletes by hand."""
        return False
