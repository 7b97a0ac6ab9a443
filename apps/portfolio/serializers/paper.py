"""Shapes of money that is put into paper accounts, or taken out."""

from __future__ import annotations

from rest_framework import serializers

from apps.core.amounts import AmountField
from apps.core.examples import body_examples
from apps.core.serializers import StrictSerializer


@body_examples(
    {
        "Money": {"currency": "USDT", "amount": "10000", "memo": "To begin with"},
    }
)
class PaperFlowInput(StrictSerializer):
    """Money to be put into a paper account, or taken out."""

    currency = serializers.RegexField(
        r"^\S{1,32}$",
        help_text="Its code as the exchange writes it in its symbols, such as USDT.",
    )
    amount = AmountField(positive=True, help_text="How much, above 0.")
    memo = serializers.CharField(
        max_length=400, required=False, default="", help_text="For people."
    )


class PaperFlowOutput(serializers.Serializer[object]):
    """Money that was put into a paper account, or taken out."""

    number = serializers.IntegerField(
        source="transaction.number",
        help_text="Of the transaction in the account's ledger, counted from 1.",
    )
    kind = serializers.CharField(
        source="transaction.kind", help_text="`deposit` or `withdrawal`."
    )
    currency = serializers.CharField(help_text="Its code.")
    amount = AmountField(help_text="How much.")
    free = AmountField(help_text="What is free of it in the account now.")
    at = serializers.DateTimeField(source="transaction.at", help_text="When, UTC.")
