"""The ledger: what moved, and the sums of it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.core.exact import ExactDecimalField
from apps.portfolio.enums import LedgerPlace, TransactionKind
from apps.portfolio.models.accounts import Account


class LedgerHead(models.Model):
    """The number of an account's last transaction; its row is locked to write the next."""

    account = models.OneToOneField(
        Account, on_delete=models.PROTECT, primary_key=True, related_name="ledger_head"
    )
    last = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ("account",)

    def __str__(self) -> str:
        return f"{self.account_id} {self.last}"


class LedgerTransaction(models.Model):
    """One thing that moved money; its entries sum to zero in each currency.

    `number` counts an account's transactions from 1 without a gap. A cause (`execution`
    and its id) is written once. Rows are never changed: a trigger refuses it. The
    quantity and price are those of a fill, base units and quote per base.
    """

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    number = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=12, choices=TransactionKind.choices)
    cause = models.CharField(max_length=24)
    cause_id = models.CharField(max_length=160)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    symbol = models.CharField(max_length=64, blank=True)
    base = models.CharField(max_length=32, blank=True)
    quote = models.CharField(max_length=32, blank=True)
    side = models.CharField(max_length=4, blank=True)
    quantity = ExactDecimalField(null=True, blank=True)
    price = ExactDecimalField(null=True, blank=True)
    strategy = models.CharField(max_length=64, blank=True)
    memo = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ("-number",)
        indexes: ClassVar = [
            models.Index(fields=("account", "at"), name="ledger_tx_account_at"),
            models.Index(
                fields=("account", "kind", "number"), name="ledger_tx_account_kind"
            ),
            models.Index(
                fields=("account", "symbol", "number"), name="ledger_tx_account_symbol"
            ),
            models.Index(
                fields=("account", "strategy", "number"),
                name="ledger_tx_account_strategy",
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("account", "number"), name="ledger_tx_number_once"
            ),
            models.UniqueConstraint(
                fields=("account", "cause", "cause_id"), name="ledger_tx_cause_once"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=TransactionKind.values),
                name="ledger_tx_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.kind}"


class LedgerEntry(models.Model):
    """One side of a transaction: so much of a currency came to a place, or left it."""

    id = models.BigAutoField(primary_key=True)
    transaction = models.ForeignKey(
        LedgerTransaction, on_delete=models.PROTECT, related_name="entries"
    )
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    place = models.CharField(max_length=12, choices=LedgerPlace.choices)
    currency = models.CharField(max_length=32)
    amount = ExactDecimalField()

    class Meta:
        ordering = ("id",)
        indexes: ClassVar = [
            models.Index(
                fields=("account", "currency", "transaction"),
                name="ledger_entry_currency",
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(place__in=LedgerPlace.values),
                name="ledger_entry_place_known",
            ),
            models.CheckConstraint(
                condition=~Q(amount=0), name="ledger_entry_is_not_zero"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.place} {self.currency} {self.amount}"


class LedgerBalance(models.Model):
    """The sum of a place's entries of a currency, up to the ledger's head.

    Kept in the transaction that writes the entries; `check_ledger` makes it anew and
    compares.
    """

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="ledger_balances"
    )
    place = models.CharField(max_length=12, choices=LedgerPlace.choices)
    currency = models.CharField(max_length=32)
    amount = ExactDecimalField()

    class Meta:
        ordering = ("currency", "place")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("account", "place", "currency"), name="ledger_balance_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.place} {self.currency} {self.amount}"
