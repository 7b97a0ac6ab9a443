"""Asking for a parity run: the same checks as for a backtest, on several engines."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from django.db import transaction

from apps.analysis.enums import RunMode
from apps.analysis.errors import EnginesInvalid
from apps.analysis.kinds import PARITY_KIND
from apps.analysis.models import ParityRun
from apps.analysis.parity.contracts import Tolerance
from apps.analysis.services.request import backtest_prepare, engine_refusal
from apps.engines.registry import engine_list
from apps.jobs.enums import JobQueue
from apps.jobs.services import job_enqueue
from apps.strategies.definition import StrategyDefinition
from apps.strategies.selectors import strategy_version_get

if TYPE_CHECKING:
    from datetime import datetime

    from apps.analysis.services.request import BacktestRequest
    from apps.users.models import User

FEWEST = 2


@transaction.atomic
def parity_request(
    *,
    actor: User,
    request: BacktestRequest,
    now: datetime,
    tolerance: Tolerance | None = None,
) -> ParityRun:
    """Check a request as far as it can be without running it, and queue its job.

    Args:
        actor: Who asks; must own the series and the strategy.
        request: What to run on what; no engines: all that are installed and can honour
            the strategy, while the others are named as left out. In native mode the
            engines run both ways.
        now: The moment of the request, UTC.
        tolerance: How far apart trades may be; left out: a tick, a step, 1e-4.

    Raises:
        ApplicationError: As `backtest_request` does.
        EnginesInvalid: Fewer than two engines.

    Returns:
        The parity run with its queued job.
    """
    left_out: list[dict[str, str]] = []
    if not request.engines:
        request, left_out = _all_able(actor, request)
    if len(request.engines) < FEWEST:
        others = "".join(f" {one['engine']}: {one['reason']}" for one in left_out)
        msg = f"Name at least two engines, or none for all that can.{others}"
        raise EnginesInvalid(msg, attr="engines")
    exact = backtest_prepare(
        actor=actor, request=replace(request, mode=RunMode.EXACT), now=now
    )
    native = None
    if request.mode == RunMode.NATIVE:
        native = backtest_prepare(actor=actor, request=request, now=now)
    run = ParityRun(
        owner=actor,
        backtest=exact,
        native=native,
        left_out=left_out,
        tolerance=asdict(tolerance or Tolerance()),
    )
    run.job = job_enqueue(
        owner=actor,
        kind=PARITY_KIND,
        payload=request.payload(parity=str(run.pk)),
        queue=JobQueue.BACKTEST,
        now=now,
    )
    for backtest in filter(None, (exact, native)):
        backtest.job = run.job
        backtest.full_clean()
        backtest.save()
    run.full_clean()
    run.save()
    return run


def _all_able(
    actor: User, request: BacktestRequest
) -> tuple[BacktestRequest, list[dict[str, str]]]:
    version = strategy_version_get(
        actor=actor, strategy_id=request.strategy_id, number=request.version
    )
    definition = StrategyDefinition.model_validate(version.definition)
    refusals = {
        spec.name: engine_refusal(spec.name, definition) for spec in engine_list()
    }
    left_out = [
        {"engine": name, "code": refusal.code, "reason": refusal.message}
        for name, refusal in refusals.items()
        if refusal is not None
    ]
    able = tuple(name for name, refusal in refusals.items() if refusal is None)
    return replace(request, engines=able), left_out
