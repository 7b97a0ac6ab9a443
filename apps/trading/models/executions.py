"""Executions: what was really traded."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core.exact import ExactDecimalField
from apps.core.models import BaseModel
from apps.portfolio.models import Account
from apps.trading.models.orders import Order


class Execution(BaseModel):
    """One trade of an order, as the venue told it, applied once.

    `number` is that of its transaction in the ledger, written with it.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="executions"
    )
    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="executions"
    )
    venue_trade_id = models.CharField(max_length=80)
    symbol = models.CharField(max_length=64)
    side = models.CharField(max_length=4)
    price = ExactDecimalField()
    quantity = ExactDecimalField()
    fee = ExactDecimalField(default=0)
    fee_currency = models.CharField(max_length=32, blank=True)
    maker = models.BooleanField(null=True)
    at = models.DateTimeField()
    number = models.PositiveBigIntegerField()

    class Meta:
        ordering = ("-at", "-id")
        indexes: ClassVar = [
            models.Index(fields=("owner", "-created_at"), name="execution_owner_made"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("account", "symbol", "venue_trade_id"), name="execution_once"
            ),
            models.CheckConstraint(
                condition=Q(quantity__gt=0) & Q(price__gt=0),
                name="execution_amounts_above_zero",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.quantity} {self.symbol} at {self.price}"
