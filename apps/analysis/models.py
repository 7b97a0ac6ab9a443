"""Backtests, parity runs, market making: what was asked, and what came of it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.analysis.enums import ParityVerdict, RunMode, RunState
from apps.core.models import BaseModel
from apps.engines.market_making import LatencyModel, QueueModel
from apps.jobs.models import Job
from apps.market.models import BookCapture, CandleSeries
from apps.strategies.models import StrategyVersion


class Backtest(BaseModel):
    """One strategy version on one series, judged by one or more engines.

    Everything that the result depends on is here; `provenance` adds what was found at
    the time of the run, so that it can be told later whether anything has changed.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="backtests"
    )
    strategy_version = models.ForeignKey(
        StrategyVersion, on_delete=models.CASCADE, related_name="backtests"
    )
    series = models.ForeignKey(
        CandleSeries, on_delete=models.SET_NULL, null=True, related_name="backtests"
    )
    job = models.ForeignKey(
        Job, on_delete=models.PROTECT, related_name="+", null=True, editable=False
    )
    chart_job = models.ForeignKey(
        Job, on_delete=models.SET_NULL, related_name="+", null=True, editable=False
    )
    engines = models.JSONField()
    mode = models.CharField(
        max_length=8, choices=RunMode.choices, default=RunMode.EXACT
    )
    execution = models.JSONField(default=dict, blank=True)
    parameters = models.JSONField(default=dict, blank=True)
    start = models.DateTimeField(null=True, blank=True)
    end = models.DateTimeField(null=True, blank=True)
    capital = models.DecimalField(max_digits=36, decimal_places=18)
    fees = models.DecimalField(max_digits=20, decimal_places=18)
    slippage = models.DecimalField(max_digits=20, decimal_places=18)
    content_hash = models.CharField(max_length=64, blank=True)
    provenance = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        indexes: ClassVar = [
            models.Index(fields=("owner", "-created_at"), name="backtest_owner_created")
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(capital__gt=0), name="backtest_capital_positive"
            ),
            models.CheckConstraint(
                condition=Q(mode__in=RunMode.values), name="backtest_mode_known"
            ),
            models.CheckConstraint(
                condition=Q(fees__gte=0)
                & Q(fees__lt=1)
                & Q(slippage__gte=0)
                & Q(slippage__lt=1),
                name="backtest_costs_are_fractions",
            ),
            models.CheckConstraint(
                condition=Q(start__isnull=True)
                | Q(end__isnull=True)
                | Q(start__lt=F("end")),
                name="backtest_range_in_order",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class EngineRun(BaseModel):
    """What one engine made of a backtest."""

    backtest = models.ForeignKey(
        Backtest, on_delete=models.CASCADE, related_name="runs"
    )
    engine = models.CharField(max_length=32)
    state = models.CharField(max_length=16, choices=RunState.choices)
    error_code = models.CharField(max_length=64, blank=True)
    error_message = models.TextField(blank=True)
    trades = models.PositiveIntegerField(default=0)
    skipped = models.JSONField(default=dict)
    metrics = models.JSONField(default=dict)
    versions = models.JSONField(default=dict)
    notes = models.JSONField(default=list, blank=True)
    ignored = models.JSONField(default=list, blank=True)
    engine_seconds = models.FloatField(default=0.0)
    total_seconds = models.FloatField(default=0.0)
    result_hash = models.CharField(max_length=64, blank=True)
    path = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("created_at", "id")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("backtest", "engine"), name="engine_run_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=RunState.values), name="engine_run_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.backtest_id} {self.engine}"


class ParityRun(BaseModel):
    """Whether engines agree on a strategy, trade by trade, and where they part.

    `backtest` holds the runs by the fill contract, `native` those by the engines' own
    defaults, which only a native run has. `imported` is the folder of a list of trades
    from elsewhere that was compared with the backtest.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="parity_runs"
    )
    backtest = models.ForeignKey(
        Backtest, on_delete=models.PROTECT, related_name="parity_runs"
    )
    native = models.ForeignKey(
        Backtest, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    job = models.ForeignKey(
        Job, on_delete=models.PROTECT, related_name="+", null=True, editable=False
    )
    report_job = models.ForeignKey(
        Job, on_delete=models.SET_NULL, related_name="+", null=True, editable=False
    )
    tolerance = models.JSONField(default=dict, blank=True)
    left_out = models.JSONField(default=list, blank=True)
    imported = models.CharField(max_length=100, blank=True)
    verdict = models.CharField(max_length=32, choices=ParityVerdict.choices, blank=True)
    report = models.JSONField(default=dict, blank=True)
    path = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        indexes: ClassVar = [
            models.Index(fields=("owner", "-created_at"), name="parity_owner_created")
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(verdict__in=["", *ParityVerdict.values]),
                name="parity_verdict_known",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class MarketMakingRun(BaseModel):
    """Quotes on both sides of a captured order book, and what came of them.

    Options of another model than the chosen one are null. Results are empty until the
    job has succeeded; `provenance` says what they depend on, the capture's hash included,
    so that they stay what they are when the capture is deleted.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="market_making_runs",
    )
    capture = models.ForeignKey(
        BookCapture,
        on_delete=models.SET_NULL,
        null=True,
        related_name="market_making_runs",
    )
    job = models.ForeignKey(
        Job, on_delete=models.PROTECT, related_name="+", null=True, editable=False
    )
    quoting = models.JSONField()
    queue_model = models.CharField(
        max_length=24, choices=[(one.value, one.value) for one in QueueModel]
    )
    queue_power = models.FloatField(null=True, blank=True)
    latency_model = models.CharField(
        max_length=24, choices=[(one.value, one.value) for one in LatencyModel]
    )
    entry_latency_ms = models.FloatField(null=True, blank=True)
    response_latency_ms = models.FloatField(null=True, blank=True)
    latency_factor = models.FloatField(null=True, blank=True)
    maker_fee = models.DecimalField(max_digits=20, decimal_places=18)
    taker_fee = models.DecimalField(max_digits=20, decimal_places=18)
    record_interval_ms = models.FloatField()
    horizon_ms = models.FloatField()
    partial_fills = models.BooleanField(default=False)
    metrics = models.JSONField(null=True, blank=True)
    notes = models.JSONField(default=list, blank=True)
    versions = models.JSONField(default=dict, blank=True)
    engine_seconds = models.FloatField(default=0.0)
    total_seconds = models.FloatField(default=0.0)
    provenance = models.JSONField(default=dict, blank=True)
    result_hash = models.CharField(max_length=64, blank=True)
    path = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        indexes: ClassVar = [
            models.Index(fields=("owner", "-created_at"), name="making_owner_created")
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(queue_model__in=[one.value for one in QueueModel]),
                name="making_queue_model_known",
            ),
            models.CheckConstraint(
                condition=Q(latency_model__in=[one.value for one in LatencyModel]),
                name="making_latency_model_known",
            ),
            models.CheckConstraint(
                condition=Q(maker_fee__gt=-1)
                & Q(maker_fee__lt=1)
                & Q(taker_fee__gt=-1)
                & Q(taker_fee__lt=1),
                name="making_fees_are_fractions",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
