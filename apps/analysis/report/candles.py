"""Bars made few enough to be drawn: whole candles of a longer timeframe."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.engines.contracts import Bars, FloatArray, IntArray

# More than a screen has columns, for some room to zoom.
MOST_CANDLES = 4_000
SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
DAY_NS = 24 * HOUR_NS
# Lengths that a trader knows; a week begins on a Monday, the epoch on a Thursday.
KNOWN = (
    *(MINUTE_NS * n for n in (1, 2, 3, 5, 10, 15, 20, 30)),
    *(HOUR_NS * n for n in (1, 2, 3, 4, 6, 8, 12)),
    *(DAY_NS * n for n in (1, 2, 3, 7)),
)
MONDAY_NS = 4 * DAY_NS


@dataclass(frozen=True, slots=True)
class Candles:
    """What is drawn of a series; c candles.

    Attributes:
        start: Index of each candle's first bar, int64.
        time: Open time of each, int64 nanoseconds.
        open: First price.
        high: Highest price of all its bars.
        low: Lowest price of all its bars.
        close: Last price.
        width_ns: Nominal length of one; the bars' own where none were put together.
    """

    start: IntArray
    time: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    width_ns: int

    def __len__(self) -> int:
        return len(self.start)

    @property
    def last(self) -> IntArray:
        """Index of each candle's last bar but for the final one's, which is -1."""
        ends: IntArray = np.append(self.start[1:] - 1, -1)
        return ends


def candles_make(bars: Bars, *, most: int = MOST_CANDLES) -> Candles:
    """Put bars together to true candles of the shortest known length that gives few.

    Candles begin on the clock: four-hour ones at 00:00, 04:00 and so on, UTC.

    Args:
        bars: The series, at least one bar.
        most: So many candles at most.
    """
    if len(bars) <= most:
        start = np.arange(len(bars), dtype=np.int64)
        return _candles(bars, start, bars.time, bars.timeframe_ns)
    # Lengths go on until one is long enough.
    tried = (_merged(bars, width) for width in _widths(bars.timeframe_ns))
    return next(candles for candles in tried if len(candles) <= most)


def _merged(bars: Bars, width: int) -> Candles:
    anchor = MONDAY_NS if width % (7 * DAY_NS) == 0 else 0
    bucket = (bars.time - anchor) // width
    start = np.flatnonzero(np.diff(bucket, prepend=bucket[0] - 1)).astype(np.int64)
    return _candles(bars, start, bucket[start] * width + anchor, width)


def _widths(timeframe_ns: int) -> Iterator[int]:
    yield from (width for width in KNOWN if width > timeframe_ns)
    # Beyond a week: weeks, then ever more of them.
    longest = max(KNOWN[-1], 7 * DAY_NS * -(-timeframe_ns // (7 * DAY_NS)))
    yield from (longest * 2**power for power in count(1))


def _candles(bars: Bars, start: IntArray, time: IntArray, width_ns: int) -> Candles:
    last = np.append(start[1:], len(bars)) - 1
    return Candles(
        start=start,
        time=time,
        open=bars.open[start],
        high=np.maximum.reduceat(bars.high, start),
        low=np.minimum.reduceat(bars.low, start),
        close=bars.close[last],
        width_ns=width_ns,
    )


def length_name(width_ns: int) -> str:
    """Return a length of time as a trader says it: `15-minute`, `4-hour`, `1-day`."""
    names = ((7 * DAY_NS, "week"), (DAY_NS, "day"), (HOUR_NS, "hour"))
    for unit, name in (*names, (MINUTE_NS, "minute")):
        if width_ns % unit == 0:
            return f"{width_ns // unit}-{name}"
    return f"{width_ns / SECOND_NS:g}-second"
