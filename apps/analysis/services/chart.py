"""Drawing a backtest, after its result is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from apps.analysis.chart import chart_render
from apps.analysis.enums import RunState
from apps.analysis.errors import BacktestNotFound
from apps.analysis.models import Backtest
from apps.analysis.results import file_store, run_read
from apps.analysis.selectors import CHART, results_folder
from apps.core.files import folder_delete, stored_path
from apps.market.selectors import bars_get

if TYPE_CHECKING:
    from apps.jobs.registry import JobContext

THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def chart_draw(*, context: JobContext) -> dict[str, Any]:
    """Draw price, trades, equity and drawdown of all engines, light and dark.

    Raises:
        BacktestNotFound: The backtest or its series was deleted meanwhile.
        ResultMissing: A result's file is gone.
    """
    backtest = (
        Backtest.objects.select_related("series__instrument", "strategy_version")
        .filter(pk=UUID(context.payload["backtest"]))
        .first()
    )
    if backtest is None or backtest.series is None:
        msg = "The backtest or its series was deleted before it could be drawn."
        raise BacktestNotFound(msg)
    series = backtest.series
    bars = bars_get(series=series, start=backtest.start, end=backtest.end)
    folder = results_folder(backtest.pk)
    done = backtest.runs.filter(state=RunState.SUCCEEDED)
    paths = {run.engine: run.path for run in done}
    runs = {
        engine: run_read(paths[engine])
        for engine in backtest.engines
        if engine in paths
    }
    name = backtest.strategy_version.definition["name"]
    synthetic = " (synthetic)" if series.synthetic else ""
    title = f"{name} on {series}{synthetic}"
    for number, theme in enumerate(THEMES):
        context.progress(number / len(THEMES), f"drawing {theme}")
        image = chart_render(title=title, bars=bars, runs=runs, theme=theme)
        file_store(folder / CHART.format(theme=theme), image)
    if not Backtest.objects.filter(pk=backtest.pk).exists():
        folder_delete(stored_path(folder))
        msg = "The backtest was deleted while it was drawn."
        raise BacktestNotFound(msg)
    return {"backtest": str(backtest.pk), "themes": list(THEMES)}
