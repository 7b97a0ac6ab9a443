"""Shapes of balances, positions and the ledger."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.amounts import AmountField
from apps.core.examples import SOME_ID, body_examples
from apps.core.serializers import StrictSerializer
from apps.portfolio.bookkeeping import average_price
from apps.portfolio.enums import LedgerPlace, TransactionKind
from apps.portfolio.models import LedgerEntry, LedgerTransaction, Position

_CURRENCY = r"^[A-Za-z0-9][A-Za-z0-9._$-]{0,31}$"


def _currency() -> serializers.RegexField:
    return serializers.RegexField(
        _CURRENCY, help_text="Its code as the exchange writes it, such as USDT."
    )


@body_examples(
    {
        "An airdrop": {
            "currency": "BNB",
            "amount": "0.05",
            "reason": "Airdrop of 2026-01-05",
        },
    }
)
class AdjustmentInput(StrictSerializer):
    """A difference that somebody explains."""

    currency = _currency()
    amount = AmountField(
        help_text="How much there is more than the ledger says; below zero where less."
    )
    reason = serializers.CharField(
        max_length=400, help_text="Why; kept with the transaction for good."
    )


@body_examples(
    {
        "To another account": {
            "target": SOME_ID,
            "currency": "USDT",
            "amount": "250.5",
        },
    }
)
class TransferInput(StrictSerializer):
    """Money that was moved at the venue."""

    target = serializers.UUIDField(help_text="The account that it came to.")
    currency = _currency()
    amount = AmountField(positive=True, help_text="How much, above zero.")
    at = serializers.DateTimeField(
        required=False, help_text="When it moved; now where it is left out."
    )
    memo = serializers.CharField(
        max_length=400, default="", allow_blank=True, help_text="For people."
    )


class LedgerPlacesOutput(serializers.Serializer[Any]):
    """Where a currency is, came from or went; all places sum to zero."""

    assets = AmountField(required=False, help_text="What the account holds.")
    external = AmountField(
        required=False, help_text="Deposits, below zero: what came from outside."
    )
    trading = AmountField(
        required=False, help_text="What was given for what was bought and sold."
    )
    fees = AmountField(required=False, help_text="Fees that were paid.")
    funding = AmountField(required=False, help_text="Funding and interest.")
    transfers = AmountField(required=False, help_text="To and from other accounts.")
    adjustments = AmountField(
        required=False, help_text="Differences that somebody explained."
    )


class BalanceOutput(serializers.Serializer[Any]):
    """What is held of a currency."""

    currency = serializers.CharField(help_text="Its code.")
    total = AmountField(
        help_text="What the account holds by its ledger, held by open orders or not."
    )
    places = LedgerPlacesOutput(
        help_text="The sums of the ledger's places that are not zero."
    )


class BalancesOutput(serializers.Serializer[Any]):
    """What an account holds."""

    balances = BalanceOutput(
        many=True, help_text="Every currency that the ledger names, by its code."
    )


class PositionOutput(serializers.ModelSerializer[Position]):
    """What trading a market has left of it, and what it made."""

    symbol = serializers.CharField(help_text="The market.")
    base = serializers.CharField(help_text="What is bought and sold there.")
    quote = serializers.CharField(help_text="What it is paid with.")
    quantity = AmountField(
        help_text="Bought less sold, less fees in the base, base units; below zero "
        "where more was sold than bought here."
    )
    average_price = serializers.SerializerMethodField(
        help_text="What a unit cost at average cost, quote per base; null where nothing "
        "is held."
    )
    cost = AmountField(
        help_text="What the quantity cost at average cost, quote units; below zero for a "
        "quantity below zero."
    )
    realised_average = AmountField(
        help_text="Profit of what was closed, at average cost, quote units before fees."
    )
    realised_fifo = AmountField(
        help_text="The same, first in, first out: what was bought first is sold first."
    )
    fees = AmountField(
        help_text="Fees paid in the quote currency, and those in the base at the price "
        "of their fill, quote units; below zero for rebates."
    )
    fees_other = serializers.DictField(
        child=AmountField(), help_text="Fees in other currencies, by currency."
    )
    opened_at = serializers.DateTimeField(
        help_text="When it came to be held, or changed its side; null while it is zero."
    )
    changed_at = serializers.DateTimeField(help_text="When its last fill was written.")

    class Meta:
        model = Position
        fields = (
            "symbol",
            "base",
            "quote",
            "quantity",
            "average_price",
            "cost",
            "realised_average",
            "realised_fifo",
            "fees",
            "fees_other",
            "opened_at",
            "changed_at",
        )
        read_only_fields = fields

    def get_average_price(self, position: Position) -> str | None:
        """Return what a unit cost."""
        mean = average_price(position)
        return None if mean is None else AmountField().to_representation(mean)


class PositionsOutput(serializers.Serializer[Any]):
    """An account's positions."""

    positions = PositionOutput(
        many=True, help_text="Every market that was traded, closed ones too, by symbol."
    )


class LedgerEntryOutput(serializers.ModelSerializer[LedgerEntry]):
    """One side of a transaction."""

    place = serializers.ChoiceField(
        choices=LedgerPlace.choices, help_text="Where it came to, or left."
    )
    currency = serializers.CharField(help_text="Its code.")
    amount = AmountField(help_text="How much came; below zero: left.")

    class Meta:
        model = LedgerEntry
        fields = ("place", "currency", "amount")
        read_only_fields = fields


class LedgerTransactionOutput(serializers.ModelSerializer[LedgerTransaction]):
    """One thing that moved money."""

    number = serializers.IntegerField(
        help_text="Counts the account's transactions from 1, without a gap."
    )
    kind = serializers.ChoiceField(
        choices=TransactionKind.choices, help_text="Why money moved."
    )
    cause = serializers.CharField(help_text="What kind of thing it was.")
    cause_id = serializers.CharField(
        help_text="Which one; of an execution its market and the venue's trade id."
    )
    at = serializers.DateTimeField(help_text="When it happened.")
    recorded_at = serializers.DateTimeField(help_text="When it was written.")
    symbol = serializers.CharField(help_text="The market of a fill; else empty.")
    side = serializers.CharField(help_text="`buy` or `sell` of a fill; else empty.")
    quantity = AmountField(
        allow_null=True, help_text="Of a fill, base units; else null."
    )
    price = AmountField(
        allow_null=True, help_text="Of a fill, quote per base; else null."
    )
    strategy = serializers.CharField(help_text="Whose order it was; empty for none.")
    memo = serializers.CharField(help_text="For people.")
    entries = LedgerEntryOutput(
        many=True, help_text="What moved; they sum to zero in each currency."
    )

    class Meta:
        model = LedgerTransaction
        fields = (
            "number",
            "kind",
            "cause",
            "cause_id",
            "at",
            "recorded_at",
            "symbol",
            "side",
            "quantity",
            "price",
            "strategy",
            "memo",
            "entries",
        )
        read_only_fields = fields
