"""Running a backtest's engines: signals once, then every engine, side by side."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings

from apps.analysis.errors import BacktestNotFound, RangeEmpty, RangeTooShort
from apps.analysis.models import Backtest
from apps.analysis.run_options import (
    costs_of,
    execution_of,
    market_rules_of,
    protection_of,
    sizing_of,
)
from apps.analysis.services.depth import depth_use
from apps.core.errors import ApplicationError
from apps.engines.contracts import IndicatorRequest, Mode, RunRequest
from apps.engines.registry import engine_capabilities, engine_get
from apps.engines.runner.client import engine_call, engine_run
from apps.indicators.catalogue import indicator_get, parameters_resolve
from apps.indicators.compute import indicator_compute
from apps.market.selectors import CAPTURE_ENGINE, bars_get
from apps.strategies.definition import StrategyDefinition, warmup_bars
from apps.strategies.signals import signals_compute

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from uuid import UUID

    import numpy as np
    from numpy.typing import NDArray

    from apps.engines.contracts import Bars, FloatArray, RunResult, Signals
    from apps.jobs.registry import JobContext
    from apps.market.models import BookCapture, CandleSeries


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one engine made of a request, or why it made nothing.

    Attributes:
        engine: The engine's name.
        seconds: Wall time with transport and start-up.
        request: What it was asked; None where the asking itself failed.
        result: What it gave back.
        error: Why it gave nothing.
        capture: The captured book that it was played on; None: a model of the bars, or
            an engine without a book.
    """

    engine: str
    seconds: float
    request: RunRequest | None
    result: RunResult | None
    error: ApplicationError | None
    capture: BookCapture | None = None


def backtest_load(backtest_id: UUID) -> Backtest:
    """Return a backtest with all that a run needs.

    Raises:
        BacktestNotFound: It, or its series, was deleted meanwhile.
    """
    backtest = (
        Backtest.objects.select_related(
            "owner", "strategy_version", "series__instrument"
        )
        .filter(pk=backtest_id)
        .first()
    )
    if backtest is None or backtest.series is None:
        msg = "The backtest or its series was deleted before it could run."
        raise BacktestNotFound(msg)
    return backtest


def series_of(backtest: Backtest) -> CandleSeries:
    """Return a backtest's series.

    Raises:
        BacktestNotFound: It was deleted meanwhile.
    """
    if backtest.series is None:
        msg = "The series was deleted before the backtest could run."
        raise BacktestNotFound(msg)
    return backtest.series


def request_of(backtest: Backtest) -> RunRequest:
    """Return what the engines are asked, with signals computed Parallax's own way.

    Raises:
        BacktestNotFound: The series was deleted.
        RangeEmpty: The series has no candles in the range.
        RangeTooShort: The strategy needs more candles before it can speak.
    """
    series = series_of(backtest)
    definition = StrategyDefinition.model_validate(backtest.strategy_version.definition)
    bars = bars_get(series=series, start=backtest.start, end=backtest.end)
    if not len(bars):
        msg = "The series has no candles in the range."
        raise RangeEmpty(msg, attr="start")
    needed = warmup_bars(definition, backtest.parameters) + 2
    if len(bars) < needed:
        msg = (
            f"The range has {len(bars)} candles; with these parameters the strategy "
            f"needs at least {needed} before it can act. Choose a longer range."
        )
        raise RangeTooShort(msg, attr="start")
    return RunRequest(
        bars=bars,
        signals=signals_compute(definition, backtest.parameters, bars),
        market=market_rules_of(series.instrument),
        sizing=sizing_of(definition),
        protection=protection_of(definition),
        costs=costs_of(backtest.fees, backtest.slippage),
        capital=float(backtest.capital),
        mode=Mode(backtest.mode),
        execution=execution_of(backtest.execution),
    )


def engines_run(
    context: JobContext,
    backtest: Backtest,
    request: RunRequest,
    capture: BookCapture | None = None,
) -> list[Outcome]:
    """Run all engines of a backtest at once, each in a process of its own.

    In native mode an engine that has indicators of its own is given the signals that
    come of those.

    Args:
        context: Where warm engines are had.
        backtest: What is run.
        request: What all engines are asked.
        capture: What the engine that plays captures is played on.
    """

    def run(engine: str) -> Outcome:
        started = time.perf_counter()
        result: RunResult | None = None
        error: ApplicationError | None = None
        own: RunRequest | None = None
        locate = partial(context.resource, "engine", engine)
        book = capture if engine == CAPTURE_ENGINE else None
        try:
            own = _own_request(engine, locate, backtest, request)
            own = own if book is None else depth_use(own, book)
            result = engine_run(
                locate=locate,
                request=own,
                wall_seconds=settings.ENGINE_WALL_SECONDS,
                memory_bytes=settings.ENGINE_MEMORY_BYTES,
            )
        except ApplicationError as raised:
            error = raised
        return Outcome(engine, time.perf_counter() - started, own, result, error, book)

    # Each thread only waits for its engine's process.
    with ThreadPoolExecutor(max_workers=len(backtest.engines)) as threads:
        return list(threads.map(run, backtest.engines))


def _own_request(
    engine: str, locate: Callable[[], str], backtest: Backtest, request: RunRequest
) -> RunRequest:
    natives = engine_capabilities(engine_get(engine)).native_indicators
    if request.mode is Mode.EXACT or not natives:
        return request
    definition = StrategyDefinition.model_validate(backtest.strategy_version.definition)
    used = {use.indicator for use in definition.indicators.values()}
    if not used & set(natives):
        return request
    signals = _own_signals(locate, natives, definition, backtest, request.bars)
    return replace(request, signals=signals)


def _own_signals(
    locate: Callable[[], str],
    natives: tuple[str, ...],
    definition: StrategyDefinition,
    backtest: Backtest,
    bars: Bars,
) -> Signals:
    def compute(
        name: str,
        inputs: Mapping[str, NDArray[np.generic]],
        parameters: Mapping[str, float],
    ) -> dict[str, FloatArray]:
        if name not in natives:
            return indicator_compute(name, inputs, parameters)
        every = parameters_resolve(indicator_get(name), parameters)
        asked: Any = IndicatorRequest(name, dict(inputs), every)  # type: ignore[arg-type]
        values: dict[str, FloatArray] = engine_call(
            locate=locate,
            request=asked,
            wall_seconds=settings.ENGINE_WALL_SECONDS,
            memory_bytes=settings.ENGINE_MEMORY_BYTES,
        )
        return values

    return signals_compute(definition, backtest.parameters, bars, compute=compute)
