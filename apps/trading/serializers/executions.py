"""Shapes of executions."""

from __future__ import annotations

from rest_framework import serializers

from apps.core.amounts import AmountField
from apps.trading.models import Execution
from apps.trading.serializers.order_inputs import SIDES


class ExecutionOutput(serializers.ModelSerializer[Execution]):
    """A trade of an order."""

    account = serializers.UUIDField(
        source="account_id", help_text="The account that traded."
    )
    order = serializers.UUIDField(source="order_id", help_text="Its order.")
    venue_trade_id = serializers.CharField(
        help_text="The venue's name; unique in a market."
    )
    symbol = serializers.CharField(help_text="The market.")
    side = serializers.ChoiceField(choices=SIDES, help_text="Which way.")
    quantity = AmountField(help_text="Base units.")
    price = AmountField(help_text="Quote per base.")
    fee = AmountField(help_text="What it cost; below 0 for a rebate.")
    fee_currency = serializers.CharField(
        help_text="In which currency; empty where the venue did not tell."
    )
    maker = serializers.BooleanField(
        allow_null=True, help_text="Whether the order rested; null: not told."
    )
    at = serializers.DateTimeField(help_text="When the venue executed it.")
    ledger_number = serializers.IntegerField(
        source="number", help_text="Of its transaction in the account's ledger."
    )

    class Meta:
        model = Execution
        fields = (
            *("id", "account", "order", "venue_trade_id", "symbol", "side"),
            *("quantity", "price", "fee", "fee_currency", "maker", "at"),
            *("ledger_number", "created_at"),
        )
        read_only_fields = fields
