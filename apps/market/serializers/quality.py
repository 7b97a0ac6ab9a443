"""Shapes of the quality report."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


def _count(text: str) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=0, help_text=text)


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


class QualityOutput(serializers.Serializer[Any]):
    """How good a series is, and what was found in the last file."""

    series = SeriesQualityOutput(help_text="The whole series as it is stored.")
    last_import = ImportQualityOutput(help_text="The file of the last import.")
