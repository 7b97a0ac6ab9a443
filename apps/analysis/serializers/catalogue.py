"""Shapes of engines and metrics: what there is to choose from and to read."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.engines.contracts import SizingKind
from apps.measures.spec import MetricUnit


class EngineCapabilitiesOutput(serializers.Serializer[Any]):
    """What an engine can honour; what it cannot is refused by name before a run."""

    shorts = serializers.BooleanField(help_text="Short positions.")
    stop_loss = serializers.BooleanField(help_text="Stop losses.")
    take_profit = serializers.BooleanField(help_text="Take profits.")
    trailing_stop = serializers.BooleanField(help_text="Trailing stops.")
    sizing = serializers.ListField(
        child=serializers.ChoiceField(choices=[kind.value for kind in SizingKind]),
        help_text="Ways of sizing an entry.",
    )
    fees = serializers.BooleanField(help_text="Fees at each fill.")
    slippage = serializers.BooleanField(help_text="Slippage at each fill.")
    partial_fills = serializers.BooleanField(help_text="Orders filled in parts.")
    latency = serializers.BooleanField(help_text="Time between signal and fill.")
    data_kinds = serializers.ListField(
        child=serializers.CharField(), help_text="What it runs on."
    )
    native_indicators = serializers.ListField(
        child=serializers.CharField(),
        help_text="Indicators that it has of its own, which native runs use.",
    )


class EngineOutput(serializers.Serializer[Any]):
    """A backtest engine."""

    name = serializers.CharField(help_text="For requests, such as `vectorbt`.")
    title = serializers.CharField(help_text="For people.")
    description = serializers.CharField(help_text="What it is, in a sentence.")
    licence = serializers.CharField(help_text="Of the engine itself.")
    available = serializers.BooleanField(help_text="Whether it can be used here.")
    unavailable_reason = serializers.CharField(
        allow_null=True, help_text="Why it cannot, and what to do."
    )
    version = serializers.CharField(allow_null=True, help_text="The one installed.")
    capabilities = EngineCapabilitiesOutput(help_text="What it can honour.")


class MetricOutput(serializers.Serializer[Any]):
    """A measure of a run, with its formula and where that is from."""

    name = serializers.CharField(help_text="As in a run's `metrics`.")
    title = serializers.CharField(help_text="For people.")
    unit = serializers.ChoiceField(
        choices=[unit.value for unit in MetricUnit], help_text="What one of it is."
    )
    description = serializers.CharField(help_text="What it tells; when undefined.")
    formula = serializers.CharField(help_text="How it is computed.")
    source = serializers.CharField(  # type: ignore[assignment]  # DRF's own name
        help_text="Where the formula is from."
    )
