"""Shapes of performance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import serializers

from apps.core.amounts import AmountField
from apps.core.serializers import StrictSerializer

if TYPE_CHECKING:
    from apps.portfolio.trade_history import TradeSums

_UNDEFINED = "Null where it is undefined, never 0."
_YEAR = "As a rate a year; null for less than a year."


class PerformanceQuery(StrictSerializer):
    """The time to judge."""

    start = serializers.DateTimeField(
        required=False,
        help_text="From then on, with the last equity before it as the beginning; from "
        "the first deposit by default.",
    )
    end = serializers.DateTimeField(
        required=False, help_text="Until then; until now by default."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a time that ends before it begins."""
        if "start" in attrs and "end" in attrs and attrs["end"] <= attrs["start"]:
            msg = "It has to be after start."
            raise serializers.ValidationError({"end": [msg]}, code="range_invalid")
        return attrs


class ReturnsOutput(serializers.Serializer[Any]):
    """Rates of return and risk, fractions; from the points of equity."""

    start = serializers.DateTimeField(help_text="Of the first point of equity.")
    end = serializers.DateTimeField(help_text="Of the last point.")
    points = serializers.IntegerField(help_text="How many; stale ones are left out.")
    equity_start = AmountField(help_text="At the first point.")
    equity_end = AmountField(help_text="At the last point.")
    flows = AmountField(help_text="What came in between, less what left.")
    profit = AmountField(help_text="equity_end - equity_start - flows.")
    time_weighted = serializers.FloatField(
        allow_null=True,
        help_text="Return of the whole time, linked at every point; how much came in or "
        f"left does not change it. {_UNDEFINED}",
    )
    time_weighted_annual = serializers.FloatField(allow_null=True, help_text=_YEAR)
    money_weighted = serializers.FloatField(
        allow_null=True,
        help_text="Internal rate of return of the whole time. Null where no rate or more "
        "than one fits.",
    )
    money_weighted_annual = serializers.FloatField(allow_null=True, help_text=_YEAR)
    modified_dietz = serializers.FloatField(
        allow_null=True, help_text=f"Gain over the average capital. {_UNDEFINED}"
    )
    volatility = serializers.FloatField(
        allow_null=True,
        help_text=f"Deviation of daily returns, annualised with 365 days. {_UNDEFINED}",
    )
    sharpe = serializers.FloatField(
        allow_null=True, help_text=f"Of daily returns, riskless rate 0. {_UNDEFINED}"
    )
    sortino = serializers.FloatField(
        allow_null=True, help_text=f"Of daily returns, target 0. {_UNDEFINED}"
    )
    max_drawdown = serializers.FloatField(
        allow_null=True, help_text=f"The deepest fall, flows apart. {_UNDEFINED}"
    )


class TradeGroupOutput(serializers.Serializer[Any]):
    """What a market's fills, or a strategy's in one quote currency, came to."""

    name = serializers.CharField(
        help_text="The market or the strategy; empty where no strategy was named."
    )
    quote = serializers.CharField(help_text="What the amounts are in.")
    fills = serializers.IntegerField(source="sums.fills", help_text="How many.")
    volume = AmountField(source="sums.volume", help_text="Bought and sold together.")
    realised = AmountField(
        source="sums.realised", help_text="Profit at average cost, before fees."
    )
    fees = AmountField(source="sums.fees", help_text="Paid in quote or base.")
    fees_other = serializers.DictField(
        source="sums.fees_other",
        child=AmountField(),
        help_text="Paid in third currencies, by currency; not in the figures below.",
    )
    trades = serializers.IntegerField(
        source="sums.trades",
        help_text="Round trips that were closed: from flat to flat, or to dust.",
    )
    won = serializers.IntegerField(source="sums.won", help_text="With a profit.")
    lost = serializers.IntegerField(source="sums.lost", help_text="With a loss.")
    win_rate = serializers.SerializerMethodField(
        help_text="Won of all trades, a fraction. Null without trades."
    )
    profit_factor = serializers.SerializerMethodField(
        help_text="What was won for each unit lost. Null without a loss."
    )

    def get_win_rate(self, group: Any) -> float | None:
        """Return the share of trades that won."""
        sums: TradeSums = group.sums
        return sums.won / sums.trades if sums.trades else None

    def get_profit_factor(self, group: Any) -> float | None:
        """Return gains over losses."""
        sums: TradeSums = group.sums
        return float(sums.gained / sums.given) if sums.given else None


class TradeGroupsOutput(serializers.Serializer[Any]):
    """What the fills of the time came to."""

    by_symbol = TradeGroupOutput(many=True, help_text="By market.")
    by_strategy = TradeGroupOutput(
        many=True, help_text="By strategy and quote; each one's own positions alone."
    )


class PerformanceOutput(serializers.Serializer[Any]):
    """How well an account did."""

    currency = serializers.CharField(help_text="Of the amounts beside it.")
    realised = AmountField(
        allow_null=True,
        help_text="Profit at average cost before fees, in `currency` at prices now. Null "
        "where a price is missing, as below.",
    )
    unrealised = AmountField(
        allow_null=True, help_text="Of what is open now, at average cost."
    )
    fees = AmountField(allow_null=True, help_text="In all currencies, at prices now.")
    funding = AmountField(
        allow_null=True, help_text="What came as funding, less what was paid."
    )
    returns = ReturnsOutput(
        allow_null=True, help_text="Null with less than two points of equity."
    )
    trades = TradeGroupsOutput(
        allow_null=True, help_text="Null with more than 10,000 fills in the ledger."
    )
