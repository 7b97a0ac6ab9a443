from __future__ import annotations

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    """Durable background jobs."""

    name = "apps.jobs"

    def ready(self) -> None:
        """Let every app register its handlers."""
        autodiscover_modules("tasks")
