"""The page put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.analysis.report import assets
from apps.analysis.report.candles import candles_make
from apps.analysis.report.charts import charts_section
from apps.analysis.report.columns import decimals_of
from apps.analysis.report.contenders import contenders_of, runs_check
from apps.analysis.report.divergence import divergence_section
from apps.analysis.report.lesson import lesson_section
from apps.analysis.report.markup import join, text_of
from apps.analysis.report.matrix import matrix_section
from apps.analysis.report.measures import measures_section
from apps.analysis.report.notes import footer, notes_section
from apps.analysis.report.payload import payload_make
from apps.analysis.report.quality import quality_section
from apps.analysis.report.summary import (
    facts_section,
    figures_section,
    title_section,
)
from apps.analysis.report.verdict import verdict_section

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from apps.analysis.report.candles import Candles
    from apps.analysis.report.contenders import Contender
    from apps.analysis.report.heading import ReportHeading
    from apps.analysis.report.markup import Html
    from apps.engines.contracts import Bars, RunResult


def report_render(
    *,
    heading: ReportHeading,
    bars: Bars,
    runs: Mapping[str, RunResult],
    metrics: Mapping[str, Mapping[str, float | None]],
    report: Mapping[str, Any] | None,
) -> str:
    """Return a report as one page of HTML that needs nothing else.

    The same input gives the same text. Verdict and tables are in the page itself, the
    charts need scripts.

    Args:
        heading: What was run, in words.
        bars: The series, at least one bar.
        runs: Results by participant's name; a list of trades from elsewhere has an
            empty curve.
        metrics: Measures of the catalogue by participant's name.
        report: The parity report as it is served; None for a plain backtest.

    Raises:
        ValueError: There are no bars, or a run does not belong to them.
    """
    runs_check(bars, runs)
    contenders = contenders_of(runs, metrics, report, heading.mode)
    candles = candles_make(bars)
    library, script = assets.scripts()
    return assets.frame().substitute(
        title=text_of(f"{heading.title} \N{MIDDLE DOT} {heading.market}"),
        policy=assets.policy(),
        icon=assets.icon(),
        style=assets.style(),
        early=assets.early_script(),
        content=join(_sections(heading, bars, candles, contenders, report), "\n"),
        data=payload_make(
            bars=bars,
            candles=candles,
            contenders=contenders,
            divergence=report["first_divergence"] if report else None,
            quote=heading.quote,
        ),
        library=library,
        script=script,
    )


def _sections(
    heading: ReportHeading,
    bars: Bars,
    candles: Candles,
    contenders: Sequence[Contender],
    report: Mapping[str, Any] | None,
) -> Iterator[Html | None]:
    """Give the page's sections in order; a plain backtest has fewer."""
    divergence = report["first_divergence"] if report else None
    yield title_section(heading, parity=report is not None)
    if report:
        yield verdict_section(report, contenders)
    yield figures_section(contenders)
    yield facts_section(heading, bars)
    yield quality_section(heading)
    yield charts_section(
        contenders, bars=bars, candles=candles, diverges=divergence is not None
    )
    if report:
        yield matrix_section(report, contenders, heading.quote)
        if divergence:
            decimals = decimals_of(bars.open, bars.high, bars.low, bars.close)
            yield divergence_section(divergence, contenders, decimals)
        yield lesson_section(report["lessons"], contenders, heading.quote)
    yield measures_section(contenders, heading.quote)
    yield notes_section(contenders, report, heading)
    yield footer(heading)
