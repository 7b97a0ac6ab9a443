"""People, and their keys."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models

from apps.core.models import BaseModel
from apps.users.enums import ApiKeyState

if TYPE_CHECKING:
    from datetime import datetime


class User(AbstractUser):
    """A person who owns data, strategies and accounts."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)


class ApiKey(BaseModel):
    """A program's key: what it may do, until when, and from where.

    A rotated key has a successor, `replaced_by`, and expires when the overlap ends.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys"
    )
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=20, unique=True, editable=False)
    secret_hash = models.CharField(max_length=64, editable=False)
    scopes = models.JSONField()
    allowed_addresses = models.JSONField(default=list, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_used_address = models.GenericIPAddressField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    replaced_by = models.OneToOneField(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="replaces",
    )

    class Meta:
        ordering = ("-created_at", "-id")
        indexes: ClassVar = [
            models.Index(fields=("owner", "-created_at"), name="api_key_owner_created"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.prefix}"

    def state(self, *, now: datetime) -> ApiKeyState:
        """Return where the key stands; at the very moment of `expires_at` it is over."""
        if self.revoked_at is not None:
            return ApiKeyState.REVOKED
        if self.expires_at is not None and self.expires_at <= now:
            return ApiKeyState.EXPIRED
        return ApiKeyState.ACTIVE
