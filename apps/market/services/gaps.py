"""What is known of a series' gaps at its exchange, kept true while bars come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.market.enums import GapKind, Timeframe
from apps.market.models import CandleGap
from apps.market.moments import datetime_from_ns, ns_from_datetime

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from apps.engines.contracts import IntArray
    from apps.market.filling.plan import Hole
    from apps.market.models import CandleSeries

_MOST_GAPS = 5_000


def gaps_confirm(
    *, series: CandleSeries, kind: GapKind, gaps: Sequence[Hole], now: datetime
) -> None:
    """Write down stretches that the exchange was asked for twice.

    Args:
        series: The series that lacks them.
        kind: Where they lie.
        gaps: The stretches, in order of time.
        now: The moment, UTC.
    """
    if not gaps:
        return
    step = Timeframe(series.timeframe).nanoseconds
    rows = [
        _row(series, kind, stretch, now) for stretch in _stretches(list(gaps), step)
    ]
    known = CandleGap.objects.filter(series=series, kind=kind)
    known.filter(first__gte=rows[0].first, first__lte=rows[-1].last).delete()
    CandleGap.objects.bulk_create(rows, batch_size=500)


def gaps_forget(*, series: CandleSeries, start_ns: int, end_ns: int) -> None:
    """Forget what was confirmed of `[start, end)`; what lies around it stays known."""
    step = Timeframe(series.timeframe).nanoseconds
    touched = CandleGap.objects.filter(
        series=series,
        first__lt=datetime_from_ns(end_ns),
        last__gte=datetime_from_ns(start_ns),
    )
    kept: list[CandleGap] = []
    for gap in touched:
        first, last = ns_from_datetime(gap.first), ns_from_datetime(gap.last)
        before = first, first + (start_ns - first - 1) // step * step
        after = first + max(0, -(-(end_ns - first) // step)) * step, last
        kept += [
            _row(
                series,
                GapKind(gap.kind),
                (one, other, min(gap.bars, (other - one) // step + 1)),
                gap.confirmed_at,
            )
            for one, other in (before, after)
            if one <= other
        ]
    touched.delete()
    CandleGap.objects.bulk_create(kept, batch_size=500)


def gaps_settle(
    *, series: CandleSeries, path: Path, start_ns: int, end_ns: int
) -> None:
    """Cut what was confirmed to what the series still lacks, after bars came.

    Args:
        series: The series, as it is now.
        path: Its file.
        start_ns: The first bar that came.
        end_ns: The last one.
    """
    touched = list(
        CandleGap.objects.filter(
            series=series,
            first__lte=datetime_from_ns(end_ns),
            last__gte=datetime_from_ns(start_ns),
        )
    )
    if not touched:
        return
    # Only a process that stores candles needs numpy and pyarrow.
    from apps.market.store.reading import candles_read  # noqa: PLC0415

    time = candles_read(
        path,
        start_ns=min(ns_from_datetime(one.first) for one in touched),
        end_ns=max(ns_from_datetime(one.last) for one in touched) + 1,
        columns=("time",),
    )["time"]
    for gap in touched:
        _settle(gap, time, Timeframe(series.timeframe).nanoseconds)


def _settle(gap: CandleGap, time: IntArray, step: int) -> None:
    import numpy as np  # noqa: PLC0415

    first, last = ns_from_datetime(gap.first), ns_from_datetime(gap.last)
    there = time[np.searchsorted(time, first) : np.searchsorted(time, last + 1)]
    if not len(there):
        return
    missing = (last - first) // step + 1 - len(there)
    if missing <= 0:
        gap.delete()
        return
    places = np.arange(len(there)) * step
    # So many bars came from its beginning on, and so many up to its end.
    early = int(np.argmin(np.append(there == first + places, [False])))
    late = int(np.argmin(np.append(there[::-1] == last - places, [False])))
    bars = min(gap.bars, missing)
    if (early, late, bars) == (0, 0, gap.bars):
        return
    gap.first = datetime_from_ns(first + early * step)
    gap.last = datetime_from_ns(last - late * step)
    gap.bars = bars
    gap.save(update_fields=("first", "last", "bars"))


def _row(
    series: CandleSeries, kind: GapKind, stretch: tuple[int, int, int], now: datetime
) -> CandleGap:
    first, last, bars = stretch
    return CandleGap(
        series=series,
        kind=kind,
        first=datetime_from_ns(first),
        last=datetime_from_ns(last),
        bars=bars,
        asked=2,
        confirmed_at=now,
    )


def _stretches(gaps: list[Hole], step: int) -> list[tuple[int, int, int]]:
    """Return gaps as first and last open time and bars; very many as fewer stretches."""
    at_once = -(-len(gaps) // _MOST_GAPS)
    return [
        (
            gaps[at].first,
            gaps[min(at + at_once, len(gaps)) - 1].last(step),
            sum(one.bars for one in gaps[at : at + at_once]),
        )
        for at in range(0, len(gaps), at_once)
    ]
