"""Shapes of where engines part, and of what their defaults cost."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.analysis.serializers.matches import CAUSES


class DivergenceTradeOutput(serializers.Serializer[Any]):
    """A trade, as one side had it."""

    entry_bar = serializers.IntegerField(help_text="Counted from 0 in the range.")
    entry_time = serializers.DateTimeField(help_text="Open time of that bar.")
    exit_bar = serializers.IntegerField(help_text="Counted from 0 in the range.")
    exit_time = serializers.DateTimeField(help_text="Open time of that bar.")
    side = serializers.ChoiceField(choices=["long", "short"], help_text="Direction.")
    quantity = serializers.FloatField(help_text="Base units.")
    entry_price = serializers.FloatField(help_text="Quote per base.")
    exit_price = serializers.FloatField(help_text="Quote per base.")
    fees = serializers.FloatField(allow_null=True, help_text="Both, quote units.")
    profit = serializers.FloatField(allow_null=True, help_text="After fees.")
    exit_reason = serializers.CharField(help_text="Why it ended.")


class DivergenceBarOutput(serializers.Serializer[Any]):
    """A bar around the divergence."""

    bar = serializers.IntegerField(help_text="Counted from 0 in the range.")
    time = serializers.DateTimeField(help_text="Its open time.")
    open = serializers.FloatField(help_text="First price.")
    high = serializers.FloatField(help_text="Highest price.")
    low = serializers.FloatField(help_text="Lowest price.")
    close = serializers.FloatField(help_text="Last price.")
    volume = serializers.FloatField(help_text="Base units.")
    sides = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="What each side wanted and did on it.",
    )


class DivergenceOutput(serializers.Serializer[Any]):
    """Where two participants part first, and why."""

    first = serializers.CharField(help_text="One side.")
    second = serializers.CharField(help_text="The other.")
    bar = serializers.IntegerField(help_text="Where they part, counted from 0.")
    time = serializers.DateTimeField(help_text="That bar's open time.")
    cause = serializers.ChoiceField(choices=CAUSES, help_text="Why, in a word.")
    detail = serializers.CharField(help_text="Why, in a sentence.")
    sides = serializers.DictField(
        child=DivergenceTradeOutput(allow_null=True),
        help_text="Each side's trade; null where it has none.",
    )
    bars = DivergenceBarOutput(many=True, help_text="The bars around.")


class CauseCostOutput(serializers.Serializer[Any]):
    """What one cause comes to."""

    cause = serializers.ChoiceField(choices=CAUSES, help_text="The cause.")
    trades = serializers.IntegerField(help_text="Trades that differ by it.")
    profit = serializers.FloatField(help_text="What they add, quote units.")
    example = serializers.CharField(help_text="The first of them, in a sentence.")


class LessonOutput(serializers.Serializer[Any]):
    """What an engine's defaults cost against the fill contract."""

    engine = serializers.CharField(help_text="The engine, by its own defaults.")
    against = serializers.CharField(help_text="The exact run it is held against.")
    exact_trades = serializers.IntegerField(help_text="Trades by the contract.")
    native_trades = serializers.IntegerField(help_text="Trades by its defaults.")
    exact_profit = serializers.FloatField(help_text="Quote units.")
    native_profit = serializers.FloatField(help_text="Quote units.")
    costs = CauseCostOutput(many=True, help_text="By cause; they add up.")
