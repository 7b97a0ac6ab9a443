"""Shapes of what accounts are worth."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.amounts import AmountField
from apps.core.serializers import StrictSerializer
from apps.portfolio.enums import AccountMode
from apps.portfolio.models import EquityPoint

_CODE = r"^[A-Za-z0-9._-]{1,16}\Z"
_IN = "What to value in, such as USDT or BTC"
_VALUED_IN = "What everything is valued in."
_KNOWN = "The sum of what has a price."
_TOTAL = "The sum; null while a currency of `missing` has no price."
_MISSING = (
    "Currencies without a price now; they are held fresh from now on, so ask again."
)
_UNLISTED = "Currencies that no market of the exchange leads on from: not in the sums."
_STALE = "Whether a price that counts is older than LIVE_STALE_SECONDS, or missing."


class ValuationQuery(StrictSerializer):
    """What to value an account in."""

    currency = serializers.RegexField(
        _CODE, required=False, help_text=f"{_IN}; the account's own by default."
    )


class PortfolioQuery(StrictSerializer):
    """Which accounts to take together, and what to value them in."""

    currency = serializers.RegexField(_CODE, default="USDT", help_text=f"{_IN}.")
    mode = serializers.ChoiceField(
        choices=AccountMode.choices, required=False, help_text="Only these accounts."
    )


class ValuedAmountOutput(serializers.Serializer[Any]):
    """What is held of one currency, and what it is worth."""

    currency = serializers.CharField(help_text="What is held.")
    amount = AmountField(help_text="How much of it.")
    price = AmountField(
        allow_null=True,
        help_text="Of one unit: the middle of bid and ask, over one bridge where there "
        "is no market; null without a price.",
    )
    value = AmountField(
        allow_null=True, help_text="Of all of it; null without a price."
    )
    age_seconds = serializers.FloatField(
        allow_null=True, help_text="Of the oldest price used; null without one."
    )
    stale = serializers.BooleanField(
        help_text="Whether it is older than LIVE_STALE_SECONDS, or missing."
    )
    markets = serializers.ListField(
        child=serializers.CharField(), help_text="The markets the price was made of."
    )


class ValuationOutput(serializers.Serializer[Any]):
    """What an account is worth at the latest prices of its exchange."""

    currency = serializers.CharField(help_text=_VALUED_IN)
    total = AmountField(allow_null=True, help_text=_TOTAL)
    known = AmountField(help_text=_KNOWN)
    stale = serializers.BooleanField(help_text=_STALE)
    missing = serializers.ListField(child=serializers.CharField(), help_text=_MISSING)
    unlisted = serializers.ListField(child=serializers.CharField(), help_text=_UNLISTED)
    items = ValuedAmountOutput(many=True, help_text="By currency.")


class ShareOutput(serializers.Serializer[Any]):
    """What one currency is of the whole."""

    currency = serializers.CharField(help_text="What is held.")
    amount = AmountField(help_text="How much of it.")
    value = AmountField(allow_null=True, help_text="Null without a price.")
    share = AmountField(
        allow_null=True, help_text="A fraction of `known`; null without a price."
    )
    stale = serializers.BooleanField(help_text="Whether the price is stale or missing.")


class AllocationOutput(serializers.Serializer[Any]):
    """How what is held is spread over currencies."""

    currency = serializers.CharField(help_text=_VALUED_IN)
    total = AmountField(allow_null=True, help_text=_TOTAL)
    known = AmountField(help_text=f"{_KNOWN} The shares are of it.")
    stale = serializers.BooleanField(help_text=_STALE)
    missing = serializers.ListField(child=serializers.CharField(), help_text=_MISSING)
    unlisted = serializers.ListField(child=serializers.CharField(), help_text=_UNLISTED)
    items = ShareOutput(many=True, help_text="The largest first.")


class PositionValuedOutput(serializers.Serializer[Any]):
    """A position that is open, at the price now."""

    symbol = serializers.CharField(source="position.symbol", help_text="The market.")
    quantity = AmountField(
        source="position.quantity",
        help_text="Base units; below zero where it is short.",
    )
    average_price = AmountField(
        allow_null=True, help_text="What a unit cost at average cost, quote per base."
    )
    cost = AmountField(
        source="position.cost", help_text="At average cost, quote units."
    )
    fifo_cost = AmountField(
        help_text="What is left was bought for, first in first out, quote units."
    )
    price = AmountField(
        allow_null=True, help_text="Now, quote per base; null where none is known."
    )
    value = AmountField(allow_null=True, help_text="Quote units; null without a price.")
    unrealised_average = AmountField(
        allow_null=True,
        help_text="Value less cost at average cost, before fees; null without a price.",
    )
    unrealised_fifo = AmountField(
        allow_null=True, help_text="Value less cost, first in first out; as above."
    )
    age_seconds = serializers.FloatField(
        allow_null=True, help_text="Of the price; null without one."
    )
    stale = serializers.BooleanField(
        help_text="Whether it is older than LIVE_STALE_SECONDS, or missing."
    )


class PositionsValuedOutput(serializers.Serializer[Any]):
    """An account's open positions, valued."""

    positions = PositionValuedOutput(many=True, help_text="By symbol.")


class EquityQuery(StrictSerializer):
    """Which points of equity to send."""

    start = serializers.DateTimeField(
        required=False, help_text="From then on; from the first point by default."
    )
    end = serializers.DateTimeField(
        required=False, help_text="Before then; to the last point by default."
    )
    limit = serializers.CharField(required=False, help_text="At most so many, 1-200.")
    cursor = serializers.CharField(required=False, help_text="Where to go on.")


class AccountEquityPointOutput(serializers.ModelSerializer[EquityPoint]):
    """What an account was worth at a moment."""

    equity = AmountField(
        help_text="In the account's currency; on a stale point it may lack something."
    )
    flow = AmountField(
        help_text="What came in, less what left, since the last point that is not stale."
    )
    growth = serializers.FloatField(
        allow_null=True,
        help_text="What 1 invested at the beginning has become, flows apart: quotients "
        "of it are time-weighted returns. Null before anything was held.",
    )
    peak = AmountField(
        allow_null=True,
        help_text="The highest equity so far, in the proportion that flows left of it: "
        "1 - equity / peak is the drawdown.",
    )
    stale = serializers.BooleanField(
        help_text="Whether a price was stale or missing; such a point judges no limit."
    )
    through = serializers.IntegerField(
        help_text="The number of the last ledger transaction in it."
    )

    class Meta:
        model = EquityPoint
        fields = ("at", "equity", "flow", "growth", "peak", "stale", "through")
        read_only_fields = fields
