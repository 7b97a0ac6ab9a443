"""Whether the bars of a run are good enough to be judged on, and how good they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone

from apps.analysis.services.execute import series_of
from apps.market.quality.gate import quality_refusal, shortfalls_find, verdict_of
from apps.market.selectors import quality_gate, range_report
from apps.market.selectors.quality import range_label

if TYPE_CHECKING:
    from apps.analysis.models import Backtest
    from apps.engines.contracts import Bars
    from apps.jobs.registry import JobContext


def range_judge(context: JobContext, backtest: Backtest, bars: Bars) -> dict[str, Any]:
    """Measure the very bars of a backtest, and refuse those that are not good enough.

    The report is kept with the backtest in either case.

    Args:
        context: The job; its payload has the limits that were asked for.
        backtest: What is to be run.
        bars: At least one.

    Raises:
        QualityBelowThreshold: They are not, and that was not accepted.
        JobLost: The job was cancelled or taken over; nothing was written.

    Returns:
        What `RunQualityOutput` describes.
    """
    series, now = series_of(backtest), timezone.now()
    gate = quality_gate(context.payload.get("quality"))
    report = range_report(
        series=series, bars=bars, start=backtest.start, end=backtest.end, now=now
    )
    short = shortfalls_find(report, gate)
    quality = {
        "verdict": verdict_of(report, quality_gate()),
        "accepted_below": bool(short) and gate.accept_below,
        "below": [one.message for one in short],
        "limits": gate.as_json(),
        "report": report,
    }
    if short and not gate.accept_below:
        backtest.provenance = backtest.provenance | {"quality": quality}
        with context.fenced():
            backtest.save(update_fields=("provenance", "updated_at"))
        what = range_label(series, backtest.start, backtest.end)
        raise quality_refusal(what, short)
    return quality
