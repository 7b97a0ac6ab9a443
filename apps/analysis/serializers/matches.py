"""Shapes of a comparison's rows."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.analysis.parity.contracts import Cause
from apps.core.serializers import StrictSerializer

CAUSES = [cause.value for cause in Cause]


class MatchesInput(StrictSerializer):
    """Which rows of which comparison."""

    first = serializers.CharField(
        required=False, max_length=80, help_text="One side; else of the first pair."
    )
    second = serializers.CharField(
        required=False, max_length=80, help_text="The other side."
    )
    differing = serializers.BooleanField(
        default=False, help_text="Only trades that differ."
    )
    offset = serializers.IntegerField(
        default=0, min_value=0, max_value=10**9, help_text="Rows to pass over."
    )
    limit = serializers.IntegerField(
        default=200, min_value=1, max_value=5_000, help_text="Rows at the most."
    )


class MatchSideOutput(serializers.Serializer[Any]):
    """A trade of one side."""

    trade = serializers.IntegerField(help_text="Its number among that side's trades.")
    side = serializers.ChoiceField(choices=["long", "short"], help_text="Direction.")
    entry_time = serializers.DateTimeField(help_text="Open time of the entry's bar.")
    exit_time = serializers.DateTimeField(help_text="Open time of the exit's bar.")
    entry_bar = serializers.IntegerField(help_text="Counted from 0 in the range.")
    exit_bar = serializers.IntegerField(help_text="Counted from 0 in the range.")
    quantity = serializers.FloatField(help_text="Base units.")
    entry_price = serializers.FloatField(help_text="Quote per base.")
    exit_price = serializers.FloatField(help_text="Quote per base.")
    fees = serializers.FloatField(allow_null=True, help_text="Both, quote units.")
    profit = serializers.FloatField(allow_null=True, help_text="After fees.")
    exit_reason = serializers.CharField(help_text="Why it ended.")


class MatchOutput(serializers.Serializer[Any]):
    """Two trades side by side."""

    cause = serializers.ChoiceField(
        choices=CAUSES, allow_null=True, help_text="Why they differ; null: equal."
    )
    detail = serializers.CharField(help_text="Why, in a sentence; empty: equal.")
    within_tolerance = serializers.BooleanField(help_text="Whether it is allowed.")
    follows = serializers.BooleanField(help_text="From an earlier difference.")
    profit_difference = serializers.FloatField(
        allow_null=True, help_text="The second's profit less the first's."
    )
    first = MatchSideOutput(allow_null=True, help_text="Null: it has no such trade.")
    second = MatchSideOutput(allow_null=True, help_text="Null: it has no such trade.")


class MatchPageOutput(serializers.Serializer[Any]):
    """Some rows of a comparison, in order of entry."""

    results = MatchOutput(many=True, help_text="The rows.")
    next_offset = serializers.IntegerField(
        allow_null=True, help_text="Where the next page begins; null on the last."
    )
