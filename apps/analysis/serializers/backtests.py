"""Shapes of backtests."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from apps.analysis.models import Backtest, EngineRun
from apps.analysis.serializers.run_input import RunInput
from apps.jobs.serializers import JobOutput
from apps.market.serializers import RunQualityOutput


class BacktestCreateInput(RunInput):
    """What is to be run on what."""


class SkippedOutput(serializers.Serializer[Any]):
    """Entries that the fill contract forbids, counted instead of traded."""

    insufficient_cash = serializers.IntegerField(help_text="Cost more than the cash.")
    below_minimum = serializers.IntegerField(help_text="Smaller than may be traded.")


class EngineRunErrorOutput(serializers.Serializer[Any]):
    """Why an engine gave no result."""

    code = serializers.CharField(help_text="Stable, for programs.")
    detail = serializers.CharField(help_text="What happened.")


class EngineRunOutput(serializers.ModelSerializer[EngineRun]):
    """What one engine made of a backtest."""

    skipped = SkippedOutput(allow_null=True, help_text="Entries not taken.")
    metrics = serializers.DictField(
        child=serializers.FloatField(allow_null=True),
        help_text="By the names of `GET /api/v1/metrics/`; null where undefined.",
    )
    versions = serializers.DictField(
        child=serializers.CharField(), help_text="Libraries that took part."
    )
    notes = serializers.ListField(
        child=serializers.CharField(),
        help_text="What a reader must know: that a book is a model, say.",
    )
    ignored = serializers.ListField(
        child=serializers.CharField(),
        help_text="Options that had no effect; empty in exact mode.",
    )
    error = serializers.SerializerMethodField(help_text="Set when it failed.")

    class Meta:
        model = EngineRun
        fields = (
            "engine",
            "state",
            "error",
            "trades",
            "skipped",
            "metrics",
            "versions",
            "notes",
            "ignored",
            "engine_seconds",
            "total_seconds",
            "result_hash",
        )
        read_only_fields = fields

    def to_representation(self, instance: EngineRun) -> dict[str, Any]:
        """Leave out the counts of a run that failed."""
        data: dict[str, Any] = super().to_representation(instance)
        return data | {"skipped": instance.skipped or None}

    @extend_schema_field(EngineRunErrorOutput(allow_null=True))
    def get_error(self, run: EngineRun) -> dict[str, str] | None:
        """Return why a run failed."""
        if not run.error_code:
            return None
        return {"code": run.error_code, "detail": run.error_message}


class BacktestLinksOutput(serializers.Serializer[Any]):
    """Where the parts of the result are."""

    self = serializers.CharField(help_text="This backtest.")
    job = serializers.CharField(help_text="Its job: state, progress, cancel.")
    trades = serializers.CharField(help_text="Trades of an engine.")
    equity = serializers.CharField(help_text="Equity of an engine.")
    chart = serializers.CharField(help_text="The picture.")
    reproduce = serializers.CharField(help_text="Run it again (POST).")
    compare = serializers.CharField(help_text="Compare a list of trades (POST).")


class BacktestOutput(serializers.ModelSerializer[Backtest]):
    """A backtest: what was asked, its job, and what each engine made of it."""

    strategy = serializers.UUIDField(
        source="strategy_version.strategy_id", read_only=True, help_text="The strategy."
    )
    version = serializers.IntegerField(
        source="strategy_version.number", read_only=True, help_text="Its version."
    )
    series = serializers.UUIDField(
        source="series_id", read_only=True, allow_null=True, help_text="The series."
    )
    engines = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text="As they were asked."
    )
    parameters = serializers.DictField(
        child=serializers.FloatField(), read_only=True, help_text="All, with defaults."
    )
    execution = serializers.DictField(
        read_only=True, help_text="What of latency and book was not at rest."
    )
    provenance = serializers.DictField(
        read_only=True, help_text="What the result depends on, as it was found."
    )
    quality = serializers.SerializerMethodField(
        help_text="How good its very bars are; null until they were looked at."
    )
    job = JobOutput(read_only=True, help_text="The work itself.")
    runs = EngineRunOutput(many=True, read_only=True, help_text="One per engine.")
    _links = serializers.SerializerMethodField(help_text="Where the parts are.")

    class Meta:
        model = Backtest
        fields = (
            "id",
            "strategy",
            "version",
            "series",
            "engines",
            "mode",
            "execution",
            "parameters",
            "start",
            "end",
            "capital",
            "fees",
            "slippage",
            "content_hash",
            "provenance",
            "quality",
            "job",
            "runs",
            "created_at",
            "_links",
        )
        read_only_fields = fields

    @extend_schema_field(RunQualityOutput(allow_null=True))
    def get_quality(self, backtest: Backtest) -> dict[str, Any] | None:
        """Return how good the bars are, once they were looked at."""
        quality: dict[str, Any] | None = backtest.provenance.get("quality")
        return quality

    @extend_schema_field(BacktestLinksOutput)
    def get__links(self, backtest: Backtest) -> dict[str, str]:
        """Return where to go from here."""
        where = {"backtest_id": backtest.pk}
        return {
            "self": reverse("backtest_detail", kwargs=where),
            "job": reverse("job_detail", kwargs={"job_id": backtest.job_id}),
            "trades": reverse("backtest_trades", kwargs=where),
            "equity": reverse("backtest_equity", kwargs=where),
            "chart": reverse("backtest_chart", kwargs=where),
            "reproduce": reverse("backtest_reproduce", kwargs=where),
            "compare": reverse("backtest_compare", kwargs=where),
        }
