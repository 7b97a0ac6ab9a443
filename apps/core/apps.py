from __future__ import annotations

from django.apps import AppConfig

from apps.core.backup.registry import restore_step
from apps.core.preflight.registry import preflight_check


class CoreConfig(AppConfig):
    """Errors, health, pagination, idempotency: what every room stands on."""

    name = "apps.core"

    def ready(self) -> None:
        """Say what must be well before going live."""
        checks = "apps.core.preflight"
        preflight_check("settings", f"{checks}.service.settings_check")
        preflight_check("credentials key", f"{checks}.service.credentials_check")
        preflight_check("database", f"{checks}.database.database_check")
        preflight_check("migrations", f"{checks}.database.migrations_check")
        preflight_check("clock", f"{checks}.database.clock_check")
        preflight_check("redis", f"{checks}.cache.redis_check")
        preflight_check("disk", f"{checks}.disk.disk_check")
        preflight_check("bucket", f"{checks}.disk.bucket_check")
        preflight_check("backups", "apps.core.backup.preflight.backups_check")
        restore_step("outbox", "apps.core.outbox.restored.outbox_leap")
