"""What an API key may do, and where it stands."""

from __future__ import annotations

from django.db import models


class ApiKeyScope(models.TextChoices):
    """What a key may do."""

    READ = "read", "every read"
    TRADE = "trade", "every read, and every write that does not need admin"
    ADMIN = "admin", "every read, and managing keys, token and password"


class ApiKeyState(models.TextChoices):
    """Whether a key opens anything."""

    ACTIVE = "active", "it works, until it expires"
    EXPIRED = "expired", "its time is over, or the overlap after its rotation"
    REVOKED = "revoked", "somebody made it worthless"
