"""What a series lacks of a range, and so what is to be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from apps.engines.contracts import IntArray
    from apps.market.enums import Timeframe


class SpanKind(StrEnum):
    """Where a stretch that is to be asked for lies."""

    LEAD = "lead"
    HOLE = "hole"
    TAIL = "tail"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch to ask for: bars that open within `[start, end)`, nanoseconds UTC.

    Attributes:
        start: Of a tail that follows stored bars, the last of them, so that it is seen
            again; else the first open time.
        end: Exclusive.
        kind: `lead` has no stored bar before it, `hole` stored bars on both sides,
            `tail` none after it. A series that is not there yet is one lead.
        open_end: Whether no stored bar follows.
    """

    start: int
    end: int
    kind: SpanKind
    open_end: bool = False


@dataclass(frozen=True, slots=True)
class Hole:
    """Missing bars: the open time of the first, and how many there are."""

    first: int
    bars: int

    def last(self, step: int) -> int:
        """Return the open time of the last one."""
        return self.first + (self.bars - 1) * step


@dataclass(frozen=True, slots=True)
class Have:
    """What is stored of a series.

    Attributes:
        first: Open time of the first bar.
        last: Open time of the last one.
        holes: Stretches of missing bars between them, in order.
        asked: Stretches, as first and last open time, that the exchange was asked for
            twice, in order.
    """

    first: int
    last: int
    holes: tuple[Hole, ...] = ()
    asked: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class MarketPlan:
    """One series and what is to be asked for.

    Attributes:
        symbol: The market, as the exchange writes it.
        timeframe: The bars' length.
        spans: What to ask for, in order of time.
        offset: What open times leave modulo the bars' length; None where no bar is
            stored that would tell.
        listed_ns: When trading began, if the exchange says so.
    """

    symbol: str
    timeframe: Timeframe
    spans: tuple[Span, ...]
    offset: int | None = None
    listed_ns: int | None = None

    @property
    def bars(self) -> int:
        """How many bars the spans hold, were none missing."""
        step = self.timeframe.nanoseconds
        return sum(-(-(span.end - span.start) // step) for span in self.spans)


def spans_plan(
    *, start: int, end: int, step: int, have: Have | None, again: bool = False
) -> tuple[Span, ...]:
    """Return what must be asked for so that a series has all of `[start, end)`.

    Args:
        start: First open time wanted, inclusive.
        end: Exclusive.
        step: The bars' length.
        have: What is stored; None: nothing.
        again: Whether everything is to be asked for, stored or not.
    """
    if end <= start:
        return ()
    if have is None or again:
        return (Span(start, end, SpanKind.LEAD, open_end=True),)
    lead = [(start, min(end, have.first))]
    rest = _without(lead, have.asked, step)
    spans = [Span(a, b, SpanKind.LEAD) for a, b in rest]
    holes = [
        (max(start, one.first), min(end, one.last(step) + step)) for one in have.holes
    ]
    rest = _without(holes, have.asked, step)
    spans += [Span(a, b, SpanKind.HOLE) for a, b in rest]
    if end > have.last + step:
        spans.append(Span(have.last, end, SpanKind.TAIL, open_end=True))
    return tuple(spans)


def holes_find(time: IntArray, step: int) -> list[Hole]:
    """Return the stretches that are missing between times that are sorted and unique."""
    missing = np.diff(time) // step - 1
    places = np.flatnonzero(missing > 0)
    return [Hole(int(time[at]) + step, int(missing[at])) for at in places]


def holes_left(
    holes: Iterable[Hole], filled: Sequence[int] | set[int], step: int
) -> list[Hole]:
    """Return what is still missing of holes after some of their bars came.

    Args:
        holes: In order of time.
        filled: Open times that came.
        step: The bars' length.
    """
    came = sorted(filled)
    left: list[Hole] = []
    at = 0
    for hole in holes:
        until = hole.last(step) + step
        first = hole.first
        while at < len(came) and came[at] < until:
            if came[at] > first:
                left.append(Hole(first, (came[at] - first) // step))
            first = max(first, came[at] + step)
            at += 1
        if first < until:
            left.append(Hole(first, (until - first) // step))
    return left


def _without(
    wanted: Iterable[tuple[int, int]], asked: Sequence[tuple[int, int]], step: int
) -> list[tuple[int, int]]:
    """Return stretches `[start, end)` without others; both are in order of time.

    Args:
        wanted: The stretches; those that are empty or turned round are left out.
        asked: The others, as first and last open time.
        step: The bars' length.
    """
    rest: list[tuple[int, int]] = []
    passed = 0
    for begin, end in wanted:
        start = begin
        while passed < len(asked) and asked[passed][1] + step <= start:
            passed += 1
        at = passed
        while at < len(asked) and asked[at][0] < end:
            first, last = asked[at]
            if first > start:
                rest.append((start, first))
            start = max(start, last + step)
            at += 1
        if start < end:
            rest.append((start, end))
    return rest
