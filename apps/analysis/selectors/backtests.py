"""Every read about backtests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from apps.analysis.enums import RunState
from apps.analysis.errors import (
    BacktestNotFinished,
    BacktestNotFound,
    ChartNotReady,
    EngineRunNotFound,
    ResultMissing,
)
from apps.analysis.models import Backtest
from apps.core.files import file_local, file_path, stored_path
from apps.jobs.enums import FINAL_STATES, JobState

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from uuid import UUID

    from django.db.models import QuerySet

    from apps.analysis.models import EngineRun
    from apps.analysis.result_rows import TableRows
    from apps.users.models import User

RESULTS = "backtests"
CHART = "chart-{theme}.png"
_SIDES = {1: "long", -1: "short"}
# As a page of JSON names them.
_TRADE_COLUMNS = (
    "entry_time",
    "exit_time",
    "entry_bar",
    "exit_bar",
    "side",
    "quantity",
    "entry_price",
    "exit_price",
    "entry_fee",
    "exit_fee",
    "profit",
    "exit_reason",
    "gaps",
)


@dataclass(frozen=True, slots=True)
class TablePage:
    """Some rows of a result, and where the next page begins; None: nowhere."""

    rows: list[dict[str, Any]]
    next_offset: int | None


def backtest_list(*, actor: User) -> QuerySet[Backtest]:
    """Return the actor's backtests with their runs and jobs, newest first."""
    return (
        Backtest.objects.filter(owner=actor)
        .select_related("job", "chart_job", "strategy_version__strategy")
        .select_related("series__instrument")
        .prefetch_related("runs")
        .order_by("-created_at", "-id")
    )


def backtest_get(*, actor: User, backtest_id: UUID) -> Backtest:
    """Return one of the actor's backtests.

    Raises:
        BacktestNotFound: There is none with this id for this actor.
    """
    backtest = backtest_list(actor=actor).filter(pk=backtest_id).first()
    if backtest is None:
        msg = f"There is no backtest {backtest_id}."
        raise BacktestNotFound(msg)
    return backtest


def results_folder(backtest_id: UUID) -> Path:
    """Return where a backtest's files lie."""
    return file_path(f"{RESULTS}/{backtest_id}")


def engine_run_get(*, actor: User, backtest_id: UUID, engine: str | None) -> EngineRun:
    """Return one engine's run that succeeded.

    Args:
        actor: Whose backtest it is.
        backtest_id: The backtest.
        engine: Which engine; None: the first that succeeded.

    Raises:
        BacktestNotFound: No such backtest for this actor.
        BacktestNotFinished: There is no result, yet or at all.
        EngineRunNotFound: This engine took no part, or failed.
    """
    backtest = backtest_get(actor=actor, backtest_id=backtest_id)
    done = results_of(backtest)
    for run in done:
        if engine in {None, run.engine}:
            return run
    names = ", ".join(run.engine for run in done) or "none"
    msg = f"This backtest has no result of {str(engine)[:40]!r}; it has: {names}."
    raise EngineRunNotFound(msg, attr="engine")


def results_of(backtest: Backtest) -> list[EngineRun]:
    """Return the runs of a backtest that has ended, those that succeeded.

    A comparison that found too few of them has failed; those that there are can be read.

    Raises:
        BacktestNotFinished: There is no result, yet or at all.
    """
    job = backtest.job
    done = [run for run in backtest.runs.all() if run.state == RunState.SUCCEEDED]
    succeeded = job is not None and job.state == JobState.SUCCEEDED
    if succeeded or (done and job is not None and job.state in FINAL_STATES):
        return done
    state = job.state if job else "lost"
    msg = f"The backtest has no result: its job is {state}."
    raise BacktestNotFinished(msg)


def trades_page(*, run: EngineRun, offset: int, limit: int) -> TablePage:
    """Return some of a run's trades, in order of entry.

    Raises:
        ResultMissing: The file is gone or damaged.
    """
    from apps.analysis.results import REASONS, TRADES_FILE  # noqa: PLC0415

    def render(row: dict[str, Any]) -> dict[str, Any]:
        return {
            **row,
            "side": _SIDES[row["side"]],
            "exit_reason": REASONS[row["exit_reason"]],
        }

    return _page(run, TRADES_FILE, offset, limit, render)


def equity_page(*, run: EngineRun, offset: int, limit: int) -> TablePage:
    """Return some of a run's equity curve, oldest first.

    Raises:
        ResultMissing: The file is gone or damaged.
    """
    from apps.analysis.results import EQUITY_FILE  # noqa: PLC0415

    return _page(run, EQUITY_FILE, offset, limit, dict)


def trades_rows(*, run: EngineRun) -> TableRows:
    """Return all of a run's trades, in order of entry, from an open file.

    Raises:
        ResultMissing: The file is gone or damaged.
    """
    # Only a process that reads results needs pyarrow.
    from apps.analysis.result_rows import TableRows  # noqa: PLC0415
    from apps.analysis.results import REASONS, TRADES_FILE  # noqa: PLC0415

    words = {"side": _SIDES, "exit_reason": dict(enumerate(REASONS))}
    return TableRows(file_local(f"{run.path}/{TRADES_FILE}"), _TRADE_COLUMNS, words)


def equity_rows(*, run: EngineRun) -> TableRows:
    """Return all of a run's equity curve, oldest first, from an open file.

    Raises:
        ResultMissing: The file is gone or damaged.
    """
    from apps.analysis.result_rows import TableRows  # noqa: PLC0415
    from apps.analysis.results import EQUITY_FILE  # noqa: PLC0415

    path = file_local(f"{run.path}/{EQUITY_FILE}")
    return TableRows(path, ("time", "equity"), {})


def chart_get(*, actor: User, backtest_id: UUID, theme: str) -> bytes:
    """Return a backtest's picture as PNG.

    Raises:
        BacktestNotFound: No such backtest for this actor.
        ChartNotReady: It is not drawn yet, or its job failed.
        ResultMissing: The file is gone.
    """
    backtest = backtest_get(actor=actor, backtest_id=backtest_id)
    job = backtest.chart_job
    if job is None or job.state != JobState.SUCCEEDED:
        state = f"its job is {job.state}" if job else "the backtest has no result"
        msg = f"The picture is not ready: {state}."
        raise ChartNotReady(msg)
    picture = results_folder(backtest.pk) / CHART.format(theme=theme)
    path = file_local(stored_path(picture))
    if not path.exists():
        msg = "The picture's file is gone; run the backtest again."
        raise ResultMissing(msg)
    return path.read_bytes()


def _page(
    run: EngineRun,
    name: str,
    offset: int,
    limit: int,
    render: Callable[[dict[str, Any]], dict[str, Any]],
) -> TablePage:
    # Only a process that reads results needs pyarrow.
    from apps.analysis.results import table_read, table_rows  # noqa: PLC0415

    table = table_read(file_local(f"{run.path}/{name}"))
    rows = [render(row) for row in table_rows(table.slice(offset, limit))]
    following = offset + limit
    return TablePage(rows, following if following < table.num_rows else None)
