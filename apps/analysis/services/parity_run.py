"""Doing a parity run: every engine once, or both ways, then trade by trade."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils import timezone

from apps.analysis.enums import RunState
from apps.analysis.errors import NothingToCompare, ParityNotFound
from apps.analysis.kinds import REPORT_KIND
from apps.analysis.models import ParityRun
from apps.analysis.parity.contracts import Ground, Participant, Tolerance
from apps.analysis.services.depth import depth_find
from apps.analysis.services.execute import backtest_load, engines_run, request_of
from apps.analysis.services.parity_judge import parity_judge
from apps.analysis.services.parity_store import matches_write
from apps.analysis.services.range_quality import range_judge
from apps.analysis.services.record import run_record, runs_discard, runs_save
from apps.analysis.services.tidy import folder_discard
from apps.jobs.enums import JobQueue
from apps.jobs.services import job_enqueue

if TYPE_CHECKING:
    from apps.analysis.models import Backtest, EngineRun
    from apps.analysis.services.execute import Outcome
    from apps.analysis.services.parity_judge import Judged
    from apps.engines.contracts import RunRequest
    from apps.jobs.registry import JobContext

FEWEST = 2


def parity_run(*, context: JobContext) -> dict[str, Any]:
    """Run all engines, compare each with each, and store what they made of it.

    An engine that fails takes no part; the job fails only when fewer than two are left,
    and the results that there are stay.

    Raises:
        ParityNotFound: It was deleted meanwhile.
        RangeEmpty: The series has no candles in the range.
        RangeTooShort: The strategy needs more candles before it can speak.
        QualityBelowThreshold: The candles are not good enough; names each measure.
        NothingToCompare: Fewer than two engines gave a result.
        JobLost: The job was cancelled or taken over; nothing was written.
    """
    parity = parity_load(UUID(context.payload["parity"]))
    context.progress(0.05, "reading candles")
    parts = [
        _Part(context, backtest_id)
        for backtest_id in (parity.backtest_id, parity.native_id)
        if backtest_id is not None
    ]
    # All ways run on the same bars.
    quality = range_judge(context, parts[0].backtest, parts[0].request.bars)
    before = parity.path
    try:
        for number, part in enumerate(parts):
            ways = f"{', '.join(part.backtest.engines)} ({part.backtest.mode})"
            context.progress(0.1 + 0.7 * number / len(parts), f"running {ways}")
            part.run()
        context.progress(0.8, "comparing trade by trade")
        judged = _judge(parity, parts)
        if judged is not None:
            matches_write(parity, judged, parts[0].request.bars)
        with context.fenced():
            for part in parts:
                runs_save(
                    part.backtest,
                    part.request.bars,
                    part.runs,
                    part.capture,
                    quality=quality,
                )
            parity_save(parity, judged)
    except BaseException:
        runs_discard([run for part in parts for run in part.runs])
        if parity.path != before:
            rows = ParityRun.objects.filter(path=parity.path)
            folder_discard(parity.path, rows)
        raise
    if judged is None:
        raise NothingToCompare(_reasons(parts))
    return {"parity": str(parity.pk), "verdict": parity.verdict}


def parity_load(parity_id: UUID) -> ParityRun:
    """Return a parity run with its owner.

    Raises:
        ParityNotFound: It was deleted meanwhile.
    """
    found = (
        ParityRun.objects.select_related("owner", "backtest")
        .filter(pk=parity_id)
        .first()
    )
    if found is None:
        msg = "The parity run was deleted before it could run."
        raise ParityNotFound(msg)
    return found


def parity_save(parity: ParityRun, judged: Judged | None) -> None:
    """Save a verdict and ask for the report; call it in a fenced transaction."""
    if judged is not None:
        parity.verdict = judged.verdict.value
        parity.report = judged.report
        # Made by a job of its own, so that nobody waits for the page.
        parity.report_job = job_enqueue(
            owner=parity.owner,
            kind=REPORT_KIND,
            payload={"parity": str(parity.pk)},
            queue=JobQueue.DEFAULT,
            now=timezone.now(),
        )
    parity.save(update_fields=("verdict", "report", "report_job", "path", "updated_at"))


def ground_of(request: RunRequest, tolerance: dict[str, float]) -> Ground:
    """Return what both sides of a comparison stand on."""
    return Ground(
        bars=request.bars,
        market=request.market,
        protection=request.protection,
        costs=request.costs,
        sizing=request.sizing,
        capital=request.capital,
        tolerance=Tolerance(**tolerance),
    )


class _Part:
    """One way of running the engines."""

    def __init__(self, context: JobContext, backtest_id: UUID) -> None:
        self._context = context
        self.backtest: Backtest = backtest_load(backtest_id)
        self.request = request_of(self.backtest)
        self.capture = depth_find(self.backtest, self.request.bars)
        self.outcomes: list[Outcome] = []
        self.runs: list[EngineRun] = []

    def run(self) -> None:
        """Run all engines and write their files."""
        self.outcomes = engines_run(
            self._context, self.backtest, self.request, self.capture
        )
        # One by one: where the disk is full, those that were written are discarded.
        for outcome in self.outcomes:
            self.runs.append(run_record(self.backtest, self.request, outcome))

    def participants(self) -> list[Participant]:
        """Return those that gave a result."""
        return [
            Participant(
                name=outcome.engine,
                trades=outcome.result.trades,
                signals=outcome.request.signals,
                skipped=outcome.result.skipped,
                ignored=outcome.result.ignored,
            )
            for outcome in self.outcomes
            if outcome.result is not None and outcome.request is not None
        ]


def _judge(parity: ParityRun, parts: list[_Part]) -> Judged | None:
    exact = parts[0].participants()
    native = parts[1].participants() if len(parts) > 1 else []
    if len(native if len(parts) > 1 else exact) < FEWEST:
        return None
    return parity_judge(
        exact=exact,
        native=native,
        ground=ground_of(parts[0].request, parity.tolerance),
        rows=[(part.backtest.mode, run) for part in parts for run in part.runs],
    )


def _reasons(parts: list[_Part]) -> str:
    failed = [
        f"{run.engine}: {run.error_message}"
        for part in parts
        for run in part.runs
        if run.state == RunState.FAILED
    ]
    return f"Fewer than two engines gave a result. {'; '.join(failed)}"
