from __future__ import annotations

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Errors, health, pagination, idempotency: what every room stands on."""

    name = "apps.core"
