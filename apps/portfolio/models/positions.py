"""Positions and equity, derived from the ledger."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from apps.core.exact import ExactDecimalField
from apps.portfolio.models.accounts import Account


class Position(models.Model):
    """What trading a market has left of it, and what it made, from the fills alone.

    `quantity` is in base units and below zero where more was sold than bought here;
    `cost` is what it was bought for at average cost, quote units; the two `realised` are
    profits in quote units before fees, at average cost and first-in first-out; `fees`
    are those paid in the quote currency or in the base, at the fill's price, quote
    units. Fees in a third currency are in `fees_other`, by currency.
    """

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="positions"
    )
    symbol = models.CharField(max_length=64)
    base = models.CharField(max_length=32)
    quote = models.CharField(max_length=32)
    quantity = ExactDecimalField(default=0)
    cost = ExactDecimalField(default=0)
    realised_average = ExactDecimalField(default=0)
    realised_fifo = ExactDecimalField(default=0)
    fees = ExactDecimalField(default=0)
    fees_other = models.JSONField(default=dict, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ("symbol",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("account", "symbol"), name="position_symbol_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.quantity}"


class PositionLot(models.Model):
    """What is left of one fill that opened or added to a position, first in first out.

    `number` is that of the fill's transaction in the ledger.
    """

    id = models.BigAutoField(primary_key=True)
    position = models.ForeignKey(
        Position, on_delete=models.CASCADE, related_name="lots"
    )
    number = models.PositiveBigIntegerField()
    quantity = ExactDecimalField()
    price = ExactDecimalField()
    at = models.DateTimeField()

    class Meta:
        ordering = ("number",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("position", "number"), name="position_lot_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} at {self.price}"


class EquityPoint(models.Model):
    """What an account was worth at a moment, in its own currency.

    `through` is the ledger's head then; `stale` says that a price was older than may be
    traded on, or missing: such a point judges no limit, and `equity` may lack something.
    `flow` is what came in from outside, less what left, since the last point that is not
    stale, at this point's prices; on a stale point it is 0. `growth` is what 1 invested
    at the beginning has become, flows apart, and `peak` the highest equity so far as if
    every flow had been there from the beginning in proportion: `1 - equity / peak` is
    the drawdown. `day_base` is what the UTC day began with and what came in since. All
    three are carried over a stale point; the first two are None before anything was held.
    """

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, related_name="equity_points"
    )
    at = models.DateTimeField()
    equity = ExactDecimalField()
    flow = ExactDecimalField(default=0)
    through = models.PositiveBigIntegerField()
    stale = models.BooleanField(default=False)
    growth = models.FloatField(null=True, blank=True)
    peak = ExactDecimalField(null=True, blank=True)
    day_base = ExactDecimalField(null=True, blank=True)

    class Meta:
        ordering = ("-at",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("account", "at"), name="equity_point_once"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.equity}"
