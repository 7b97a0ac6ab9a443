"""Shapes of backfills, days of trades and resampling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import serializers

from apps.core.serializers import StrictSerializer
from apps.market.enums import GapKind, Timeframe
from apps.market.filling.request import MOST_SYMBOLS, BackfillRequest, TradesRequest
from apps.market.models import CandleGap, TradeDay
from apps.market.resampling.request import ResampleRequest

if TYPE_CHECKING:
    from apps.users.models import User

_TIMEFRAMES = [one.value for one in Timeframe]
_EXCHANGE = "Its id, as in GET /api/v1/exchanges/; e.g. binance."
_START = "First open time, inclusive; e.g. 2024-01-01T00:00:00Z."


class KeepUpdatedInput(StrictSerializer):
    """How a backfill goes on by itself."""

    every_seconds = serializers.IntegerField(
        min_value=60, help_text="How often to fetch what is new, at least 60."
    )


class CandlesBackfillInput(StrictSerializer):
    """Which candles to fetch from an exchange."""

    exchange = serializers.CharField(max_length=32, help_text=_EXCHANGE)
    symbols = serializers.ListField(
        child=serializers.CharField(max_length=64),
        min_length=1,
        max_length=MOST_SYMBOLS,
        help_text="1 to 200 markets, such as BTC/USDT.",
    )
    timeframe = serializers.ChoiceField(
        choices=_TIMEFRAMES, required=False, help_text="The bars' length."
    )
    timeframes = serializers.ListField(
        child=serializers.ChoiceField(choices=_TIMEFRAMES),
        required=False,
        min_length=1,
        max_length=len(_TIMEFRAMES),
        help_text="Several lengths, instead of `timeframe`.",
    )
    start = serializers.DateTimeField(help_text=_START)
    end = serializers.DateTimeField(
        required=False,
        allow_null=True,
        help_text="The end, exclusive, not after now; up to the last whole bar if left "
        "out.",
    )
    replace = serializers.BooleanField(
        default=False,
        help_text="Ask for everything anew, and overwrite what differs.",
    )
    recheck_gaps = serializers.BooleanField(
        default=False, help_text="Ask once more for gaps that were confirmed."
    )
    keep_updated = KeepUpdatedInput(
        required=False, help_text="Put it on a schedule, which fetches what is new."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Want exactly one of the two ways to say the bars' lengths."""
        if ("timeframe" in attrs) == ("timeframes" in attrs):
            said = "not both" if "timeframe" in attrs else "one of them is needed"
            message = f"Give timeframe or timeframes: {said}."
            raise serializers.ValidationError({"timeframe": [message]})
        return attrs

    def backfill_request(self) -> BackfillRequest:
        """Return what was asked for."""
        data = self.validated_data
        lengths = data.get("timeframes") or [data["timeframe"]]
        return BackfillRequest(
            exchange=data["exchange"].strip().lower(),
            symbols=tuple(
                dict.fromkeys(one.strip().upper() for one in data["symbols"])
            ),
            timeframes=tuple(dict.fromkeys(Timeframe(one) for one in lengths)),
            start=data["start"],
            end=data.get("end"),
            replace=data["replace"],
            recheck_gaps=data["recheck_gaps"],
        )

    def every_seconds(self) -> int | None:
        """Return how often to go on, or None."""
        kept = self.validated_data.get("keep_updated")
        return None if kept is None else int(kept["every_seconds"])


class TradesBackfillInput(StrictSerializer):
    """Which public trades to fetch from an exchange."""

    exchange = serializers.CharField(max_length=32, help_text=_EXCHANGE)
    symbol = serializers.CharField(
        max_length=64, help_text="The market, such as BTC/USDT."
    )
    start = serializers.DateTimeField(
        help_text="The first moment; its whole day (UTC) is fetched."
    )
    end = serializers.DateTimeField(
        required=False,
        allow_null=True,
        help_text="The end, exclusive, not after now; its whole day is fetched. Up to "
        "now if left out.",
    )
    replace = serializers.BooleanField(
        default=False, help_text="Fetch complete days anew."
    )

    def trades_request(self) -> TradesRequest:
        """Return what was asked for."""
        data = self.validated_data
        return TradesRequest(
            exchange=data["exchange"].strip().lower(),
            symbol=data["symbol"].strip().upper(),
            start=data["start"],
            end=data.get("end"),
            replace=data["replace"],
        )


class CandlesResampleInput(StrictSerializer):
    """Which bars to make of what is stored."""

    series = serializers.UUIDField(
        required=False, help_text="A series, whose bars are joined to longer ones."
    )
    instrument = serializers.UUIDField(
        required=False, help_text="Or an instrument, of whose trades bars are made."
    )
    timeframe = serializers.ChoiceField(
        choices=_TIMEFRAMES, help_text="The length of the bars to make."
    )
    gaps_are_empty = serializers.BooleanField(
        default=False,
        help_text="Count bars that are confirmed to be missing at the exchange as "
        "nothing; otherwise a hole makes a hole.",
    )
    flat = serializers.BooleanField(
        default=False,
        help_text="Of trades: make a flat bar at the last close where none happened.",
    )
    replace = serializers.BooleanField(
        default=False, help_text="Overwrite stored bars that have other numbers."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Want exactly one source."""
        if ("series" in attrs) == ("instrument" in attrs):
            message = "Give series or instrument: one of them, not both."
            raise serializers.ValidationError({"series": [message]})
        return attrs

    def resample_request(self) -> ResampleRequest:
        """Return what was asked for."""
        data = self.validated_data
        return ResampleRequest(
            timeframe=Timeframe(data["timeframe"]),
            series_id=data.get("series"),
            instrument_id=data.get("instrument"),
            gaps_are_empty=data["gaps_are_empty"],
            flat=data["flat"],
            replace=data["replace"],
        )


class CandleGapOutput(serializers.ModelSerializer[CandleGap]):
    """A stretch that the exchange was asked for twice and does not have."""

    kind = serializers.ChoiceField(
        choices=[one.value for one in GapKind],
        help_text="`hole` within the series, or `leading` before its first bar.",
    )
    first = serializers.DateTimeField(help_text="Open time of the first missing bar.")
    last = serializers.DateTimeField(help_text="Open time of the last missing bar.")
    bars = serializers.IntegerField(help_text="How many bars are missing.")
    asked = serializers.IntegerField(help_text="How often the exchange was asked.")
    confirmed_at = serializers.DateTimeField(help_text="When it was asked last.")

    class Meta:
        model = CandleGap
        fields = ("kind", "first", "last", "bars", "asked", "confirmed_at")
        read_only_fields = fields


class TradeDayOutput(serializers.ModelSerializer[TradeDay]):
    """One instrument's public trades of one UTC day."""

    venue = serializers.CharField(source="instrument.venue", help_text="Where.")
    symbol = serializers.CharField(source="instrument.symbol", help_text="What.")
    instrument = serializers.UUIDField(
        source="instrument_id", help_text="Its instrument."
    )
    day = serializers.DateField(help_text="The day, UTC.")
    rows = serializers.IntegerField(help_text="How many trades it has.")
    first = serializers.DateTimeField(allow_null=True, help_text="The first trade.")
    last = serializers.DateTimeField(allow_null=True, help_text="The last trade.")
    first_id = serializers.CharField(help_text="The first trade's id at the exchange.")
    last_id = serializers.CharField(help_text="The last trade's id at the exchange.")
    complete = serializers.BooleanField(
        help_text="Whether the day was over, and these are all of its trades. Bars are "
        "made of complete days only."
    )
    suspect = serializers.CharField(
        help_text="Why trades may be missing: `head`, `gap` or `crowded`; empty if "
        "nothing says so. Fetch the day with `replace` to clear it."
    )
    size = serializers.IntegerField(help_text="Bytes of its stored file.")
    sha256 = serializers.CharField(help_text="Of its stored file.")

    class Meta:
        model = TradeDay
        fields = (
            "id",
            "instrument",
            "venue",
            "symbol",
            "day",
            "rows",
            "first",
            "last",
            "first_id",
            "last_id",
            "complete",
            "suspect",
            "size",
            "sha256",
            "created_at",
            "updated_at",
        )
        read_only_fields = fields


def backfill_payload(actor: User, payload: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    """Return a schedule's payload for backfills; `end` is each job's own moment.

    Raises:
        ValidationError: It is no backfill that can be repeated.
    """
    data = CandlesBackfillInput(data=payload)
    data.is_valid(raise_exception=True)
    refused = [one for one in ("end", "replace", "keep_updated") if payload.get(one)]
    if refused:
        message = "A schedule fetches what is new; leave this out."
        raise serializers.ValidationError({one: [message] for one in refused})
    return data.backfill_request().as_json()


def trades_payload(actor: User, payload: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    """Return a schedule's payload for trades; `end` is each job's own moment.

    Raises:
        ValidationError: It is no request that can be repeated.
    """
    data = TradesBackfillInput(data=payload)
    data.is_valid(raise_exception=True)
    refused = [one for one in ("end", "replace") if payload.get(one)]
    if refused:
        message = "A schedule fetches what is new; leave this out."
        raise serializers.ValidationError({one: [message] for one in refused})
    return data.trades_request().as_json()
