"""Captures of order books; the captures themselves are NumPy's files."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from apps.core.models import BaseModel
from apps.engines.captures import CaptureLayout
from apps.market.models.candles import Instrument


class BookCapture(BaseModel):
    """A captured order book: every change and every trade, as one file to be played.

    `first` and `last` are the exchange's times. `clock_shift_ns` is by how much the
    collector's clock was moved on, so that nothing is received before it happens;
    `moments` how often the book changed, and `crossed` at how many of these the best bid
    was not below the best ask.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="book_captures",
    )
    instrument = models.ForeignKey(
        Instrument, on_delete=models.RESTRICT, related_name="captures"
    )
    label = models.CharField(max_length=200)
    layout = models.CharField(
        max_length=24, choices=[(one.value, one.value) for one in CaptureLayout]
    )
    first = models.DateTimeField()
    last = models.DateTimeField()
    rows = models.PositiveBigIntegerField()
    depth_rows = models.PositiveBigIntegerField()
    trade_rows = models.PositiveBigIntegerField()
    moments = models.PositiveBigIntegerField()
    crossed = models.PositiveBigIntegerField()
    clock_shift_ns = models.BigIntegerField()
    price_decimals = models.PositiveSmallIntegerField()
    findings = models.JSONField(default=list, blank=True)
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=300, unique=True)
    size = models.PositiveBigIntegerField()
    import_job_id = models.UUIDField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        indexes: ClassVar = [
            models.Index(fields=("owner", "-created_at"), name="capture_owner_created"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("owner", "instrument", "sha256"), name="capture_once"
            ),
            models.CheckConstraint(
                condition=Q(rows__gt=0) & Q(size__gt=0), name="capture_has_rows"
            ),
            models.CheckConstraint(
                condition=Q(last__gte=F("first")), name="capture_range_in_order"
            ),
            models.CheckConstraint(
                condition=Q(layout__in=[one.value for one in CaptureLayout]),
                name="capture_layout_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.instrument} {self.label}"

    def clean(self) -> None:
        """Hold the capture and its instrument to one owner."""
        if self.instrument.owner_id != self.owner_id:
            msg = "A capture belongs to the owner of its instrument."
            raise ValidationError({"instrument": msg})
