"""The trading room's closed sets of words."""

from __future__ import annotations

from django.db import models


class OrderState(models.TextChoices):
    """Where an order is; `apps.trading.transitions` says what may follow what."""

    INTENT = "intent"
    SENT = "sent"
    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


class OrderOrigin(models.TextChoices):
    """Who made an order."""

    API = "api"
    BOT = "bot"
    EXTERNAL = "external"


class ReconciliationTrigger(models.TextChoices):
    """Why an account was compared with its venue."""

    START = "start"
    SCHEDULE = "schedule"
    DEMAND = "demand"
    UNKNOWN = "unknown"


class ReconciliationState(models.TextChoices):
    """Where a comparison is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
