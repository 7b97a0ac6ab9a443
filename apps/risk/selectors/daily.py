"""Daily closes from stored candles of any length up to a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.market.enums import Timeframe
from apps.market.models import CandleSeries
from apps.market.selectors.candles import bars_get

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from apps.users.models import User

DAY_NS = Timeframe.D1.nanoseconds
_LENGTHS = {
    one.value: one.nanoseconds
    for one in Timeframe
    if one.nanoseconds <= DAY_NS and DAY_NS % one.nanoseconds == 0
}


def daily_series(
    *, owner: User, exchange: str, symbols: Iterable[str] | None = None
) -> dict[str, CandleSeries]:
    """Return the series to take a market's daily closes from, by symbol.

    The one that reaches farthest, and of such the one with the longest bars.

    Args:
        owner: Whose series.
        exchange: The venue of the markets.
        symbols: Which; None for all that there are.
    """
    rows = CandleSeries.objects.filter(
        owner=owner, instrument__venue=exchange, timeframe__in=_LENGTHS
    ).select_related("instrument")
    if symbols is not None:
        rows = rows.filter(instrument__symbol__in=set(symbols))
    found: dict[str, CandleSeries] = {}
    ranked = sorted(
        rows.order_by("pk"), key=lambda one: (_until(one), _LENGTHS[one.timeframe])
    )
    for series in ranked:
        found[series.instrument.symbol] = series
    return dict(sorted(found.items()))


def _until(series: CandleSeries) -> int:
    """Return the last UTC day that a series has the close of, counted from 1970."""
    end = int(series.last.timestamp()) * 10**9 + _LENGTHS[series.timeframe]
    return end // DAY_NS


def daily_closes(
    *, series: CandleSeries, start: datetime, end: datetime
) -> dict[int, float]:
    """Return the close of each UTC day whose last bar is there.

    Args:
        series: Of bars of up to a day.
        start: From then on.
        end: Before then.

    Raises:
        SeriesNotFound: The series was deleted meanwhile.
        SeriesFileMissing, SeriesFileDamaged: Its file is gone, or cannot be read.

    Returns:
        By day, counted from 1970-01-01.
    """
    bars = bars_get(series=series, start=start, end=end)
    ends = bars.time + Timeframe(series.timeframe).nanoseconds
    closing = ends % DAY_NS == 0
    days = (ends[closing] // DAY_NS - 1).tolist()
    return dict(zip(days, bars.close[closing].tolist(), strict=True))


def daily_returns(closes: dict[int, float]) -> dict[int, float]:
    """Return the simple return of each day of which the day before has a close too.

    Args:
        closes: By day.

    Returns:
        Fractions, by day.
    """
    return {
        day: close / closes[day - 1] - 1.0
        for day, close in closes.items()
        if closes.get(day - 1, 0.0) > 0
    }
