"""Doing a backtest: every engine once, then writing down what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from apps.analysis.enums import RunState
from apps.analysis.errors import AllEnginesFailed
from apps.analysis.services.depth import depth_find
from apps.analysis.services.execute import backtest_load, engines_run, request_of
from apps.analysis.services.range_quality import range_judge
from apps.analysis.services.record import run_record, runs_discard, runs_save

if TYPE_CHECKING:
    from apps.analysis.models import EngineRun
    from apps.jobs.registry import JobContext


def backtest_run(*, context: JobContext) -> dict[str, Any]:
    """Run a backtest on all its engines and store what they made of it.

    One engine's failure leaves the others' results; the job fails only when no engine
    gave any.

    Raises:
        BacktestNotFound: It was deleted meanwhile.
        RangeEmpty: The series has no candles in the range.
        RangeTooShort: The strategy needs more candles before it can speak.
        QualityBelowThreshold: The candles are not good enough; names each measure.
        AllEnginesFailed: Each run says why.
        JobLost: The job was cancelled or taken over; nothing was written.
    """
    backtest = backtest_load(UUID(context.payload["backtest"]))
    context.progress(0.05, "reading candles")
    request = request_of(backtest)
    quality = range_judge(context, backtest, request.bars)
    capture = depth_find(backtest, request.bars)
    context.progress(0.2, f"running {', '.join(backtest.engines)}")
    outcomes = engines_run(context, backtest, request, capture)
    context.progress(0.8, "measuring")
    runs: list[EngineRun] = []
    try:
        # One by one: where the disk is full, those that were written are discarded.
        for outcome in outcomes:
            runs.append(run_record(backtest, request, outcome))  # noqa: PERF401
        with context.fenced():
            runs_save(backtest, request.bars, runs, capture, quality=quality)
    except BaseException:
        runs_discard(runs)
        raise
    all_failed_check(runs)
    return {
        "backtest": str(backtest.pk),
        "engines": {run.engine: run.state for run in runs},
    }


def all_failed_check(runs: list[EngineRun]) -> None:
    """Fail when no engine gave a result.

    Raises:
        AllEnginesFailed: Tells each one's reason.
    """
    failed = [run for run in runs if run.state == RunState.FAILED]
    if len(failed) == len(runs):
        reasons = "; ".join(f"{run.engine}: {run.error_message}" for run in failed)
        raise AllEnginesFailed(f"No engine gave a result. {reasons}")
