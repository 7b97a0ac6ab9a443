"""Bars as arrays of integers in units of 1e-8, and how finer ones make coarser ones."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    type Ints = NDArray[np.int64]

MINUTE: Final = 60_000
_WEEK: Final = 7 * 86_400_000
# The epoch was a Thursday; weeks begin on Monday.
_MONDAY: Final = 4 * 86_400_000

INTERVALS: Final[dict[str, int]] = {
    "1m": MINUTE,
    "3m": 3 * MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": 60 * MINUTE,
    "2h": 120 * MINUTE,
    "4h": 240 * MINUTE,
    "6h": 360 * MINUTE,
    "8h": 480 * MINUTE,
    "12h": 720 * MINUTE,
    "1d": 1440 * MINUTE,
    "3d": 4320 * MINUTE,
    "1w": _WEEK,
    "1M": 0,
}


@dataclass(frozen=True, slots=True)
class BarArrays:
    """Bars of one length, sorted by time; prices and amounts in units of 1e-8.

    Attributes:
        time: Open times, milliseconds since the epoch, UTC.
        open: First price, quote per base.
        high: Highest price.
        low: Lowest price.
        close: Last price.
        volume: Traded quantity, base units.
        quote: Traded notional, quote units.
        count: Number of trades.
        taker: What takers bought, base units.
    """

    time: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints
    quote: Ints
    count: Ints
    taker: Ints

    def __len__(self) -> int:
        return len(self.time)

    def pick(self, chosen: slice | NDArray[np.bool_]) -> Self:
        """Return some of the bars."""
        return type(self)(*(getattr(self, each.name)[chosen] for each in fields(self)))

    def between(self, start_ms: int, end_ms: int) -> Self:
        """Return the bars that open within `[start_ms, end_ms)`."""
        first, last = np.searchsorted(self.time, [start_ms, end_ms])
        return self.pick(slice(int(first), int(last)))


def bars_joined(first: BarArrays, second: BarArrays) -> BarArrays:
    """Return the bars of both, of which the second are the later ones."""
    return BarArrays(
        *(
            np.concatenate((getattr(first, each.name), getattr(second, each.name)))
            for each in fields(BarArrays)
        )
    )


def ordinals(interval: str, time: Ints) -> Ints:
    """Return the number of the bar that each time falls in."""
    if interval == "1M":
        return time.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
    if interval == "1w":
        return (time - _MONDAY) // _WEEK
    return time // INTERVALS[interval]


def ordinal(interval: str, at_ms: int) -> int:
    """Return the number of the bar that a time falls in."""
    return int(ordinals(interval, np.array([at_ms], dtype=np.int64))[0])


def open_ms(interval: str, number: int) -> int:
    """Return when the bar of a number opens."""
    if interval == "1M":
        month = np.datetime64(number, "M").astype("datetime64[ms]")
        return int(month.astype(np.int64))
    if interval == "1w":
        return number * _WEEK + _MONDAY
    return number * INTERVALS[interval]


def resampled(bars: BarArrays, interval: str) -> BarArrays:
    """Return the bars of an interval, made of finer ones that lie wholly within it."""
    if not len(bars):
        return bars
    numbers = ordinals(interval, bars.time)
    starts = np.flatnonzero(np.concatenate(([True], numbers[1:] != numbers[:-1])))
    ends = np.concatenate((starts[1:], [len(bars)])) - 1
    time = np.array(
        [open_ms(interval, int(number)) for number in numbers[starts]], dtype=np.int64
    )
    return BarArrays(
        time=time,
        open=bars.open[starts],
        high=np.maximum.reduceat(bars.high, starts),
        low=np.minimum.reduceat(bars.low, starts),
        close=bars.close[ends],
        volume=np.add.reduceat(bars.volume, starts),
        quote=np.add.reduceat(bars.quote, starts),
        count=np.add.reduceat(bars.count, starts),
        taker=np.add.reduceat(bars.taker, starts),
    )


def split(total: Ints, weights: Ints) -> Ints:
    """Split each total among weights, exactly: the parts add up to the total.

    Args:
        total: Whole amounts, shape `(n,)`.
        weights: Whole weights above zero, shape `(n, m)`.

    Returns:
        Whole parts, shape `(n, m)`.
    """
    sums = np.cumsum(weights, axis=1)
    # float64 is exact enough to place the borders; the differences stay whole.
    borders = np.floor(total[:, None] * (sums / sums[:, -1:])).astype(np.int64)
    borders[:, -1] = total
    return np.diff(borders, axis=1, prepend=0)
