"""Asking for a backtest: everything that can be refused is refused here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import transaction

from apps.analysis.enums import RunMode
from apps.analysis.errors import EnginesInvalid, RangeEmpty, TimeframeMismatch
from apps.analysis.kinds import RUN_KIND
from apps.analysis.models import Backtest
from apps.analysis.run_options import protection_of, sizing_kind_of
from apps.engines.errors import EngineUnavailable, UnsupportedByEngine
from apps.engines.refusals import options_check
from apps.engines.registry import engine_capabilities, engine_get, unavailable_reason
from apps.jobs.enums import JobQueue
from apps.jobs.services import job_enqueue
from apps.market.selectors import quality_gate, range_check, series_get
from apps.strategies.definition import StrategyDefinition, parameters_apply
from apps.strategies.selectors import strategy_version_get

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal
    from uuid import UUID

    from apps.core.errors import ApplicationError
    from apps.market.models import CandleSeries
    from apps.users.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestRequest:
    """What is to be run on what.

    Attributes:
        series_id: The candle series.
        strategy_id: The strategy.
        version: Its version; None: the latest.
        engines: Names of engines, each once.
        capital: Cash at the start, quote units.
        fees: Rate per fill; None: the strategy's own.
        slippage: Rate per fill; None: the strategy's own.
        start: The first bar's open time, inclusive, UTC; None: the first there is.
        end: Exclusive; None: to the last there is.
        parameters: Values for the strategy's parameters; the rest take defaults.
        mode: By whose rules the engines fill.
        execution: Latency and the book, for engines that have one: milliseconds, basis
            points, quote units; see `run_options.execution_of`.
        quality: How good the candles must be, where it is stated; by the names of
            `market.quality.gate.QualityGate`, as plain values.
    """

    series_id: UUID
    strategy_id: UUID
    engines: tuple[str, ...]
    capital: Decimal
    version: int | None = None
    fees: Decimal | None = None
    slippage: Decimal | None = None
    start: datetime | None = None
    end: datetime | None = None
    parameters: Mapping[str, float] = field(default_factory=dict)
    mode: RunMode = RunMode.EXACT
    execution: Mapping[str, Any] = field(default_factory=dict)
    quality: Mapping[str, Any] = field(default_factory=dict)

    def payload(self, **named: str) -> dict[str, Any]:
        """Return what its job is told: what it is about, and what limits are stated."""
        stated = {"quality": dict(self.quality)} if self.quality else {}
        return {**named, **stated}


@transaction.atomic
def backtest_request(
    *, actor: User, request: BacktestRequest, now: datetime
) -> Backtest:
    """Check a request as far as it can be without running it, and queue its job.

    Args:
        actor: Who asks; must own the series and the strategy.
        request: What to run on what.
        now: The moment of the request, UTC.

    Raises:
        SeriesNotFound: No such series for this actor.
        StrategyNotFound: No such strategy for this actor.
        StrategyVersionNotFound: The strategy has no such version.
        EnginesInvalid: No engine, or one twice.
        EngineUnknown: There is no engine of a name.
        EngineUnavailable: An engine is not installed here.
        UnsupportedByEngine: An engine cannot honour an option of the strategy.
        TimeframeMismatch: The strategy decides on other bars than the series has.
        RangeEmpty: The series has no candles in the range.
        QualityBelowThreshold: Its stored facts tell that they are not good enough.
        StrategyInvalid: A parameter is unknown or out of bounds.

    Returns:
        The backtest with its queued job.
    """
    backtest = backtest_prepare(actor=actor, request=request, now=now)
    backtest.job = job_enqueue(
        owner=actor,
        kind=RUN_KIND,
        payload=request.payload(backtest=str(backtest.pk)),
        queue=JobQueue.BACKTEST,
        now=now,
    )
    backtest.full_clean()
    backtest.save()
    return backtest


def backtest_prepare(
    *, actor: User, request: BacktestRequest, now: datetime
) -> Backtest:
    """Check a request as far as it can be without running it; nothing is saved.

    Raises:
        ApplicationError: As `backtest_request` does.

    Returns:
        The backtest, without a job.
    """
    series = series_get(actor=actor, series_id=request.series_id)
    version = strategy_version_get(
        actor=actor, strategy_id=request.strategy_id, number=request.version
    )
    definition = StrategyDefinition.model_validate(version.definition)
    engines_check(request.engines, definition)
    _execution_check(request)
    _range_check(series, request)
    if definition.timeframe != series.timeframe:
        msg = (
            f"The strategy decides on bars of {definition.timeframe.value}, the series "
            f"has bars of {series.timeframe}; choose another series, or change the "
            "strategy's timeframe."
        )
        raise TimeframeMismatch(msg, attr="series")
    range_check(
        series=series,
        start=request.start,
        end=request.end,
        gate=quality_gate(request.quality),
        now=now,
    )
    return Backtest(
        owner=actor,
        strategy_version=version,
        series=series,
        engines=list(request.engines),
        mode=request.mode,
        execution=dict(request.execution),
        parameters=parameters_apply(definition, request.parameters),
        start=request.start,
        end=request.end,
        capital=request.capital,
        fees=definition.fees if request.fees is None else request.fees,
        slippage=(
            definition.slippage if request.slippage is None else request.slippage
        ),
    )


def engine_refusal(
    name: str, definition: StrategyDefinition
) -> ApplicationError | None:
    """Return why an engine cannot run a strategy here, or None when it can.

    Raises:
        EngineUnknown: There is no engine of this name.
    """
    spec = engine_get(name)
    reason = unavailable_reason(spec)
    if reason is not None:
        return EngineUnavailable(reason, attr="engines")
    try:
        options_check(
            engine=name,
            capabilities=engine_capabilities(spec),
            shorts=definition.entry.short is not None,
            protection=protection_of(definition),
            sizing=sizing_kind_of(definition),
        )
    except UnsupportedByEngine as refusal:
        return refusal
    return None


def engines_check(names: tuple[str, ...], definition: StrategyDefinition) -> None:
    """Refuse engines that are none, twice, not here, or that cannot honour an option.

    Raises:
        EnginesInvalid: No engine, or one twice.
        EngineUnknown: There is no engine of a name.
        EngineUnavailable: An engine is not installed here.
        UnsupportedByEngine: An engine cannot honour an option of the strategy.
    """
    if not names or len(set(names)) != len(names):
        msg = "Name at least one engine, and each of them once."
        raise EnginesInvalid(msg, attr="engines")
    for name in names:
        refusal = engine_refusal(name, definition)
        if refusal is not None:
            raise refusal


def _execution_check(request: BacktestRequest) -> None:
    """Refuse latency and a book where no engine has any: they would have no effect."""
    if not any(request.execution.values()):
        return
    able = [
        name
        for name in request.engines
        if engine_capabilities(engine_get(name)).latency
    ]
    if not able:
        set_ = ", ".join(name for name, value in request.execution.items() if value)
        msg = (
            f"None of these engines has an order book, so {set_} would have no effect; "
            "add 'hftbacktest', or leave out execution."
        )
        raise UnsupportedByEngine(msg, attr="execution")


def _range_check(series: CandleSeries, request: BacktestRequest) -> None:
    begins_after = request.start is not None and request.start > series.last
    ends_before = request.end is not None and request.end <= series.first
    if begins_after or ends_before:
        msg = (
            f"The series has candles from {series.first.isoformat()} to "
            f"{series.last.isoformat()}, and none in the range."
        )
        raise RangeEmpty(msg, attr="start" if begins_after else "end")
