from __future__ import annotations

from django.apps import AppConfig


class StreamConfig(AppConfig):
    """What happens, told to whoever listens: WebSocket and server-sent events."""

    name = "apps.stream"
