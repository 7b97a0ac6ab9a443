"""What is asked of engines: shared by backtests and parity runs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from apps.analysis.enums import RunMode
from apps.core.amounts import NumberField, RateField, exact_digits
from apps.core.serializers import StrictSerializer
from apps.market.serializers import QualityGateInput, quality_options

AUTO, MODEL = "auto", "model"
# What an option is where nothing is asked of it.
AT_REST = {"levels": 1, "book": AUTO}


class ExecutionInput(StrictSerializer):
    """The way to the market and the book there, for engines that have one."""

    feed_latency_ms = serializers.FloatField(
        default=0, min_value=0, max_value=60_000, help_text="From the exchange to us."
    )
    order_latency_ms = serializers.FloatField(
        default=0, min_value=0, max_value=60_000, help_text="From us to the exchange."
    )
    book = serializers.ChoiceField(
        choices=[
            (AUTO, "captured depth where a capture covers the bars, else the model"),
            (MODEL, "the book that is modelled from the bars, in any case"),
        ],
        default=AUTO,
        help_text=(
            "Which order book. A figure of the modelled one (`spread_bps`, `levels`, "
            "`level_depth`) asks for it too."
        ),
    )
    spread_bps = serializers.FloatField(
        default=0,
        min_value=0,
        max_value=1_000,
        help_text="The whole spread of a book modelled from bars, basis points.",
    )
    levels = serializers.IntegerField(
        default=1, min_value=1, max_value=100, help_text="Levels of a modelled book."
    )
    level_depth = serializers.FloatField(
        default=None,
        allow_null=True,
        min_value=0.000001,
        max_value=10**12,
        help_text="What each level holds, quote units; null: as much as is asked.",
    )


class RunInput(StrictSerializer):
    """What is to be run on what: shared by backtests and parity runs."""

    series = serializers.UUIDField(source="series_id", help_text="A candle series.")
    strategy = serializers.UUIDField(source="strategy_id", help_text="A strategy.")
    version = serializers.IntegerField(
        required=False,
        min_value=1,
        help_text="The strategy's version; else the latest.",
    )
    engines = serializers.ListField(
        child=serializers.CharField(max_length=32),
        default=["reference", "vectorbt"],
        max_length=16,
        help_text="Engines, each once; see `GET /api/v1/engines/`.",
    )
    mode = serializers.ChoiceField(
        choices=RunMode.choices,
        default=RunMode.EXACT,
        help_text="`exact`: by the fill contract; `native`: by the engines' defaults.",
    )
    execution = ExecutionInput(
        required=False,
        help_text="Latency and spread, for engines whose capabilities have latency.",
    )
    capital = serializers.DecimalField(
        max_digits=36,
        decimal_places=18,
        min_value=Decimal("0.000001"),
        max_value=Decimal(10) ** 12,
        validators=[exact_digits],
        default=Decimal(10_000),
        help_text="Cash at the start, quote units; at most 15 significant digits.",
    )
    fees = RateField(
        required=False,
        help_text="Rate per fill, `0.001` is 10 basis points; else the strategy's.",
    )
    slippage = RateField(
        required=False,
        help_text="Rate per fill; else the strategy's.",
    )
    start = serializers.DateTimeField(
        required=False, help_text="The first bar's open time, inclusive."
    )
    end = serializers.DateTimeField(required=False, help_text="Exclusive.")
    parameters = serializers.DictField(
        child=NumberField(),
        default=dict,
        help_text="Values for the strategy's parameters; the rest take defaults.",
    )

    quality = QualityGateInput(
        required=False,
        help_text="How good the candles of the range must be; else as the service says.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for a range in order."""
        start, end = attrs.get("start"), attrs.get("end")
        if start and end and start >= end:
            msg = "start must be before end."
            raise serializers.ValidationError({"start": msg})
        execution = attrs.get("execution", {})
        # What is at rest is left out, so that equal requests are equal.
        moved = {
            name: value
            for name, value in execution.items()
            if value not in {0, None, AT_REST.get(name)}
        }
        return attrs | {
            "engines": tuple(attrs["engines"]),
            "execution": moved,
            "quality": quality_options(attrs.get("quality", {})),
        }
