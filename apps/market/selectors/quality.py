"""Reads of how good series are, and what their stored facts say of a range."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import OuterRef, Subquery

from apps.market.enums import Timeframe
from apps.market.models import CandleSeries, SeriesQuality
from apps.market.moments import iso_from_ns, ns_from_datetime
from apps.market.quality.gate import (
    QualityGate,
    age_judge,
    breaks_judge,
    coverage_judge,
    quality_refusal,
    shortfalls_find,
)
from apps.market.quality.telling import line_tell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.db.models import QuerySet

    from apps.engines.contracts import Bars
    from apps.market.quality.gate import Shortfall

# A break of the third kind, `relisted`, depends on how much the range itself moves.
_CERTAIN = frozenset(("rescaled", "halted"))


def quality_gate(options: Mapping[str, Any] | None = None) -> QualityGate:
    """Return how good bars must be: by the settings, but for what `options` state."""
    gate = QualityGate.of(settings.QUALITY_GATE)
    return gate.changed(options or {})


def quality_history(*, series: CandleSeries) -> QuerySet[SeriesQuality]:
    """Return all reports that are kept of a series, newest first."""
    return SeriesQuality.objects.filter(series=series).order_by("-created_at", "-id")


def quality_latest(*, series: CandleSeries) -> SeriesQuality | None:
    """Return the newest report of a series; None where it was never looked at."""
    return quality_history(series=series).first()


def age_bars(series: CandleSeries, now: datetime, end: datetime | None = None) -> int:
    """Return how many whole bars a series falls short of an end, or of now."""
    step = Timeframe(series.timeframe).nanoseconds
    until = now if end is None else min(end, now)
    over = ns_from_datetime(series.last) + step
    return max(0, ns_from_datetime(until) - over) // step


def quality_lines(*, now: datetime) -> Iterator[str]:
    """Yield a line for each series of everybody: its newest verdict, in words."""
    newest = SeriesQuality.objects.filter(series=OuterRef("pk")).order_by(
        "-created_at", "-id"
    )
    rows = (
        CandleSeries.objects.select_related("instrument")
        .annotate(newest=Subquery(newest.values("pk")[:1]))
        .order_by("instrument__venue", "instrument__symbol", "timeframe", "pk")
    )
    for series in rows.iterator():
        known = SeriesQuality.objects.filter(pk=series.newest).first()
        if known is None:
            words = "never looked at; import it again, or ask for a check"
        else:
            age = age_bars(series, now)
            words = f"{known.verdict}: {line_tell(known.report)}, {age:,} bars old"
        yield f"quality  {series.path}  {series}: {words}"


def range_label(
    series: CandleSeries, start: datetime | None, end: datetime | None
) -> str:
    """Return which bars are meant, for people."""
    first = series.first if start is None else max(start, series.first)
    until = f" up to {end:%Y-%m-%d %H:%M}" if end and end <= series.last else ""
    return f"{series} from {first:%Y-%m-%d %H:%M}{until} is not good enough"


def range_check(
    *,
    series: CandleSeries,
    start: datetime | None,
    end: datetime | None,
    gate: QualityGate,
    now: datetime,
) -> None:
    """Refuse a range of which stored facts alone tell that it is below a gate.

    No candle is read. The whole of a series is judged by its newest report; of a part of
    it only holes and breaks that lie inside are known, so that a range which passes here
    may still be refused when it is measured.

    Args:
        series: The series.
        start: The first open time, inclusive, aware; None: from the first bar.
        end: The end, exclusive, aware; None: to the last bar.
        gate: How good it must be.
        now: The moment, UTC.

    Raises:
        QualityBelowThreshold: It is not good enough; names each measure that is known.
    """
    if gate.accept_below:
        return
    known = quality_latest(series=series)
    if known is None or known.revision != series.revision:
        return
    whole = (start is None or start <= series.first) and (
        end is None or end > series.last
    )
    if whole:
        aged = {"age_bars": age_bars(series, now, end)}
        short = shortfalls_find(known.report | aged, gate)
    else:
        short = list(_known_of(series, known.report, start, end, gate, now))
    if short:
        raise quality_refusal(range_label(series, start, end), short)


def range_report(
    *,
    series: CandleSeries,
    bars: Bars,
    start: datetime | None,
    end: datetime | None,
    now: datetime,
) -> dict[str, Any]:
    """Measure the bars of a range.

    Args:
        series: Whose bars they are.
        bars: At least one.
        start: What was asked for, inclusive, aware; None: from the first bar.
        end: What was asked for, exclusive, aware; None: to the last bar.
        now: The moment, UTC.

    Returns:
        The report; see `stored_measure`.
    """
    # Only a process that measures needs numpy.
    from apps.market.quality.stored import (  # noqa: PLC0415
        Asked,
        bars_batches,
        stored_measure,
    )

    asked = Asked(
        now_ns=ns_from_datetime(now),
        start_ns=None if start is None else ns_from_datetime(start),
        end_ns=None if end is None else ns_from_datetime(end),
    )
    return stored_measure(bars_batches(bars), Timeframe(series.timeframe), asked)


def _known_of(
    series: CandleSeries,
    report: Mapping[str, Any],
    start: datetime | None,
    end: datetime | None,
    gate: QualityGate,
    now: datetime,
) -> Iterator[Shortfall]:
    """Give what is certain about a part of a series.

    With E regular open times in the range and M bars missing in known holes between bars
    of it, the coverage is at most (E - M) / E: holes that are not known only lower it.
    """
    step = Timeframe(series.timeframe).nanoseconds
    origin, last = ns_from_datetime(series.first), ns_from_datetime(series.last)
    low = origin if start is None else max(ns_from_datetime(start), origin)
    high = last if end is None else min(ns_from_datetime(end) - 1, last)
    first_at, last_at = -((origin - low) // step), (high - origin) // step
    expected = last_at - first_at + 1
    holes = [
        hole
        for hole in report["gaps"]["largest"]
        if first_at < (at := (_ns(hole["start"]) - origin) // step)
        and at + hole["bars"] - 1 < last_at
    ]
    missing = sum(hole["bars"] for hole in holes)
    if holes:
        where = (
            f"{missing:,} of {expected:,} bars are missing, and {holes[0]['bars']:,} of "
            f"them from {holes[0]['start']} on"
        )
        yield from coverage_judge(
            expected - missing, expected, gate, where, at_most=True
        )
    breaks = [
        one
        for one in report["breaks"]["found"]
        if one["kind"] in _CERTAIN
        and low <= _ns(one["before"])
        and _ns(one["after"]) <= high
    ]
    yield from breaks_judge(breaks, len(breaks), gate)
    if end is None or end > series.last:
        yield from age_judge(age_bars(series, now, end), iso_from_ns(last), gate)


def _ns(text: str) -> int:
    return ns_from_datetime(datetime.fromisoformat(text))
