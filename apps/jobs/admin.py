from __future__ import annotations

from django.contrib import admin

from apps.jobs.models import Job


@admin.register(Job)
class JobAdmin(admin.ModelAdmin[Job]):
    """Jobs, to be looked at; they change only through their services."""

    list_display = ("id", "kind", "state", "attempt", "owner", "created_at")
    list_filter = ("state", "kind")

    def has_add_permission(self, request: object) -> bool:
        """Nobody makes a job by hand."""
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        """Nobody changes a job by hand."""
        return False
