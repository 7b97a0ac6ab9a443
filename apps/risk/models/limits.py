"""Limits and their history."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core.models import BaseModel
from apps.portfolio.models import Account


class RiskLimits(BaseModel):
    """The limits of one account, or of all of a user's accounts together.

    `rules` is what `apps.risk.limit_set.LimitSet` writes; `version` counts the changes.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="risk_limits"
    )
    account = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    version = models.PositiveIntegerField(default=1)
    rules = models.JSONField(default=dict)

    class Meta:
        ordering = ("-created_at", "-id")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("account",),
                condition=Q(account__isnull=False),
                name="risk_limits_account_once",
            ),
            models.UniqueConstraint(
                fields=("owner",),
                condition=Q(account__isnull=True),
                name="risk_limits_owner_once",
            ),
        ]

    def __str__(self) -> str:
        return f"limits of {self.account_id or self.owner_id}"


class RiskLimitsVersion(BaseModel):
    """Limits as they were after one change."""

    limits = models.ForeignKey(
        RiskLimits, on_delete=models.CASCADE, related_name="versions"
    )
    version = models.PositiveIntegerField()
    rules = models.JSONField()
    note = models.CharField(max_length=400, blank=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        ordering = ("-version",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("limits", "version"), name="risk_limits_version_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.limits_id} {self.version}"
