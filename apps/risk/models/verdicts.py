"""What was judged, and the exposure that open orders may still bring."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core.exact import ExactDecimalField
from apps.portfolio.models import Account


class RiskVerdict(models.Model):
    """What every rule said of an order, with its numbers; never changed.

    `order_id` is None for a dry run.
    """

    id = models.UUIDField(primary_key=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    order_id = models.UUIDField(null=True, blank=True, db_index=True)
    allowed = models.BooleanField()
    order = models.JSONField()
    rules = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        ordering = ("-at", "-id")
        indexes: ClassVar = [
            models.Index(fields=("account", "-at"), name="risk_verdict_account_at"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {'allowed' if self.allowed else 'refused'}"


class Reservation(models.Model):
    """The exposure that an order may still bring; one for each order that is not done.

    `quantity` is what is left to be filled, base units; `price` what it is valued at,
    quote per base; `notional` both multiplied and valued in the account's currency.
    An order whose outcome is unknown keeps its whole reservation. `watched` says that
    what its executions realise is written down, for the locks that follow losses.
    """

    order_id = models.UUIDField(primary_key=True)
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="reservations"
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    symbol = models.CharField(max_length=64)
    base = models.CharField(max_length=32)
    quote = models.CharField(max_length=32)
    side = models.CharField(max_length=4)
    kind = models.CharField(max_length=24, blank=True)
    quantity = ExactDecimalField()
    price = ExactDecimalField()
    notional = ExactDecimalField()
    reduces = models.BooleanField(default=False)
    watched = models.BooleanField(default=False)
    made_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("made_at", "order_id")
        indexes: ClassVar = [
            models.Index(
                fields=("account",),
                condition=Q(released_at__isnull=True),
                name="reservation_held",
            ),
            models.Index(
                fields=("owner",),
                condition=Q(released_at__isnull=True),
                name="reservation_held_owner",
            ),
            models.Index(fields=("owner", "made_at"), name="reservation_made"),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.side} {self.quantity}"
