"""Shapes of asking for a strategy as a file."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.amounts import RateField
from apps.core.serializers import StrictSerializer
from apps.strategies.export import ExportEngine


class ExportEngineField(serializers.ChoiceField):
    """An engine that strategies can be taken to; a refusal names them all."""

    def __init__(self, **options: Any) -> None:
        choices = [engine.value for engine in ExportEngine]
        unknown = f"There is no export to {{input!r}}; there are {', '.join(choices)}."
        super().__init__(
            choices=choices, error_messages={"invalid_choice": unknown}, **options
        )

    def to_internal_value(self, data: Any) -> ExportEngine:
        """Return the engine of a name."""
        return ExportEngine(super().to_internal_value(data))


class StrategyExportInput(StrictSerializer):
    """Where the strategy is to run, and the market and costs that it is written for."""

    engine = ExportEngineField(help_text="Where it is to run.")
    version = serializers.IntegerField(
        required=False, min_value=1, help_text="Else the latest."
    )
    series = serializers.UUIDField(
        required=False,
        help_text="A candle series whose market it is to trade: its names, tick, step "
        "and minimums go into the file. Else these are a first guess.",
    )
    slippage = RateField(
        required=False,
        help_text="Rate per fill; else the strategy's. freqtrade knows none but 0.",
    )
