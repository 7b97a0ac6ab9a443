"""Shapes of what quotes were worth: figures, fills and records."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.analysis.enums import FillSide
from apps.core.serializers import StrictSerializer


def _number(text: str) -> serializers.FloatField:
    return serializers.FloatField(help_text=text)


def _or_null(text: str) -> serializers.FloatField:
    return serializers.FloatField(allow_null=True, help_text=text)


def _count(text: str) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=0, help_text=text)


def _page(text: str) -> serializers.IntegerField:
    return serializers.IntegerField(allow_null=True, help_text=text)


class MakingFiguresOutput(serializers.Serializer[Any]):
    """What quotes on a captured order book were worth."""

    quotes = _count("Orders that were sent.")
    refused = _count("Of these, refused by the exchange, since they would have taken.")
    fills = _count("Orders that were filled, each as a whole.")
    buys = _count("Of these, bought.")
    sells = _count("Of these, sold.")
    fill_ratio = _or_null("Fills to orders that were sent; null without any.")
    spread_capture_bps = _or_null(
        "Mean distance of the fills from the middle just before them, in our favour, "
        "basis points of the middle, before fees; null without any."
    )
    adverse_selection_bps = _or_null(
        "Mean move of the middle against the fills over `horizon_ms`, basis points; what "
        "is kept of the spread is the capture less this. Null without any."
    )
    final_equity = _number(
        "Cash and inventory at the middle at the end, after fees, quote units; from 0."
    )
    maximum_drawdown = _number(
        "Largest fall of the recorded equity from its highest before, quote units."
    )
    final_inventory = _number("At the end, base units; negative is short.")
    maximum_inventory = _number(
        "Largest after any fill, on whichever side, base units."
    )
    turnover = _number("Price times quantity of all fills, quote units.")
    fees = _number("Of all fills, quote units; negative is a rebate.")
    events = _count("Rows of the capture that were played.")
    records = _count("Points of the equity curve.")


class FillOutput(serializers.Serializer[Any]):
    """A quote that was filled."""

    time = serializers.DateTimeField(help_text="When, by the exchange's clock.")
    side = serializers.ChoiceField(choices=FillSide.choices, help_text="Direction.")
    price = _number("Quote per base.")
    quantity = _number("Base units.")
    fee = _number("Quote units; negative is a rebate.")
    mid = _or_null("The exchange's middle just before; null where there was none.")
    mid_after = _or_null("The middle `horizon_ms` later; null past the capture's end.")


class FillPageOutput(serializers.Serializer[Any]):
    """Some fills, in order of time."""

    results = FillOutput(many=True, help_text="The fills.")
    next_offset = _page("Where the next page begins; null on the last.")


class MakingRecordOutput(serializers.Serializer[Any]):
    """How things stood at a time."""

    time = serializers.DateTimeField(help_text="When, by our clock.")
    mid = _number("The book's middle as we knew it, quote per base.")
    inventory = _number("From the fills that we knew of, base units.")
    equity = _number("Cash and inventory at the middle, after fees; quote units.")


class MakingRecordPageOutput(serializers.Serializer[Any]):
    """Some records, oldest first."""

    results = MakingRecordOutput(many=True, help_text="The records.")
    next_offset = _page("Where the next page begins; null on the last.")


class MakingPageInput(StrictSerializer):
    """Which part of a result."""

    offset = serializers.IntegerField(
        default=0, min_value=0, max_value=10**9, help_text="Rows to pass over."
    )
    limit = serializers.IntegerField(
        default=200, min_value=1, max_value=5_000, help_text="Rows at the most."
    )
