"""How markets moved together, as it was last computed from stored candles."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Correlation(models.Model):
    """The correlation of the daily returns of two markets of an exchange.

    `one` is before `other` in the alphabet. `days` is how many returns both have, and
    the last of them is of the UTC day `last_day`.
    """

    id = models.BigAutoField(primary_key=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    exchange = models.CharField(max_length=32)
    one = models.CharField(max_length=64)
    other = models.CharField(max_length=64)
    value = models.FloatField()
    days = models.PositiveIntegerField()
    last_day = models.DateField()
    made_at = models.DateTimeField()

    class Meta:
        ordering = ("exchange", "one", "other")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("owner", "exchange", "one", "other"), name="correlation_once"
            ),
            models.CheckConstraint(
                condition=Q(one__lt=F("other")), name="correlation_in_order"
            ),
            models.CheckConstraint(
                condition=Q(value__gte=-1) & Q(value__lte=1),
                name="correlation_within_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.one} {self.other} {self.value:.2f}"
