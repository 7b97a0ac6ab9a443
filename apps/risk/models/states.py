"""What may be traded at all: states, locks, and what happened to them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core.exact import ExactDecimalField
from apps.core.models import BaseModel
from apps.portfolio.models import Account
from apps.risk.enums import LockKind, TradingState


class RiskScope(models.Model):
    """The state of one account (`account:<id>`) or of a user's accounts (`user:<id>`).

    The row is locked, the user's before the account's, by whoever reserves exposure,
    admits an order to be sent, or changes the state: so these happen one after another.
    `halted_at` is when the kill switch was committed, `quiet_at` when nothing was being
    sent any more, `cleared_at` when the venue had confirmed that nothing is open, and
    `state_before` is what the release of it goes back to.
    `rules` are those of the newest limits, and `locked_until` is when the last lock ends:
    both are written with the row locked, so that whoever holds it judges by them. `told`
    is on which day a loss was last told of, by rule.
    """

    scope = models.CharField(max_length=48, primary_key=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    account = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    state = models.CharField(
        max_length=8, choices=TradingState.choices, default=TradingState.ACTIVE.value
    )
    state_before = models.CharField(
        max_length=8, choices=TradingState.choices, default=TradingState.ACTIVE.value
    )
    reason = models.CharField(max_length=400, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True)
    halted_at = models.DateTimeField(null=True, blank=True)
    quiet_at = models.DateTimeField(null=True, blank=True)
    cleared_at = models.DateTimeField(null=True, blank=True)
    rules = models.JSONField(default=dict, blank=True)
    locked_until = models.DateTimeField(null=True, blank=True)
    told = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("scope",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=TradingState.values),
                name="risk_scope_state_known",
            ),
            models.CheckConstraint(
                condition=~Q(state=TradingState.HALTED.value)
                | Q(halted_at__isnull=False),
                name="risk_scope_halted_since",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.state}"


class RiskLock(BaseModel):
    """No order that adds exposure to a market, or to any (`symbol` empty), until then."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, related_name="risk_locks"
    )
    symbol = models.CharField(max_length=64, blank=True)
    kind = models.CharField(max_length=12, choices=LockKind.choices)
    reason = models.CharField(max_length=400)
    begins_at = models.DateTimeField()
    until = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        indexes: ClassVar = [
            models.Index(fields=("account", "until"), name="risk_lock_account_until"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.symbol}"


class RiskResult(models.Model):
    """What one execution realised, for the locks that follow losses; never changed.

    `profit` is net of fees, in the market's quote currency; `realised` and `net` are the
    position's sums after it. A row without a profit is where the counting began.
    """

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, related_name="risk_results"
    )
    symbol = models.CharField(max_length=64)
    quote = models.CharField(max_length=32)
    profit = ExactDecimalField(null=True, blank=True)
    realised = ExactDecimalField()
    net = ExactDecimalField()
    by_stop = models.BooleanField(default=False)
    at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        indexes: ClassVar = [
            models.Index(fields=("account", "symbol", "-id"), name="risk_result_last"),
            models.Index(fields=("account", "at"), name="risk_result_account_at"),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.profit}"


class RiskEvent(BaseModel):
    """Something that a person should know of: a halt, a loss, a lock, a release."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    account = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    name = models.CharField(max_length=32)
    detail = models.CharField(max_length=400, blank=True)
    body = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        indexes: ClassVar = [
            models.Index(fields=("owner", "-created_at"), name="risk_event_owner"),
        ]

    def __str__(self) -> str:
        return self.name
