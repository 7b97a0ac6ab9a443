"""What happened, in order, for each user."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class OutboxHead(models.Model):
    """How far a user's events have come.

    Whoever records an event raises `last` and so holds this row until the end of the
    transaction: the next one waits, gets the next number, and commits later.
    """

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="+",
    )
    last = models.BigIntegerField(default=0)
    # Events up to this one have been deleted.
    pruned = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.owner_id} {self.last}"


class OutboxEvent(models.Model):
    """One thing that happened, as its reader is told."""

    id = models.BigAutoField(primary_key=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        # The constraint below has an index that begins with it.
        db_index=False,
    )
    sequence = models.BigIntegerField()
    topic = models.CharField(max_length=64)
    name = models.CharField(max_length=64)
    # JSON as text, to be sent as it was written.
    body = models.TextField()
    at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("owner", "sequence"), name="outbox_sequence_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.owner_id} {self.sequence} {self.topic} {self.name}"
