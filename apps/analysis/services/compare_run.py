"""Comparing a list of trades from elsewhere with what a backtest's engines made."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from uuid import UUID

from apps.analysis.enums import RunState
from apps.analysis.errors import NothingToCompare, ResultMissing
from apps.analysis.models import ParityRun
from apps.analysis.parity.contracts import Participant
from apps.analysis.results import run_read
from apps.analysis.selectors import parity_folder
from apps.analysis.services.execute import backtest_load, request_of
from apps.analysis.services.parity_judge import parity_judge
from apps.analysis.services.parity_run import ground_of, parity_load, parity_save
from apps.analysis.services.parity_store import matches_write
from apps.analysis.services.record import bars_check
from apps.analysis.services.tidy import folder_discard
from apps.analysis.trade_lists import trade_list_read, trades_onto
from apps.core.files import file_local, stored_path
from apps.engines.contracts import Mode, Skipped
from apps.engines.registry import engine_capabilities, engine_get

if TYPE_CHECKING:
    from apps.analysis.models import EngineRun
    from apps.engines.contracts import RunRequest
    from apps.jobs.registry import JobContext


def compare_run(*, context: JobContext) -> dict[str, Any]:
    """Compare an imported list with each engine's run of a backtest.

    Raises:
        ParityNotFound: It was deleted meanwhile.
        TradeListInvalid: The list cannot be read; says where.
        NotReproducible: The series' candles were changed since the backtest.
        NothingToCompare: No engine has a result.
        JobLost: The job was cancelled or taken over; nothing was written.
    """
    parity = parity_load(UUID(context.payload["parity"]))
    context.progress(0.1, "reading the list")
    path = file_local(stored_path(parity_folder(parity.pk) / parity.imported))
    if not path.exists():
        msg = "The list's file is gone; send it again."
        raise ResultMissing(msg)
    listed = trade_list_read(path)
    context.progress(0.3, "reading candles")
    backtest = backtest_load(parity.backtest_id)
    request = request_of(backtest)
    bars_check(backtest, request.bars)
    runs = [run for run in backtest.runs.all() if run.state == RunState.SUCCEEDED]
    if not runs:
        msg = "No engine of the backtest has a result."
        raise NothingToCompare(msg)
    imported = trades_onto(listed, request.bars)
    context.progress(0.5, f"comparing {len(listed.trades):,} trades")
    sides = [_participant(run, request) for run in runs]
    judged = parity_judge(
        exact=[imported, *sides],
        native=[],
        ground=ground_of(request, parity.tolerance),
        rows=[(backtest.mode, run) for run in runs],
        only=imported.name,
    )
    judged.report["participants"].insert(
        0,
        {
            "name": imported.name,
            "mode": "imported",
            "trades": len(listed.trades),
            "profit": _profit(imported),
            "error": None,
            "ignored": [],
            "notes": [f"Read as {listed.source}."],
        },
    )
    matches_write(parity, judged, request.bars)
    try:
        with context.fenced():
            parity_save(parity, judged)
    except BaseException:
        folder_discard(parity.path, ParityRun.objects.filter(path=parity.path))
        raise
    return {"parity": str(parity.pk), "verdict": parity.verdict}


def _participant(run: EngineRun, request: RunRequest) -> Participant:
    result = run_read(run.path)
    # By its own indicators it may have had other signals, which are not stored.
    own = request.mode is Mode.NATIVE and bool(
        engine_capabilities(engine_get(run.engine)).native_indicators
    )
    return Participant(
        name=run.engine,
        trades=result.trades,
        signals=None if own else request.signals,
        skipped=Skipped(**run.skipped),
        ignored=tuple(run.ignored),
    )


def _profit(participant: Participant) -> float | None:
    profits = participant.trades.profit
    total = float(profits.sum())
    return None if math.isnan(total) else total
