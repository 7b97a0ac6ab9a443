"""Writing down what engines made of a backtest, and what it was made of."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from apps.analysis.enums import RunState
from apps.analysis.errors import NotReproducible
from apps.analysis.kinds import CHART_KIND
from apps.analysis.models import EngineRun
from apps.analysis.results import bars_hash, result_hash, result_write
from apps.analysis.selectors import results_folder
from apps.analysis.services.depth import depth_note, depth_provenance
from apps.analysis.services.tidy import folder_discard
from apps.core.files import folder_publish, stored_path
from apps.jobs.enums import JobQueue
from apps.jobs.services import job_enqueue
from apps.measures.summary import metrics_compute

if TYPE_CHECKING:
    from apps.analysis.models import Backtest
    from apps.analysis.services.execute import Outcome
    from apps.engines.contracts import Bars, RunRequest
    from apps.market.models import BookCapture

# Raised whenever the same input may give another result.
CONTRACT_VERSION = 1
MARKET_RULES = ("price_tick", "quantity_step", "min_quantity", "min_notional")


def run_record(backtest: Backtest, request: RunRequest, outcome: Outcome) -> EngineRun:
    """Write a run's files and return its row, not yet saved.

    Raises:
        ResultStorageFull: The disk has no room; nothing is left behind.
        StorageUnavailable: The bucket does not answer, or refuses; likewise.
    """
    run = EngineRun(
        backtest=backtest, engine=outcome.engine, total_seconds=outcome.seconds
    )
    result = outcome.result
    if result is None:
        run.state = RunState.FAILED
        run.error_code = outcome.error.code if outcome.error else "engine_crashed"
        run.error_message = outcome.error.message if outcome.error else ""
        return run
    # Its own name for each attempt: a run that has lost its job must not write over
    # the files of the one that has it.
    folder = results_folder(backtest.pk) / f"{outcome.engine}-{uuid4().hex[:8]}"
    result_write(folder, request.bars, result)
    run.state = RunState.SUCCEEDED
    run.trades = len(result.trades)
    run.skipped = asdict(result.skipped)
    run.metrics = metrics_compute(request.bars, result, request.capital)
    run.versions = result.versions
    run.notes = list(result.notes)
    if outcome.capture is not None:
        run.notes.append(depth_note(outcome.capture))
    run.ignored = list(result.ignored)
    run.engine_seconds = result.engine_seconds
    run.result_hash = result_hash(result)
    run.path = stored_path(folder)
    folder_publish(run.path)
    return run


def runs_save(
    backtest: Backtest,
    bars: Bars,
    runs: list[EngineRun],
    capture: BookCapture | None = None,
    *,
    quality: dict[str, Any],
) -> None:
    """Save a backtest's runs and what they depend on, and ask for its picture.

    Call it in a fenced transaction.
    """
    backtest.provenance = provenance_of(backtest, bars, runs, capture)
    # Told, and not among the inputs: the same bars give the same result, judged or not.
    backtest.provenance["quality"] = quality
    inputs = json.dumps(backtest.provenance["inputs"], sort_keys=True)
    backtest.content_hash = hashlib.sha256(inputs.encode()).hexdigest()
    # A run before this one may have ended between its write and its report.
    before = EngineRun.objects.filter(backtest=backtest)
    replaced = list(before)
    before.delete()
    transaction.on_commit(lambda: runs_discard(replaced))
    for run in runs:
        run.full_clean(exclude=("metrics", "skipped", "versions"))
        run.save()
    if any(run.state == RunState.SUCCEEDED for run in runs):
        # Drawn by a job of its own, so that nobody waits for the picture.
        backtest.chart_job = job_enqueue(
            owner=backtest.owner,
            kind=CHART_KIND,
            payload={"backtest": str(backtest.pk)},
            queue=JobQueue.DEFAULT,
            now=timezone.now(),
        )
    backtest.save(
        update_fields=("provenance", "content_hash", "chart_job", "updated_at")
    )


def runs_discard(runs: list[EngineRun]) -> None:
    """Remove the files of runs that no row names: replaced ones, or not saved."""
    for run in runs:
        if run.path:
            folder_discard(run.path, EngineRun.objects.filter(path=run.path))


def provenance_of(
    backtest: Backtest,
    bars: Bars,
    runs: list[EngineRun],
    capture: BookCapture | None,
) -> dict[str, Any]:
    """Return everything that a result depends on, and what it was made with."""
    return {
        # What the result depends on: the content hash is made of this part alone.
        "inputs": inputs_of(backtest, bars, capture),
        "capture": depth_provenance(capture),
        "bars": len(bars),
        "first": int(bars.time[0]),
        "last": int(bars.time[-1]),
        "engines": {run.engine: run.versions for run in runs},
        "python": platform.python_version(),
    }


def bars_check(backtest: Backtest, bars: Bars) -> None:
    """Refuse to lay stored trades, which count bars, over other bars.

    Raises:
        NotReproducible: The candles are not those that the backtest ran on.
    """
    if backtest.provenance["inputs"]["data"] != bars_hash(bars):
        msg = (
            "The series' candles were changed after the backtest ran, so its trades "
            "do not lie on them; run it again."
        )
        raise NotReproducible(msg)


def inputs_of(
    backtest: Backtest, bars: Bars, capture: BookCapture | None
) -> dict[str, Any]:
    """Return what a result depends on, as plain values."""
    instrument = backtest.series.instrument if backtest.series else None
    return {
        "contract": CONTRACT_VERSION,
        "mode": str(backtest.mode),
        "data": bars_hash(bars),
        "strategy": backtest.strategy_version.content_hash,
        "parameters": backtest.parameters,
        "execution": backtest.execution,
        "capture": capture.sha256 if capture else None,
        "capital": f"{backtest.capital.normalize():f}",
        "fees": f"{backtest.fees.normalize():f}",
        "slippage": f"{backtest.slippage.normalize():f}",
        "market": {
            name: f"{getattr(instrument, name).normalize():f}" for name in MARKET_RULES
        },
    }
