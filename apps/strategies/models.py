"""Strategies and their versions; a version never changes."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core.models import BaseModel


class Strategy(BaseModel):
    """A strategy under one name; what it does is in its versions."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="strategies"
    )
    name = models.CharField(max_length=100)
    latest = models.ForeignKey(
        "StrategyVersion",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name_plural = "strategies"

    def __str__(self) -> str:
        return self.name


class StrategyVersion(BaseModel):
    """One definition, as it was checked and stored."""

    strategy = models.ForeignKey(
        Strategy, on_delete=models.CASCADE, related_name="versions"
    )
    number = models.PositiveIntegerField()
    definition = models.JSONField()
    content_hash = models.CharField(max_length=64)

    class Meta:
        ordering = ("-number",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("strategy", "number"), name="strategy_version_number_once"
            ),
            models.CheckConstraint(
                condition=Q(number__gte=1), name="strategy_version_from_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.strategy_id} v{self.number}"
