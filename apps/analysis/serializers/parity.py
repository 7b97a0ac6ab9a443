"""Shapes of parity runs: what is asked, and where engines agree and part."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from apps.analysis.enums import ParityVerdict, ParticipantMode
from apps.analysis.models import ParityRun
from apps.analysis.parity.contracts import Tolerance
from apps.analysis.serializers.backtests import EngineRunErrorOutput
from apps.analysis.serializers.divergence import DivergenceOutput, LessonOutput
from apps.analysis.serializers.run_input import RunInput
from apps.core.serializers import StrictSerializer
from apps.jobs.serializers import JobOutput
from apps.market.serializers import RunQualityOutput


class ToleranceInput(StrictSerializer):
    """How far apart trades may be and still agree within tolerance."""

    price_ticks = serializers.FloatField(
        default=1, min_value=0, max_value=10**6, help_text="Prices, in ticks."
    )
    quantity_steps = serializers.FloatField(
        default=1, min_value=0, max_value=10**6, help_text="Quantities, in steps."
    )
    profit = serializers.FloatField(
        default=0.0001,
        min_value=0,
        max_value=1,
        help_text="Fees and profit, as a fraction of the trade's notional.",
    )


class ParityCreateInput(RunInput):
    """What is to be run on what, on every engine that is to be compared."""

    engines = serializers.ListField(
        child=serializers.CharField(max_length=32),
        default=list,
        max_length=16,
        help_text="At least two; none: all that are installed and can honour it.",
    )
    tolerance = ToleranceInput(required=False, help_text="How far apart they may be.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for a range in order, and make the tolerance one thing."""
        checked = super().validate(attrs)
        return checked | {"tolerance": Tolerance(**checked.get("tolerance", {}))}


class TradesCompareInput(StrictSerializer):
    """A list of trades from elsewhere."""

    file = serializers.FileField(
        help_text="CSV, or freqtrade's results as `.json` or `.zip`; at most 64 MiB."
    )
    price_ticks = ToleranceInput().fields["price_ticks"]
    quantity_steps = ToleranceInput().fields["quantity_steps"]
    profit = ToleranceInput().fields["profit"]


class ParticipantOutput(serializers.Serializer[Any]):
    """One that took part."""

    name = serializers.CharField(help_text="An engine, or `import`.")
    mode = serializers.ChoiceField(
        choices=ParticipantMode.choices, help_text="By whose rules it filled."
    )
    trades = serializers.IntegerField(help_text="How many it made.")
    profit = serializers.FloatField(allow_null=True, help_text="Quote units.")
    error = EngineRunErrorOutput(allow_null=True, help_text="Why it gave no result.")
    ignored = serializers.ListField(
        child=serializers.CharField(), help_text="Options without effect on it."
    )
    notes = serializers.ListField(
        child=serializers.CharField(), help_text="What a reader must know."
    )


class AgreementOutput(serializers.Serializer[Any]):
    """Of the trades that have a counterpart, how many are equal in what."""

    paired = serializers.IntegerField(help_text="Trades with a counterpart.")
    entries = serializers.IntegerField(help_text="Same bar of entry.")
    exits = serializers.IntegerField(help_text="Same bar and reason of exit.")
    prices = serializers.IntegerField(help_text="Same prices, to the tick.")
    quantities = serializers.IntegerField(help_text="Same quantity, to the step.")
    fees = serializers.IntegerField(help_text="Within 1e-6 of notional.")
    profits = serializers.IntegerField(help_text="Within 1e-6 of notional.")


class PairOutput(serializers.Serializer[Any]):
    """Two participants compared."""

    first = serializers.CharField(help_text="One side.")
    second = serializers.CharField(help_text="The other.")
    verdict = serializers.ChoiceField(
        choices=ParityVerdict.choices, help_text="What it comes to."
    )
    trades_first = serializers.IntegerField(help_text="Trades of the first.")
    trades_second = serializers.IntegerField(help_text="Trades of the second.")
    agreement = AgreementOutput(help_text="What is equal.")
    only_first = serializers.IntegerField(help_text="Trades that the second lacks.")
    only_second = serializers.IntegerField(help_text="Trades that the first lacks.")
    causes = serializers.DictField(
        child=serializers.IntegerField(), help_text="Differing trades by cause."
    )
    profit_difference = serializers.FloatField(
        help_text="Profit of the second less that of the first, quote units."
    )


class LeftOutOutput(serializers.Serializer[Any]):
    """An engine that takes no part, and why."""

    engine = serializers.CharField(help_text="The engine.")
    code = serializers.CharField(help_text="Stable, for programs.")
    reason = serializers.CharField(help_text="What it lacks.")


class ParityReportOutput(serializers.Serializer[Any]):
    """What comparing came to."""

    participants = ParticipantOutput(many=True, help_text="Who took part.")
    pairs = PairOutput(many=True, help_text="Each with each.")
    first_divergence = DivergenceOutput(
        allow_null=True, help_text="Where they part first; null where they agree."
    )
    lessons = LessonOutput(many=True, help_text="In native mode: what defaults cost.")


class ParityLinksOutput(serializers.Serializer[Any]):
    """Where the parts of the result are."""

    self = serializers.CharField(help_text="This parity run.")
    job = serializers.CharField(help_text="Its job: state, progress, cancel.")
    backtest = serializers.CharField(help_text="The exact runs: trades, equity.")
    native = serializers.CharField(allow_null=True, help_text="The native runs.")
    matches = serializers.CharField(help_text="Trade by trade.")
    report = serializers.CharField(help_text="The page with the pictures.")


class ParityOutput(serializers.ModelSerializer[ParityRun]):
    """A parity run: its job, its verdict, and where the engines part."""

    strategy = serializers.UUIDField(
        source="backtest.strategy_version.strategy_id",
        read_only=True,
        help_text="The strategy.",
    )
    version = serializers.IntegerField(
        source="backtest.strategy_version.number",
        read_only=True,
        help_text="Its version.",
    )
    series = serializers.UUIDField(
        source="backtest.series_id",
        read_only=True,
        allow_null=True,
        help_text="The series.",
    )
    engines = serializers.ListField(
        source="backtest.engines",
        child=serializers.CharField(),
        read_only=True,
        help_text="Those that were asked.",
    )
    mode = serializers.SerializerMethodField(help_text="By whose rules they filled.")
    verdict = serializers.SerializerMethodField(
        help_text="Of the worst pair; null until there is one."
    )
    report = serializers.SerializerMethodField(help_text="Null until there is one.")
    tolerance = ToleranceInput(read_only=True, help_text="How far apart they may be.")
    left_out = LeftOutOutput(
        many=True, read_only=True, help_text="Engines that take no part."
    )
    quality = serializers.SerializerMethodField(
        help_text="How good its very bars are; null until they were looked at."
    )
    backtest = serializers.UUIDField(
        source="backtest_id", read_only=True, help_text="The exact runs."
    )
    native = serializers.UUIDField(
        source="native_id", read_only=True, allow_null=True, help_text="Native runs."
    )
    job = JobOutput(read_only=True, help_text="The work itself.")
    _links = serializers.SerializerMethodField(help_text="Where the parts are.")

    class Meta:
        model = ParityRun
        fields = (
            "id",
            "strategy",
            "version",
            "series",
            "engines",
            "mode",
            "verdict",
            "report",
            "quality",
            "left_out",
            "tolerance",
            "backtest",
            "native",
            "job",
            "created_at",
            "_links",
        )
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=ParticipantMode.choices))
    def get_mode(self, parity: ParityRun) -> str:
        """Return by whose rules the compared trades were filled."""
        if parity.imported:
            return ParticipantMode.IMPORTED.value
        mode = ParticipantMode.NATIVE if parity.native_id else ParticipantMode.EXACT
        return mode.value

    @extend_schema_field(
        serializers.ChoiceField(choices=ParityVerdict.choices, allow_null=True)
    )
    def get_verdict(self, parity: ParityRun) -> str | None:
        """Return the verdict, once there is one."""
        return parity.verdict or None

    @extend_schema_field(ParityReportOutput(allow_null=True))
    def get_report(self, parity: ParityRun) -> dict[str, Any] | None:
        """Return what comparing came to, once it has."""
        return parity.report or None

    @extend_schema_field(RunQualityOutput(allow_null=True))
    def get_quality(self, parity: ParityRun) -> dict[str, Any] | None:
        """Return how good the bars are, once they were looked at."""
        quality: dict[str, Any] | None = parity.backtest.provenance.get("quality")
        return quality

    @extend_schema_field(ParityLinksOutput)
    def get__links(self, parity: ParityRun) -> dict[str, str | None]:
        """Return where to go from here."""
        where = {"parity_id": parity.pk}
        native = parity.native_id and reverse(
            "backtest_detail", kwargs={"backtest_id": parity.native_id}
        )
        return {
            "self": reverse("parity_detail", kwargs=where),
            "job": reverse("job_detail", kwargs={"job_id": parity.job_id}),
            "backtest": reverse(
                "backtest_detail", kwargs={"backtest_id": parity.backtest_id}
            ),
            "native": native or None,
            "matches": reverse("parity_matches", kwargs=where),
            "report": reverse("parity_report", kwargs=where),
        }
