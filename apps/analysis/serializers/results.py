"""Shapes of trades, equity curves and pictures."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.serializers import StrictSerializer
from apps.engines.contracts import ExitReason


class TradeOutput(serializers.Serializer[Any]):
    """A closed trade."""

    entry_time = serializers.DateTimeField(help_text="Open time of the entry's bar.")
    exit_time = serializers.DateTimeField(help_text="Open time of the exit's bar.")
    entry_bar = serializers.IntegerField(help_text="The entry's bar in the range.")
    exit_bar = serializers.IntegerField(help_text="The exit's bar in the range.")
    side = serializers.ChoiceField(choices=["long", "short"], help_text="Direction.")
    quantity = serializers.FloatField(help_text="Base units.")
    entry_price = serializers.FloatField(help_text="After slippage, on the tick.")
    exit_price = serializers.FloatField(help_text="After slippage, on the tick.")
    entry_fee = serializers.FloatField(help_text="Quote units.")
    exit_fee = serializers.FloatField(help_text="Quote units.")
    profit = serializers.FloatField(help_text="Quote units, after both fees.")
    exit_reason = serializers.ChoiceField(
        choices=[reason.value for reason in ExitReason], help_text="Why it ended."
    )
    gaps = serializers.IntegerField(help_text="Holes in the series that it spans.")


class TradePageOutput(serializers.Serializer[Any]):
    """Some trades, in order of entry."""

    results = TradeOutput(many=True, help_text="The trades.")
    next_offset = serializers.IntegerField(
        allow_null=True, help_text="Where the next page begins; null on the last."
    )


class EquityPointOutput(serializers.Serializer[Any]):
    """Cash plus position at a bar's close."""

    time = serializers.DateTimeField(help_text="The bar's open time.")
    equity = serializers.FloatField(help_text="Quote units.")


class EquityPageOutput(serializers.Serializer[Any]):
    """Some of an equity curve, oldest first."""

    results = EquityPointOutput(many=True, help_text="The points.")
    next_offset = serializers.IntegerField(
        allow_null=True, help_text="Where the next page begins; null on the last."
    )


class ResultPageInput(StrictSerializer):
    """Which part of which engine's result."""

    engine = serializers.CharField(
        required=False, max_length=32, help_text="Else the first that succeeded."
    )
    offset = serializers.IntegerField(
        default=0, min_value=0, max_value=10**9, help_text="Rows to pass over."
    )
    limit = serializers.IntegerField(
        default=200, min_value=1, max_value=5_000, help_text="Rows at the most."
    )


class ChartInput(StrictSerializer):
    """Which picture."""

    theme = serializers.ChoiceField(
        choices=["light", "dark"], default="light", help_text="Paper or screen."
    )
