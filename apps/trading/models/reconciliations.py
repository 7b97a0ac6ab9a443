"""What a comparison with the venue found and did."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core.models import BaseModel
from apps.portfolio.models import Account
from apps.trading.enums import ReconciliationState, ReconciliationTrigger


class Reconciliation(BaseModel):
    """One comparison of an account with its venue.

    `findings` is a list of `{"kind", "subject", "ours", "theirs", "done"}`; `settled` is
    how many orders left the states sent and unknown, `unsettled` how many did not.
    `unexplained` says that balances differ by what no execution explains. One runs at a
    time for an account; whoever runs it writes `updated_at` as it comes along, and is
    given up where that has become old.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, related_name="reconciliations"
    )
    trigger = models.CharField(max_length=8, choices=ReconciliationTrigger.choices)
    state = models.CharField(
        max_length=8,
        choices=ReconciliationState.choices,
        default=ReconciliationState.RUNNING.value,
    )
    findings = models.JSONField(default=list)
    orders_looked_at = models.PositiveIntegerField(default=0)
    executions_applied = models.PositiveIntegerField(default=0)
    settled = models.PositiveIntegerField(default=0)
    unsettled = models.PositiveIntegerField(default=0)
    adopted = models.PositiveIntegerField(default=0)
    unexplained = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=64, blank=True)
    error_message = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        indexes: ClassVar = [
            models.Index(
                fields=("account", "-created_at"), name="reconciliation_account_made"
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("account",),
                condition=Q(state=ReconciliationState.RUNNING.value),
                name="reconciliation_runs_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.state}"
