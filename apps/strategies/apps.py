from __future__ import annotations

from django.apps import AppConfig


class StrategiesConfig(AppConfig):
    """Strategies as data, with versions."""

    name = "apps.strategies"
