"""Which files the rows name, for backups.

A folder is named by its run, and what is in it by what the run has: so that a file that
is gone is missed, as no look at the folder could tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.analysis.models import Backtest, EngineRun, MarketMakingRun, ParityRun
from apps.analysis.selectors.backtests import CHART, RESULTS
from apps.analysis.selectors.market_making import EQUITY_FILE, FILLS_FILE
from apps.analysis.selectors.parity import PARITY, REPORT, matches_file
from apps.core.backup import NamedFile
from apps.jobs.enums import JobState

if TYPE_CHECKING:
    from collections.abc import Iterator

TRADES_FILE = "trades.parquet"
THEMES = ("light", "dark")


def files_named() -> Iterator[NamedFile]:
    """Yield the files of all results, of their pictures and pages, and of lists sent."""
    for path in _all():
        yield NamedFile(path)


def _all() -> Iterator[str]:
    runs = EngineRun.objects.exclude(path="").order_by("pk")
    for path in runs.values_list("path", flat=True).iterator():
        yield f"{path}/{TRADES_FILE}"
        yield f"{path}/{EQUITY_FILE}"
    drawn = Backtest.objects.filter(chart_job__state=JobState.SUCCEEDED).order_by("pk")
    for key in drawn.values_list("pk", flat=True).iterator():
        for theme in THEMES:
            yield f"{RESULTS}/{key}/{CHART.format(theme=theme)}"
    made = MarketMakingRun.objects.exclude(path="").order_by("pk")
    for path in made.values_list("path", flat=True).iterator():
        yield f"{path}/{FILLS_FILE}"
        yield f"{path}/{EQUITY_FILE}"
    yield from _parity()


def _parity() -> Iterator[str]:
    for run in ParityRun.objects.select_related("report_job").order_by("pk").iterator():
        folder = f"{PARITY}/{run.pk}"
        if run.imported:
            yield f"{folder}/{run.imported}"
        if run.report_job and run.report_job.state == JobState.SUCCEEDED:
            yield f"{folder}/{REPORT}"
        if run.path:
            comparisons = len(run.report["pairs"]) + len(run.report["lessons"])
            for number in range(comparisons):
                yield f"{run.path}/{matches_file(number)}"
