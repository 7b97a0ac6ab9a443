"""Where longer bars begin, as exchanges have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.market.enums import Timeframe
from apps.market.errors.backfill import ResampleImpossible

if TYPE_CHECKING:
    from apps.engines.contracts import IntArray

# The epoch was a Thursday; weeks begin on Monday. All other lengths count from the epoch.
_MONDAY_NS = 4 * Timeframe.D1.nanoseconds


def origin_of(timeframe: Timeframe) -> int:
    """Return a moment at which a bar of this length begins."""
    return _MONDAY_NS if timeframe is Timeframe.W1 else 0


def opens(time: IntArray, timeframe: Timeframe) -> IntArray:
    """Return the open time of the bar that each moment falls in."""
    step, origin = timeframe.nanoseconds, origin_of(timeframe)
    found: IntArray = (time - origin) // step * step + origin
    return found


def step_check(source: Timeframe, target: Timeframe, *, offset: int) -> int:
    """Return how many bars of `source` make one of `target`.

    Args:
        source: The length of the bars that are there.
        target: The length of those that are wanted.
        offset: What the source's open times leave modulo their length.

    Raises:
        ResampleImpossible: Not a whole number of bars, or they lie across the borders.
    """
    count, rest = divmod(target.nanoseconds, source.nanoseconds)
    if rest or count <= 1:
        longer = [
            one
            for one in Timeframe
            if one.nanoseconds > source.nanoseconds
            and one.nanoseconds % source.nanoseconds == 0
        ]
        can = ", ".join(longer) or "nothing longer"
        msg = f"{target} cannot be made of {source} bars; they make {can}."
        raise ResampleImpossible(msg, attr="timeframe")
    if (offset - origin_of(target)) % source.nanoseconds:
        msg = (
            f"The {source} bars begin {offset / 1e9:g} s off the hours at which {target} "
            "bars begin."
        )
        raise ResampleImpossible(msg, attr="timeframe")
    return count
