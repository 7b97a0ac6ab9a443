"""The jobs of this room; what they need is imported when they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.analysis.kinds import (
    CHART_KIND,
    COMPARE_KIND,
    MARKET_MAKING_KIND,
    PARITY_KIND,
    REPORT_KIND,
    REPRODUCE_KIND,
    RUN_KIND,
)
from apps.jobs.registry import job_handler

if TYPE_CHECKING:
    from apps.jobs.registry import JobContext


@job_handler(RUN_KIND)
def run_backtest(context: JobContext) -> dict[str, Any]:
    """Run a backtest."""
    from apps.analysis.services.run import backtest_run

    return backtest_run(context=context)


@job_handler(CHART_KIND)
def draw_backtest(context: JobContext) -> dict[str, Any]:
    """Draw a backtest."""
    from apps.analysis.services.chart import chart_draw

    return chart_draw(context=context)


@job_handler(REPRODUCE_KIND)
def reproduce_backtest(context: JobContext) -> dict[str, Any]:
    """Run a backtest again and tell what differs."""
    from apps.analysis.services.reproduce import backtest_reproduce

    return backtest_reproduce(context=context)


@job_handler(PARITY_KIND)
def run_parity(context: JobContext) -> dict[str, Any]:
    """Run a strategy on several engines and compare them."""
    from apps.analysis.services.parity_run import parity_run

    return parity_run(context=context)


@job_handler(COMPARE_KIND)
def compare_trades(context: JobContext) -> dict[str, Any]:
    """Compare a list of trades from elsewhere with a backtest."""
    from apps.analysis.services.compare_run import compare_run

    return compare_run(context=context)


@job_handler(REPORT_KIND)
def make_report(context: JobContext) -> dict[str, Any]:
    """Make a parity run's page."""
    from apps.analysis.services.report import report_make

    return report_make(context=context)


@job_handler(MARKET_MAKING_KIND)
def make_market(context: JobContext) -> dict[str, Any]:
    """Play quotes on a captured order book."""
    from apps.analysis.services.market_making_run import market_making_run

    return market_making_run(context=context)
