"""What is to be held fresh, by whom, and what is recorded of it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from apps.core.models import BaseModel
from apps.market.enums import LiveKind, RecordingState
from apps.market.models.captures import BookCapture


class LiveDemand(models.Model):
    """Somebody wants a channel held fresh until a moment, and says so again before it.

    The status of an exchange has no symbol.
    """

    id = models.BigAutoField(primary_key=True)
    exchange = models.CharField(max_length=32)
    kind = models.CharField(
        max_length=8, choices=[(one.value, one.value) for one in LiveKind]
    )
    symbol = models.CharField(max_length=128, blank=True)
    until = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ("exchange", "kind", "symbol")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("exchange", "kind", "symbol"), name="live_demand_once"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[one.value for one in LiveKind]),
                name="live_demand_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.exchange} {self.symbol}"


class FeedLease(models.Model):
    """Which feed process holds an exchange fresh; another one stands by until `until`."""

    exchange = models.CharField(max_length=32, primary_key=True)
    holder = models.CharField(max_length=120)
    until = models.DateTimeField()

    class Meta:
        ordering = ("exchange",)

    def __str__(self) -> str:
        return f"{self.exchange} {self.holder}"


class Recording(BaseModel):
    """The book and the trades of a market, written down as they come.

    `rows` is what has been written; `resyncs` how often the book was read anew, each of
    which is a gap in the changes; `capture` what became of it at the end.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recordings"
    )
    exchange = models.CharField(max_length=32)
    symbol = models.CharField(max_length=64)
    state = models.CharField(
        max_length=12,
        choices=[(one.value, one.value) for one in RecordingState],
        default=RecordingState.WAITING.value,
    )
    started_at = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)
    rows = models.PositiveBigIntegerField(default=0)
    resyncs = models.PositiveIntegerField(default=0)
    import_job_id = models.UUIDField(null=True, blank=True)
    capture = models.ForeignKey(
        BookCapture,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="recordings",
    )
    message = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        indexes: ClassVar = [
            models.Index(
                fields=("owner", "-created_at"), name="recording_owner_created"
            ),
            models.Index(fields=("state", "exchange"), name="recording_state"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[one.value for one in RecordingState]),
                name="recording_state_known",
            ),
            models.CheckConstraint(
                condition=Q(stopped_at__isnull=True)
                | Q(started_at__isnull=True)
                | Q(stopped_at__gte=F("started_at")),
                name="recording_range_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exchange} {self.symbol} {self.state}"

    def clean(self) -> None:
        """Hold the recording and its capture to one owner."""
        if self.capture is not None and self.capture.owner_id != self.owner_id:
            msg = "A capture belongs to the owner of its recording."
            raise ValidationError({"capture": msg})
