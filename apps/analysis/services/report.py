"""Making a parity run's page, after its verdict is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from apps.analysis.enums import RunState
from apps.analysis.errors import ParityNotFound
from apps.analysis.models import ParityRun
from apps.analysis.report import ReportHeading, report_render
from apps.analysis.results import file_store, run_read
from apps.analysis.selectors import REPORT, parity_folder
from apps.analysis.services.execute import backtest_load, series_of
from apps.analysis.services.parity_run import parity_load
from apps.analysis.services.record import bars_check
from apps.core.files import folder_delete, stored_path
from apps.market.selectors import bars_get

if TYPE_CHECKING:
    from apps.analysis.models import Backtest
    from apps.engines.contracts import RunResult
    from apps.jobs.registry import JobContext


def report_make(*, context: JobContext) -> dict[str, Any]:
    """Make the page of a parity run: one file, with all that it needs inside.

    Raises:
        ParityNotFound: The run was deleted meanwhile.
        BacktestNotFound: Its series was.
        NotReproducible: The series' candles were changed since the run.
        ResultMissing: A result's file is gone.
    """
    parity = parity_load(UUID(context.payload["parity"]))
    backtest = backtest_load(parity.native_id or parity.backtest_id)
    context.progress(0.1, "reading results")
    bars = bars_get(series=series_of(backtest), start=backtest.start, end=backtest.end)
    bars_check(backtest, bars)
    runs, metrics = _runs(backtest)
    context.progress(0.4, "drawing the page")
    page = report_render(
        heading=_heading(parity, backtest),
        bars=bars,
        runs=runs,
        metrics=metrics,
        report=parity.report | {"left_out": parity.left_out},
    )
    path = parity_folder(parity.pk) / REPORT
    file_store(path, page.encode())
    if not ParityRun.objects.filter(pk=parity.pk).exists():
        folder_delete(stored_path(path.parent))
        msg = "The parity run was deleted while its page was made."
        raise ParityNotFound(msg)
    return {"parity": str(parity.pk), "bytes": len(page.encode())}


def _runs(
    backtest: Backtest,
) -> tuple[dict[str, RunResult], dict[str, dict[str, float | None]]]:
    done = {
        run.engine: run
        for run in backtest.runs.all()
        if run.state == RunState.SUCCEEDED
    }
    ordered = [done[engine] for engine in backtest.engines if engine in done]
    return (
        {run.engine: run_read(run.path) for run in ordered},
        {run.engine: run.metrics for run in ordered},
    )


def _heading(parity: ParityRun, backtest: Backtest) -> ReportHeading:
    series, version = series_of(backtest), backtest.strategy_version
    return ReportHeading(
        title=version.definition["name"],
        market=str(series),
        synthetic=series.synthetic,
        strategy_hash=version.content_hash,
        strategy_version=version.number,
        mode=backtest.mode,
        capital=f"{backtest.capital.normalize():f}",
        fees=f"{backtest.fees.normalize():f}",
        slippage=f"{backtest.slippage.normalize():f}",
        made=parity.created_at,
        quote=series.instrument.quote,
        quality=backtest.provenance.get("quality"),
    )
