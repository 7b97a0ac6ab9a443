"""Shapes of imports, instruments, series and candles."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from apps.core.serializers import StrictSerializer
from apps.market.enums import CandleFormat, Timeframe, TimeUnit
from apps.market.models import CandleSeries, Instrument
from apps.market.moments import iso_from_ns, ns_from_datetime
from apps.market.requests import GivenRules, ImportRequest, SimulationRequest

_TIMEFRAMES = [one.value for one in Timeframe]
_LONGEST_PAGE = 1000
# Fixed, so that a demonstration looks the same on every day.
_SIMULATED_START = datetime(2023, 1, 1, tzinfo=UTC)
_SIMULATED_END = datetime(2025, 1, 1, tzinfo=UTC)


def _rule(text: str) -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=36, decimal_places=18, min_value=0, required=False, help_text=text
    )


class RulesInput(StrictSerializer):
    """An instrument's rules, as far as they are stated."""

    price_tick = _rule("Prices are multiples of it, quote per base; e.g. 0.01.")
    quantity_step = _rule("Quantities are multiples of it, base units; e.g. 0.00001.")
    min_quantity = _rule("The smallest order, base units.")
    min_notional = _rule("The smallest order, quote units.")

    def rules(self) -> GivenRules:
        """Return what was stated."""
        names = ("price_tick", "quantity_step", "min_quantity", "min_notional")
        return GivenRules(*(self.validated_data.get(name) for name in names))


class CandlesImportInput(RulesInput):
    """A candle file and what is known about it."""

    file = serializers.FileField(
        max_length=1000,
        help_text="CSV, Parquet or Feather, plain or packed as .gz or one-file .zip.",
    )
    venue = serializers.CharField(
        max_length=32, help_text="Where it was traded, such as binance."
    )
    symbol = serializers.CharField(
        max_length=64, help_text="What was traded, as BASE/QUOTE, such as BTC/USDT."
    )
    timeframe = serializers.ChoiceField(
        choices=_TIMEFRAMES,
        required=False,
        help_text="The bars' length; found by the steps between rows when left out.",
    )
    format = serializers.ChoiceField(
        choices=[one.value for one in CandleFormat],
        default=CandleFormat.AUTO.value,
        help_text="The file's layout; found by its bytes when auto.",
    )
    time_unit = serializers.ChoiceField(
        choices=[one.value for one in TimeUnit],
        required=False,
        help_text="The unit of its times; found by their size when left out.",
    )
    replace = serializers.BooleanField(
        default=False,
        help_text="Overwrite stored bars that have other numbers, instead of refusing.",
    )

    def import_request(self) -> ImportRequest:
        """Return what was asked for."""
        data = self.validated_data
        timeframe, unit = data.get("timeframe"), data.get("time_unit")
        return ImportRequest(
            venue=data["venue"],
            symbol=data["symbol"],
            timeframe=Timeframe(timeframe) if timeframe else None,
            format=CandleFormat(data["format"]),
            time_unit=TimeUnit(unit) if unit else None,
            rules=self.rules(),
            replace=data["replace"],
        )


class CandlesSimulateInput(StrictSerializer):
    """Which synthetic candles to import; all defaults are fixed, so it is repeatable."""

    symbol = serializers.CharField(
        max_length=64, default="BTC/USDT", help_text="BTC/USDT, ETH/USDT or SOL/USDT."
    )
    timeframe = serializers.ChoiceField(
        choices=_TIMEFRAMES, default=Timeframe.H1.value, help_text="Up to 1d."
    )
    start = serializers.DateTimeField(
        default=_SIMULATED_START,
        help_text="First open time, inclusive; not before 2020-01-01.",
    )
    end = serializers.DateTimeField(
        default=_SIMULATED_END, help_text="The end, exclusive; not after now."
    )

    def simulation_request(self) -> SimulationRequest:
        """Return what was asked for."""
        data = self.validated_data
        return SimulationRequest(
            symbol=data["symbol"].strip().upper(),
            timeframe=Timeframe(data["timeframe"]),
            start=data["start"],
            end=data["end"],
        )


class CandlesQuery(StrictSerializer):
    """Which candles of a series to send."""

    start = serializers.DateTimeField(
        required=False, help_text="First open time, inclusive; from the first bar."
    )
    end = serializers.DateTimeField(
        required=False, help_text="The end, exclusive; to the last bar."
    )
    limit = serializers.IntegerField(
        min_value=1,
        max_value=_LONGEST_PAGE,
        default=500,
        help_text="The most candles on a page.",
    )
    cursor = serializers.CharField(
        max_length=32, required=False, help_text="As in `next` of the page before."
    )


class InstrumentOutput(serializers.ModelSerializer[Instrument]):
    """What is traded at a venue, and its rules."""

    price_tick = serializers.DecimalField(
        36, 18, normalize_output=True, help_text="Prices are multiples of it."
    )
    quantity_step = serializers.DecimalField(
        36, 18, normalize_output=True, help_text="Quantities are multiples of it."
    )
    min_quantity = serializers.DecimalField(
        36, 18, normalize_output=True, help_text="The smallest order, base units."
    )
    min_notional = serializers.DecimalField(
        36, 18, normalize_output=True, help_text="The smallest order, quote units."
    )
    rules_source = serializers.CharField(
        help_text="`given` by you, told by the `venue`, or `inferred` from candles."
    )
    maker_fee = serializers.DecimalField(
        36,
        18,
        normalize_output=True,
        allow_null=True,
        help_text="Of a resting order, as a fraction; null until the venue is asked.",
    )
    taker_fee = serializers.DecimalField(
        36,
        18,
        normalize_output=True,
        allow_null=True,
        help_text="Of an order that fills at once, likewise.",
    )
    active = serializers.BooleanField(
        help_text="False where the venue said that it is not traded."
    )
    delisted_at = serializers.DateTimeField(
        allow_null=True, help_text="Since when the venue does not list it any more."
    )
    rules_at = serializers.DateTimeField(
        allow_null=True, help_text="When the venue was asked last."
    )

    class Meta:
        model = Instrument
        fields = (
            "id",
            "venue",
            "symbol",
            "base",
            "quote",
            "price_tick",
            "quantity_step",
            "min_quantity",
            "min_notional",
            "rules_source",
            "maker_fee",
            "taker_fee",
            "active",
            "delisted_at",
            "rules_at",
            "created_at",
            "updated_at",
        )
        read_only_fields = fields


class SeriesLinksOutput(serializers.Serializer[Any]):
    """What can be read next."""

    self = serializers.CharField(help_text="This series.")
    candles = serializers.CharField(help_text="Its candles.")
    quality = serializers.CharField(help_text="Its quality report.")
    instrument = serializers.CharField(help_text="Its instrument and rules.")


class CandleSeriesOutput(serializers.ModelSerializer[CandleSeries]):
    """A candle series: what it holds, and where it came from."""

    venue = serializers.CharField(source="instrument.venue", help_text="Where.")
    symbol = serializers.CharField(source="instrument.symbol", help_text="What.")
    instrument = serializers.UUIDField(
        source="instrument_id", help_text="Its instrument."
    )
    first = serializers.SerializerMethodField(help_text="Open time of the first bar.")
    last = serializers.SerializerMethodField(help_text="Open time of the last bar.")
    gaps = serializers.IntegerField(help_text="Stretches of missing bars.")
    rows = serializers.IntegerField(help_text="How many bars it holds.")
    sha256 = serializers.CharField(help_text="Of its stored file.")
    time_unit = serializers.CharField(help_text="The unit of the source's times.")
    synthetic = serializers.BooleanField(help_text="Invented, never traded.")
    _links = serializers.SerializerMethodField(help_text="What can be read next.")

    class Meta:
        model = CandleSeries
        fields = (
            "id",
            "instrument",
            "venue",
            "symbol",
            "timeframe",
            "first",
            "last",
            "rows",
            "gaps",
            "price_decimals",
            "sha256",
            "revision",
            "source_name",
            "source_format",
            "time_unit",
            "synthetic",
            "created_at",
            "updated_at",
            "_links",
        )
        read_only_fields = fields

    @extend_schema_field(serializers.DateTimeField())
    def get_first(self, series: CandleSeries) -> str:
        """Return the first open time."""
        return iso_from_ns(ns_from_datetime(series.first))

    @extend_schema_field(serializers.DateTimeField())
    def get_last(self, series: CandleSeries) -> str:
        """Return the last open time."""
        return iso_from_ns(ns_from_datetime(series.last))

    @extend_schema_field(SeriesLinksOutput)
    def get__links(self, series: CandleSeries) -> dict[str, str]:
        """Return where to read on."""
        where = {"series_id": series.pk}
        return {
            "self": reverse("candle_series_detail", kwargs=where),
            "candles": reverse("candle_series_candles", kwargs=where),
            "quality": reverse("candle_series_quality", kwargs=where),
            "instrument": reverse(
                "instrument_detail", kwargs={"instrument_id": series.instrument_id}
            ),
        }


class CandleOutput(serializers.Serializer[Any]):
    """One bar; decimals are strings, prices on the tick."""

    time = serializers.DateTimeField(help_text="Open time.")
    open = serializers.CharField(help_text="First price, quote per base.")
    high = serializers.CharField(help_text="Highest price.")
    low = serializers.CharField(help_text="Lowest price.")
    close = serializers.CharField(help_text="Last price.")
    volume = serializers.CharField(help_text="Traded quantity, base units.")


class CandlesPageOutput(serializers.Serializer[Any]):
    """Candles, oldest first."""

    next = serializers.CharField(
        allow_null=True, help_text="Where the next page is; null on the last one."
    )
    results = CandleOutput(many=True, help_text="The candles.")
