"""The paper venue's own books: another party, which our ledger is compared with."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.core.exact import ExactDecimalField
from apps.portfolio.models.accounts import Account


class PaperHead(models.Model):
    """Counts a paper account's orders and fills; its row is locked while it trades."""

    account = models.OneToOneField(
        Account, on_delete=models.PROTECT, primary_key=True, related_name="paper_head"
    )
    last_order = models.PositiveBigIntegerField(default=0)
    last_fill = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ("account",)

    def __str__(self) -> str:
        return str(self.account_id)


class PaperBalance(models.Model):
    """What the paper venue holds for an account: free, and held by open orders."""

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="paper_balances"
    )
    currency = models.CharField(max_length=32)
    free = ExactDecimalField(default=0)
    used = ExactDecimalField(default=0)

    class Meta:
        ordering = ("currency",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("account", "currency"), name="paper_balance_once"
            ),
            models.CheckConstraint(
                condition=Q(free__gte=0) & Q(used__gte=0),
                name="paper_balance_not_below_zero",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.free}"


class PaperOrder(models.Model):
    """An order at the paper venue; `active_at` is when its latency has passed.

    `triggered_at` is when a stop's price was met; `held` is what it holds of the currency
    that it spends. `looked_at` is up to when prices were matched against it.
    """

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="paper_orders"
    )
    number = models.PositiveBigIntegerField()
    client_order_id = models.CharField(max_length=64)
    symbol = models.CharField(max_length=64)
    base = models.CharField(max_length=32)
    quote = models.CharField(max_length=32)
    side = models.CharField(max_length=4)
    kind = models.CharField(max_length=24)
    quantity = ExactDecimalField()
    price = ExactDecimalField(null=True, blank=True)
    stop_price = ExactDecimalField(null=True, blank=True)
    time_in_force = models.CharField(max_length=3)
    post_only = models.BooleanField(default=False)
    state = models.CharField(max_length=12)
    filled = ExactDecimalField(default=0)
    spent = ExactDecimalField(default=0)
    held = ExactDecimalField(default=0)
    placed_at = models.DateTimeField()
    active_at = models.DateTimeField()
    triggered_at = models.DateTimeField(null=True, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("number",)
        indexes: ClassVar = [
            models.Index(
                fields=("account", "symbol"),
                condition=Q(state="open"),
                name="paper_order_open",
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("account", "number"), name="paper_order_number_once"
            ),
            models.UniqueConstraint(
                fields=("account", "client_order_id"), name="paper_order_client_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.side} {self.quantity}"


class PaperFill(models.Model):
    """One execution at the paper venue."""

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(
        PaperOrder, on_delete=models.PROTECT, related_name="fills"
    )
    number = models.PositiveBigIntegerField()
    symbol = models.CharField(max_length=64)
    side = models.CharField(max_length=4)
    price = ExactDecimalField()
    quantity = ExactDecimalField()
    fee = ExactDecimalField()
    fee_currency = models.CharField(max_length=32)
    maker = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        ordering = ("number",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("account", "number"), name="paper_fill_number_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.quantity} at {self.price}"
