"""How good a series was, each time that it was looked at."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.core.models import BaseModel
from apps.market.enums import QualityTrigger, QualityVerdict
from apps.market.models.candles import CandleSeries


class SeriesQuality(BaseModel):
    """The report of a whole series at one revision.

    It is written with the series, in one transaction, so that the newest report is of the
    bars that are there; and on demand.
    """

    series = models.ForeignKey(
        CandleSeries, on_delete=models.CASCADE, related_name="quality_history"
    )
    at = models.DateTimeField()
    revision = models.PositiveIntegerField()
    trigger = models.CharField(
        max_length=12, choices=[(one.value, one.value) for one in QualityTrigger]
    )
    verdict = models.CharField(
        max_length=12, choices=[(one.value, one.value) for one in QualityVerdict]
    )
    coverage = models.DecimalField(max_digits=7, decimal_places=6)
    report = models.JSONField()

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name_plural = "series quality"
        indexes: ClassVar = [
            models.Index(
                fields=("series", "-created_at"), name="quality_series_created"
            )
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(coverage__gte=0) & Q(coverage__lte=1),
                name="quality_coverage_is_fraction",
            ),
            models.CheckConstraint(
                condition=Q(trigger__in=[one.value for one in QualityTrigger]),
                name="quality_trigger_known",
            ),
            models.CheckConstraint(
                condition=Q(verdict__in=[one.value for one in QualityVerdict]),
                name="quality_verdict_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.series_id} {self.verdict}"
