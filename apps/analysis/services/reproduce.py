"""Running a backtest again from its provenance, to see whether it comes out the same."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from apps.analysis.enums import RunState
from apps.analysis.results import result_hash
from apps.analysis.services.depth import depth_again
from apps.analysis.services.execute import backtest_load, engines_run, request_of
from apps.analysis.services.record import MARKET_RULES, inputs_of
from apps.engines.contracts import MarketRules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.analysis.models import EngineRun
    from apps.analysis.services.execute import Outcome
    from apps.jobs.registry import JobContext


def backtest_reproduce(*, context: JobContext) -> dict[str, Any]:
    """Run a backtest again and say whether it is identical, or what differs.

    The market's rules are taken from the provenance, since they may have been changed
    since, and so is the captured book, if it is still there; candles and strategy are
    what they are now, and their hashes tell.

    Raises:
        BacktestNotFound: It, or its series, was deleted meanwhile.
        RangeEmpty: The series has no candles in the range any more.

    Returns:
        `verdict` (`identical` or `differs`); `inputs`, each input that changed with
        what it was and is; `engines`, one entry each; the job's result.
    """
    backtest = backtest_load(UUID(context.payload["backtest"]))
    context.progress(0.1, "reading candles")
    before = backtest.provenance["inputs"]
    request = request_of(backtest)
    capture = depth_again(backtest, request.bars)
    now = inputs_of(backtest, request.bars, capture)
    rules = {name: Decimal(before["market"][name]) for name in MARKET_RULES}
    request = replace(request, market=MarketRules(**rules))
    context.progress(0.2, f"running {', '.join(backtest.engines)}")
    stored = {run.engine: run for run in backtest.runs.all()}
    engines = [
        _engine_compare(stored[outcome.engine], outcome)
        for outcome in engines_run(context, backtest, request, capture)
        if outcome.engine in stored
    ]
    inputs = {
        name: {"before": before.get(name), "now": value}
        for name, value in now.items()
        if before.get(name) != value
    }
    # Rules that were changed since did not take part in this run.
    identical = all(engine["identical"] for engine in engines) and not (
        set(inputs) - {"market"}
    )
    return {
        "backtest": str(backtest.pk),
        "verdict": "identical" if identical else "differs",
        "inputs": inputs,
        "engines": engines,
    }


def _engine_compare(run: EngineRun, outcome: Outcome) -> dict[str, Any]:
    result = outcome.result
    versions = result.versions if result else {}
    again = result_hash(result) if result else ""
    failed_before = run.state == RunState.FAILED
    return {
        "engine": run.engine,
        "identical": again == run.result_hash and failed_before == (result is None),
        "trades": {"before": run.trades, "now": len(result.trades) if result else None},
        "result_hash": {"before": run.result_hash, "now": again},
        "versions": _changed(run.versions, versions),
        "error": outcome.error.message if outcome.error else None,
    }


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, Any]:
    return {
        name: {"before": before.get(name), "now": now.get(name)}
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name)
    }
