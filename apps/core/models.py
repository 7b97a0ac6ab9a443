"""What models of every room have in common, and the memory of idempotent writes."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models

from apps.core.outbox.models import OutboxEvent, OutboxHead

__all__ = ("BaseModel", "IdempotencyRecord", "OutboxEvent", "OutboxHead")


class BaseModel(models.Model):
    """A row with an id that tells nothing, and when it was made and changed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class IdempotencyRecord(models.Model):
    """The first answer to a write, kept so that a repeat gets it again."""

    id = models.BigAutoField(primary_key=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    key = models.CharField(max_length=255)
    operation = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    location = models.CharField(max_length=400, blank=True)
    body = models.BinaryField(null=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("owner", "operation", "key"), name="idempotency_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.key}"
