"""What is found about two trades that differ, and what several causes look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from apps.analysis.parity.contracts import Cause
from apps.analysis.parity.equality import GRID_NOISE

if TYPE_CHECKING:
    from apps.analysis.parity.contracts import Ground
    from apps.analysis.parity.telling import Trade
    from apps.engines.contracts import Bars


class Finding(NamedTuple):
    """A cause, in a word and in a sentence."""

    cause: Cause
    detail: str


def option_ignored(name: str, *trades: Trade) -> Finding | None:
    """Return that a side does not know an option, or None when all do.

    Args:
        name: The option; also found as the first part of a dotted name.
        trades: A trade of each side.
    """
    for trade in trades:
        for ignored in trade.ignored:
            if ignored.split(".")[0] == name:
                words = ignored.replace("_", " ").replace(".", " ")
                detail = f"{trade.name} does not know {words}"
                return Finding(Cause.UNSUPPORTED_OPTION, detail)
    return None


def within_tick(one: float, other: float, ground: Ground) -> bool:
    """Return whether two prices are no more than a tick apart."""
    return abs(one - other) <= float(ground.market.price_tick) * (1 + GRID_NOISE)


def hole_between(bars: Bars, one: int, other: int) -> bool:
    """Return whether the series misses bars between two of its own."""
    if min(one, other) < 0 or max(one, other) >= len(bars):
        return False
    nominal = abs(one - other) * bars.timeframe_ns
    return abs(int(bars.time[one]) - int(bars.time[other])) > nominal
