"""What backfills know beyond the candles: gaps that are real, and days of trades."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from apps.core.models import BaseModel
from apps.market.enums import GapKind, TradeDoubt
from apps.market.models.candles import CandleSeries, Instrument


class CandleGap(models.Model):
    """A stretch of a series that the exchange was asked for twice and does not have.

    `first` and `last` are open times; `bars` of the stretch are missing. Where very many
    holes lie close together they make one stretch, with bars in between.
    """

    id = models.BigAutoField(primary_key=True)
    series = models.ForeignKey(
        CandleSeries, on_delete=models.CASCADE, related_name="confirmed_gaps"
    )
    kind = models.CharField(
        max_length=8, choices=[(one.value, one.value) for one in GapKind]
    )
    first = models.DateTimeField()
    last = models.DateTimeField()
    bars = models.PositiveBigIntegerField()
    asked = models.PositiveSmallIntegerField()
    confirmed_at = models.DateTimeField()

    class Meta:
        ordering = ("first", "id")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("series", "kind", "first"), name="candle_gap_once"
            ),
            models.CheckConstraint(
                condition=Q(last__gte=F("first")), name="candle_gap_in_order"
            ),
            models.CheckConstraint(
                condition=Q(bars__gt=0) & Q(asked__gt=0), name="candle_gap_has_bars"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[one.value for one in GapKind]),
                name="candle_gap_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.bars} bars from {self.first:%Y-%m-%d %H:%M}"


class TradeDay(BaseModel):
    """One instrument's public trades of one UTC day, as one file.

    `complete` says that the day was over and the exchange had no more of it. `suspect`
    says why trades may be missing, and such a day is never complete until it is fetched
    anew. A day without a trade has a file without rows.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="trade_days"
    )
    instrument = models.ForeignKey(
        Instrument, on_delete=models.RESTRICT, related_name="trade_days"
    )
    day = models.DateField()
    rows = models.PositiveBigIntegerField()
    first = models.DateTimeField(null=True, blank=True)
    last = models.DateTimeField(null=True, blank=True)
    first_id = models.CharField(max_length=128, blank=True)
    last_id = models.CharField(max_length=128, blank=True)
    complete = models.BooleanField()
    suspect = models.CharField(
        max_length=8,
        blank=True,
        default="",
        choices=[(one.value, one.value) for one in TradeDoubt],
    )
    price_decimals = models.PositiveSmallIntegerField()
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=300, unique=True)
    size = models.PositiveBigIntegerField()
    revision = models.PositiveIntegerField()

    class Meta:
        ordering = ("-day", "-id")
        indexes: ClassVar = [
            models.Index(fields=("owner", "-day"), name="trade_day_owner_day"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("owner", "instrument", "day"), name="trade_day_once"
            ),
            models.CheckConstraint(
                condition=Q(last__gte=F("first")) | Q(rows=0, first=None, last=None),
                name="trade_day_range_in_order",
            ),
            models.CheckConstraint(
                condition=Q(revision__gt=0), name="trade_day_has_revision"
            ),
            models.CheckConstraint(
                condition=Q(complete=False) | Q(suspect=""),
                name="trade_day_complete_unless_suspect",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.instrument} {self.day:%Y-%m-%d}"

    def clean(self) -> None:
        """Hold the day and its instrument to one owner."""
        if self.instrument.owner_id != self.owner_id:
            msg = "A day of trades belongs to the owner of its instrument."
            raise ValidationError({"instrument": msg})
