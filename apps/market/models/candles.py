"""Instruments and their candle series; the candles themselves are Parquet files."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from apps.core.models import BaseModel
from apps.market.enums import RulesSource, Timeframe, TimeUnit


class Instrument(BaseModel):
    """What is traded at a venue, and the grid on which it is."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="instruments"
    )
    venue = models.CharField(max_length=32)
    symbol = models.CharField(max_length=64)
    base = models.CharField(max_length=24)
    quote = models.CharField(max_length=24)
    price_tick = models.DecimalField(max_digits=36, decimal_places=18)
    quantity_step = models.DecimalField(max_digits=36, decimal_places=18)
    min_quantity = models.DecimalField(max_digits=36, decimal_places=18)
    min_notional = models.DecimalField(max_digits=36, decimal_places=18)
    rules_source = models.CharField(
        max_length=16, choices=[(one.value, one.name.title()) for one in RulesSource]
    )
    # What only the venue tells; None until it has been asked.
    maker_fee = models.DecimalField(
        max_digits=36, decimal_places=18, null=True, blank=True
    )
    taker_fee = models.DecimalField(
        max_digits=36, decimal_places=18, null=True, blank=True
    )
    active = models.BooleanField(default=True, db_default=True)
    delisted_at = models.DateTimeField(null=True, blank=True)
    rules_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("owner", "venue", "symbol"), name="instrument_once"
            ),
            models.CheckConstraint(
                condition=Q(price_tick__gt=0) & Q(quantity_step__gt=0),
                name="instrument_grid_positive",
            ),
            models.CheckConstraint(
                condition=Q(min_quantity__gte=0) & Q(min_notional__gte=0),
                name="instrument_minimums_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(rules_source__in=[one.value for one in RulesSource]),
                name="instrument_rules_source_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.venue} {self.symbol}"


class CandleSeries(BaseModel):
    """One instrument's bars of one length: what the file holds, and where it came from.

    `revision` goes up with each import; it is part of the file's name, so that a new
    file never stands in the place of the one that the row still speaks of.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="candle_series",
    )
    instrument = models.ForeignKey(
        Instrument, on_delete=models.RESTRICT, related_name="series"
    )
    timeframe = models.CharField(
        max_length=8, choices=[(one.value, one.value) for one in Timeframe]
    )
    first = models.DateTimeField()
    last = models.DateTimeField()
    rows = models.PositiveBigIntegerField()
    gaps = models.PositiveBigIntegerField()
    price_decimals = models.PositiveSmallIntegerField()
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=300, unique=True)
    revision = models.PositiveIntegerField()
    source_name = models.CharField(max_length=200)
    source_format = models.CharField(max_length=24)
    time_unit = models.CharField(
        max_length=4, choices=[(one.value, one.value) for one in TimeUnit]
    )
    synthetic = models.BooleanField(default=False)
    quality = models.JSONField()
    import_job_id = models.UUIDField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name_plural = "candle series"
        indexes: ClassVar = [
            models.Index(fields=("owner", "-created_at"), name="series_owner_created"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("owner", "instrument", "timeframe"), name="series_once"
            ),
            models.CheckConstraint(
                condition=Q(rows__gt=0) & Q(revision__gt=0), name="series_has_rows"
            ),
            models.CheckConstraint(
                condition=Q(last__gte=F("first")), name="series_range_in_order"
            ),
            models.CheckConstraint(
                condition=Q(gaps__lt=F("rows")), name="series_gaps_between_rows"
            ),
            models.CheckConstraint(
                condition=Q(timeframe__in=[one.value for one in Timeframe]),
                name="series_timeframe_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.instrument} {self.timeframe}"

    def clean(self) -> None:
        """Hold the series and its instrument to one owner."""
        if self.instrument.owner_id != self.owner_id:
            msg = "A series belongs to the owner of its instrument."
            raise ValidationError({"instrument": msg})
