"""Shapes of the indicator catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.indicators.contracts import Category, Scaling

if TYPE_CHECKING:
    from apps.indicators.contracts import IndicatorSpec


class IndicatorParameterOutput(serializers.Serializer[Any]):
    """A number that a strategy may choose."""

    name = serializers.CharField(help_text="As in a strategy's `parameters`.")
    kind = serializers.ChoiceField(choices=["int", "float"], help_text="Whole or not.")
    default = serializers.FloatField(help_text="Taken when nothing is said.")
    minimum = serializers.FloatField(help_text="The smallest allowed.")
    maximum = serializers.FloatField(help_text="The largest allowed.")
    description = serializers.CharField(help_text="What it does, and its unit.")


class IndicatorSeriesOutput(serializers.Serializer[Any]):
    """A series that the indicator gives."""

    name = serializers.CharField(help_text="As in a rule: `bands.upper`.")
    description = serializers.CharField(help_text="What it shows.")
    scaling = serializers.ChoiceField(
        choices=[scaling.value for scaling in Scaling], help_text="Its unit."
    )


class IndicatorOutput(serializers.Serializer[Any]):
    """An indicator of the catalogue."""

    name = serializers.CharField(help_text="As in a strategy's `indicator`.")
    title = serializers.CharField(help_text="For people.")
    category = serializers.ChoiceField(
        choices=[category.value for category in Category], help_text="What it measures."
    )
    description = serializers.CharField(help_text="What it tells.")
    inputs = serializers.ListField(
        child=serializers.CharField(), help_text="`real` is any one series."
    )
    parameters = IndicatorParameterOutput(many=True, help_text="What may be chosen.")
    outputs = IndicatorSeriesOutput(many=True, help_text="What it gives.")
    warmup = serializers.SerializerMethodField(
        help_text="Leading bars without a value, with the default parameters."
    )
    source = serializers.CharField(  # type: ignore[assignment]  # DRF's own name
        help_text="Where the formula is published."
    )

    @extend_schema_field(OpenApiTypes.INT)
    def get_warmup(self, spec: IndicatorSpec) -> int:
        """Return the warm-up with default parameters."""
        return spec.warmup({each.name: each.default for each in spec.parameters})
