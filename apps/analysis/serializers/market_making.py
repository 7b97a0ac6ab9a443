"""Shapes of market-making runs: what was asked, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from apps.analysis.models import MarketMakingRun
from apps.analysis.serializers.making_figures import MakingFiguresOutput
from apps.analysis.serializers.making_input import LATENCY_MODELS, QUEUE_MODELS
from apps.jobs.serializers import JobOutput

if TYPE_CHECKING:
    from collections.abc import Callable


class QuotingOutput(serializers.Serializer[Any]):
    """How was quoted."""

    half_spread_bps = serializers.FloatField(help_text="To the nearest quote.")
    skew_bps = serializers.FloatField(help_text="Against a full inventory.")
    order_quantity = serializers.CharField(help_text="Each quote's size, base units.")
    grid_levels = serializers.IntegerField(help_text="Quotes on each side.")
    grid_step_bps = serializers.FloatField(help_text="From one quote to the next.")
    max_position = serializers.CharField(help_text="The largest inventory, base units.")
    interval_ms = serializers.FloatField(help_text="Quotes were renewed this often.")


class MarketMakingLinksOutput(serializers.Serializer[Any]):
    """Where the parts of the result are."""

    self = serializers.CharField(help_text="This run.")
    job = serializers.CharField(help_text="Its job: state, progress, cancel.")
    capture = serializers.CharField(
        allow_null=True, help_text="What was played; null once it was deleted."
    )
    fills = serializers.CharField(help_text="Its fills.")
    equity = serializers.CharField(help_text="Middle, inventory and equity over time.")


def _or_null(field: Callable[..., Any], text: str) -> Any:
    return field(read_only=True, allow_null=True, help_text=text)


class MarketMakingOutput(serializers.ModelSerializer[MarketMakingRun]):
    """A market-making run: what was asked, its job, and what came of it."""

    capture = serializers.UUIDField(
        source="capture_id",
        read_only=True,
        allow_null=True,
        help_text="The capture; null once it was deleted.",
    )
    quoting = QuotingOutput(read_only=True, help_text="How was quoted.")
    queue_model = serializers.ChoiceField(
        choices=QUEUE_MODELS, read_only=True, help_text="How orders moved up in queues."
    )
    queue_power = _or_null(
        serializers.FloatField, "Its exponent; null for a model without."
    )
    latency_model = serializers.ChoiceField(
        choices=LATENCY_MODELS, read_only=True, help_text="How long orders took."
    )
    entry_latency_ms = _or_null(
        serializers.FloatField, "To the exchange; null unless constant."
    )
    response_latency_ms = _or_null(
        serializers.FloatField, "Back from it; null unless constant."
    )
    latency_factor = _or_null(
        serializers.FloatField, "Of the feed's latency; null unless the feed's."
    )
    metrics = MakingFiguresOutput(
        read_only=True, allow_null=True, help_text="Null until the job has succeeded."
    )
    notes = serializers.ListField(
        child=serializers.CharField(),
        read_only=True,
        help_text="What a reader must know: the models, and why fills are whole.",
    )
    versions = serializers.DictField(
        child=serializers.CharField(),
        read_only=True,
        help_text="Libraries that took part.",
    )
    provenance = serializers.DictField(
        read_only=True,
        help_text="What the result depends on, the capture's sha256 included.",
    )
    job = JobOutput(read_only=True, help_text="The work itself.")
    _links = serializers.SerializerMethodField(help_text="Where the parts are.")

    class Meta:
        model = MarketMakingRun
        fields = (
            "id",
            "capture",
            "quoting",
            "maker_fee",
            "taker_fee",
            "queue_model",
            "queue_power",
            "latency_model",
            "entry_latency_ms",
            "response_latency_ms",
            "latency_factor",
            "record_interval_ms",
            "horizon_ms",
            "partial_fills",
            "metrics",
            "notes",
            "versions",
            "engine_seconds",
            "total_seconds",
            "provenance",
            "result_hash",
            "job",
            "created_at",
            "_links",
        )
        read_only_fields = fields

    @extend_schema_field(MarketMakingLinksOutput)
    def get__links(self, run: MarketMakingRun) -> dict[str, str | None]:
        """Return where to go from here."""
        where = {"market_making_id": run.pk}
        capture = None
        if run.capture_id is not None:
            played = {"capture_id": run.capture_id}
            capture = reverse("capture_detail", kwargs=played)
        return {
            "self": reverse("market_making_detail", kwargs=where),
            "job": reverse("job_detail", kwargs={"job_id": run.job_id}),
            "capture": capture,
            "fills": reverse("market_making_fills", kwargs=where),
            "equity": reverse("market_making_equity", kwargs=where),
        }
