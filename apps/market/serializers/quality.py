"""Shapes of the quality report."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rest_framework import serializers

from apps.core.serializers import StrictSerializer
from apps.market.enums import QualityTrigger, QualityVerdict
from apps.market.models import SeriesQuality

if TYPE_CHECKING:
    from collections.abc import Mapping


def _count(text: str) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=0, help_text=text)


def _fraction(text: str) -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=10,
        decimal_places=9,
        min_value=Decimal(0),
        max_value=Decimal(1),
        required=False,
        help_text=text,
    )


class HoleOutput(serializers.Serializer[Any]):
    """A stretch of missing bars."""

    start = serializers.DateTimeField(help_text="Open time of the first missing bar.")
    bars = _count("How many are missing.")


class GapsOutput(serializers.Serializer[Any]):
    """What is missing between the first and the last bar."""

    count = _count("Stretches of missing bars.")
    missing = _count("Missing bars in all of them.")
    largest = HoleOutput(many=True, help_text="The 20 longest, longest first.")


class DuplicatesOutput(serializers.Serializer[Any]):
    """Rows that repeat a time."""

    identical = _count("Equal in every number; left out.")
    conflicting = _count("With other numbers; the first was kept.")


class SeriesQualityOutput(serializers.Serializer[Any]):
    """The whole series as it is stored."""

    rows = _count("Bars.")
    first = serializers.DateTimeField(help_text="Open time of the first bar.")
    last = serializers.DateTimeField(help_text="Open time of the last bar.")
    expected = _count("Bars, had none been missing.")
    gaps = GapsOutput(help_text="What is missing.")


class ImportQualityOutput(SeriesQualityOutput):
    """The file of the last import."""

    accepted = serializers.BooleanField(help_text="Whether it was good enough.")
    refused = serializers.ListField(
        child=serializers.CharField(), help_text="Why not; empty when accepted."
    )
    rows = _count("Rows read.")
    kept = _count("Rows that were good to store.")
    duplicates = DuplicatesOutput(help_text="Rows that repeat a time.")
    out_of_order = _count("Rows earlier than the row before; sorted.")
    impossible = _count("Bars such as high below close; left out.")
    nan = _count("Rows with a missing or infinite number; left out.")
    zero_volume = _count("Bars without a trade; kept.")
    outliers = _count("Closes that jump and come back at once; kept.")
    off_grid = _count("Bars off the timeframe's grid.")
    unfinished = _count("Bars that were not over at the time of the import; left out.")
    rounded = _count("Prices that the stated tick's decimals changed.")
    samples = serializers.DictField(
        child=serializers.ListField(child=serializers.DictField()),
        help_text="Up to 20 examples of each finding, by its name.",
    )


class AskedOutput(serializers.Serializer[Any]):
    """What was asked for, where a range was."""

    start = serializers.DateTimeField(
        allow_null=True,
        help_text="The first open time, inclusive; null: the first bar.",
    )
    end = serializers.DateTimeField(
        allow_null=True, help_text="The end, exclusive; null: the last bar."
    )
    missing_before = _count("Bars from the asked start to the first bar there is.")


class QuietRunsOutput(serializers.Serializer[Any]):
    """Bars in which nothing happens."""

    bars = _count("How many there are.")
    runs = _count("In how many stretches.")
    longest = HoleOutput(allow_null=True, help_text="The longest stretch.")


class BreakOutput(serializers.Serializer[Any]):
    """A place where the series goes on as another market."""

    kind = serializers.ChoiceField(
        choices=["rescaled", "relisted", "halted"],
        help_text=(
            "`rescaled`: the price jumps tenfold or more between two bars, and stays; "
            "`relisted`: over a hole, a move that its volatility does not explain; "
            "`halted`: no bar for a week and longer."
        ),
    )
    before = serializers.DateTimeField(help_text="Open time of the last bar before.")
    after = serializers.DateTimeField(help_text="Open time of the first bar after.")
    missing = _count("Bars missing between the two.")
    close = serializers.FloatField(help_text="The last close before.")
    open = serializers.FloatField(help_text="The first open after.")
    ratio = serializers.FloatField(help_text="The open by the close.")


class BreaksOutput(serializers.Serializer[Any]):
    """Delisted and listed again under one name, or counted in other units."""

    count = _count("How many there are.")
    found = BreakOutput(many=True, help_text="The first 20.")


class SeriesReportOutput(SeriesQualityOutput):
    """Stored bars, of a whole series or a range of it."""

    coverage = serializers.DecimalField(
        7, 6, help_text="Bars as a fraction of those expected from first to last."
    )
    asked = AskedOutput(help_text="What was asked for.")
    as_of = serializers.DateTimeField(help_text="When it was measured.")
    age_bars = _count(
        "How many bars the last one falls short of the asked end, or now."
    )
    impossible = _count("Bars such as high below close.")
    nan = _count("Bars with a missing or infinite number.")
    duplicates = _count("Bars that are not later than the one before.")
    off_grid = _count("Bars off the timeframe's grid.")
    spikes = _count("Closes that jump 20 usual moves away and come back at once.")
    wicks = _count("Highs or lows 40 usual moves beyond open and close.")
    zero_volume = QuietRunsOutput(help_text="Bars without a trade.")
    frozen = QuietRunsOutput(
        help_text="Ten and more bars in a row that repeat a price."
    )
    breaks = BreaksOutput(help_text="Where it goes on as another market.")
    samples = serializers.DictField(
        child=serializers.ListField(child=serializers.DictField()),
        help_text="Up to 20 examples of `outliers` (spikes), `wicks`, `impossible`, …",
    )
    findings = serializers.ListField(
        child=serializers.CharField(), help_text="What is odd, as sentences."
    )


class QualityRecordOutput(serializers.ModelSerializer[SeriesQuality]):
    """How good a series was when it was looked at."""

    at = serializers.DateTimeField(help_text="When it was looked at.")
    revision = _count("The revision of the series that was measured.")
    trigger = serializers.ChoiceField(
        choices=[one.value for one in QualityTrigger],
        help_text="What had it looked at.",
    )
    verdict = serializers.ChoiceField(
        choices=[one.value for one in QualityVerdict],
        help_text="`bad` is what backtests refuse; `doubtful` has something to know.",
    )
    coverage = serializers.DecimalField(
        7, 6, help_text="Bars as a fraction of those expected."
    )
    report = SeriesReportOutput(help_text="All that was measured.")

    class Meta:
        model = SeriesQuality
        fields = ("id", "at", "revision", "trigger", "verdict", "coverage", "report")
        read_only_fields = fields


class QualityOutput(serializers.Serializer[Any]):
    """How good a series is, and what was found in the last file."""

    series = SeriesQualityOutput(help_text="The whole series as it is stored.")
    last_import = ImportQualityOutput(help_text="The file of the last import.")
    age_bars = _count("How many bars the last one falls short of now.")
    latest = QualityRecordOutput(
        allow_null=True,
        help_text="The newest look at it; null where it was stored before there was any.",
    )


class RunQualityOutput(serializers.Serializer[Any]):
    """How good the very bars of a run are."""

    verdict = serializers.ChoiceField(
        choices=[one.value for one in QualityVerdict],
        help_text="By the service's own thresholds.",
    )
    accepted_below = serializers.BooleanField(
        help_text="Whether it ran although its bars are below the limits asked for."
    )
    below = serializers.ListField(
        child=serializers.CharField(),
        help_text="By which measures they are, with values and limits; else empty.",
    )
    limits = serializers.DictField(
        child=serializers.CharField(allow_null=True),
        help_text="What they were held against, by the names of the request.",
    )
    report = SeriesReportOutput(help_text="All that was measured.")


class QualityGateInput(StrictSerializer):
    """How good the bars must be; what is left out is as the service has it."""

    minimum_coverage = _fraction(
        "Bars as a fraction of those expected from the first to the last in the range."
    )
    maximum_spike_fraction = _fraction(
        "Spikes that revert, of the bars; in a short range as many more as chance makes."
    )
    maximum_impossible_fraction = _fraction("Impossible bars, of the bars.")
    maximum_frozen_fraction = _fraction(
        "Bars in runs of ten and more that repeat one price, of the bars."
    )
    maximum_breaks = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=10**6,
        help_text="Places where the series goes on as another market.",
    )
    maximum_age_bars = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=10**9,
        help_text="How many bars the last one may fall short of the end, or of now.",
    )
    accept_below = serializers.BooleanField(
        default=False,
        help_text="Run on bars that are not good enough, and say so in the result.",
    )


def quality_options(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a gate's limits is stated, as plain values for a job."""
    return {
        name: f"{value.normalize():f}" if isinstance(value, Decimal) else value
        for name, value in data.items()
        if value is not False
    }
