"""What an exchange gives of one series, told as events while it comes.

Three rules. A page's last bar is not believed until it was seen again, since exchanges
serve it half made from caches: pages overlap by one bar. A stretch that came without bars
is asked for a second time before it counts as a gap. Where a page is empty, a longer
timeframe tells whether there is anything later, so that years before a listing cost a
call or two.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from apps.market.filling.plan import Hole, SpanKind, holes_find, holes_left
from apps.market.filling.rows import PageRows
from apps.market.filling.walking import Walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.market.batches import CandleBatch
    from apps.market.filling.asking import Asker
    from apps.market.filling.plan import MarketPlan, Span

# Holes are asked for again in between, so that a thin market does not fill memory.
_MOST_PENDING = 5_000


@dataclass(frozen=True, slots=True)
class Came:
    """Bars came, or a stretch was settled without any.

    Attributes:
        batch: The bars, in order; a later event may bring earlier ones.
        settled: How many bars of the plan are done with it.
        less: How many bars of the plan turned out not to exist.
    """

    batch: CandleBatch | None = None
    settled: int = 0
    less: int = 0


@dataclass(frozen=True, slots=True)
class GapsConfirmed:
    """Stretches that were asked for twice and did not come.

    Attributes:
        kind: Whether they lie before the first bar.
        gaps: The stretches.
    """

    kind: SpanKind
    gaps: tuple[Hole, ...]


@dataclass(slots=True)
class Told:
    """What is to be said of one market.

    Attributes:
        asked: Missing bars within the series that were asked for again.
        filled: How many of these came then.
        confirmed: How many did not.
        from_ns: The first bar that the exchange has of the range; None: it has none.
        coarse_ns: From when it has bars of a longer timeframe; None: not looked.
        impossible: Bars left out that no market can have made.
        off_grid: Bars left out that lie off the grid.
        unreadable: Bars skipped since their answer could never be believed.
    """

    asked: int = 0
    filled: int = 0
    confirmed: int = 0
    from_ns: int | None = None
    coarse_ns: int | None = None
    impossible: int = 0
    off_grid: int = 0
    unreadable: int = 0


@dataclass(slots=True)
class MarketFill:
    """Asks for one series.

    Attributes:
        plan: What to ask for.
        asker: Whom.
        told: What is to be said of it, complete once `events` has ended.
    """

    plan: MarketPlan
    asker: Asker
    told: Told = field(default_factory=Told)
    _pending: list[Hole] = field(default_factory=list)
    # Nothing is known of bars whose answer could not be believed: they are no gap.
    _skipped: set[int] = field(default_factory=set)
    _rows: PageRows = field(init=False)

    def __post_init__(self) -> None:
        self._rows = PageRows(self.plan.timeframe.nanoseconds, self.plan.offset)

    def events(self) -> Iterator[Came | GapsConfirmed]:
        """Ask, and yield what comes of it.

        Raises:
            Stopped: Nobody waits for it any more.
            ApplicationError: The exchange failed, or cannot give this.
        """
        for span in self.plan.spans:
            yield from self._span(span)
        yield from self._ask_again()
        self.told.unreadable = len(self._skipped)
        self.told.impossible = self._rows.impossible
        self.told.off_grid = self._rows.off_grid

    @property
    def _step(self) -> int:
        return self.plan.timeframe.nanoseconds

    def _walk(self, start: int, end: int, *, open_end: bool) -> Walk:
        return Walk(
            self.plan,
            self.asker,
            self._rows,
            start,
            end,
            open_end=open_end,
            skipped=self._skipped,
        )

    def _span(self, span: Span) -> Iterator[Came | GapsConfirmed]:
        step, begun = self._step, span.start
        walk = self._walk(span.start, span.end, open_end=span.open_end)
        if span.kind is SpanKind.LEAD:
            begun = walk.listing_skip(self.plan.listed_ns)
            self.told.coarse_ns = walk.coarse_first
            if begun > span.start:
                yield Came(less=-(-(begun - span.start) // step))
        # The bar after which the next one is expected; of a lead nobody knows it yet.
        before = {
            SpanKind.LEAD: None,
            SpanKind.HOLE: span.start - step,
            SpanKind.TAIL: span.start,
        }[span.kind]
        first: int | None = None
        for batch in walk.batches():
            if len(batch):
                first = int(batch.time[0]) if first is None else first
                before = self._note(before, batch)
            yield Came(batch, settled=walk.settled_take())
            if len(self._pending) > _MOST_PENDING:
                yield from self._ask_again()
        yield Came(settled=walk.settled_take(rest=True))
        if span.kind is SpanKind.LEAD:
            yield from self._lead(span, begun, first)
        if before is not None and first is not None and not span.open_end:
            self._until(before, span.end)
        elif span.kind is SpanKind.HOLE:
            self._until(span.start - step, span.end)
        if span.open_end and before is not None:
            yield from self._newest(before, span.end)

    def _note(self, before: int | None, batch: CandleBatch) -> int:
        """Remember the holes that a batch leaves, and return its last time."""
        time = batch.time
        if before is not None:
            time = np.concatenate(([before], time))
        self._pending += holes_find(time, self._step)
        return max(int(batch.time[-1]), before or 0)

    def _until(self, before: int, end: int) -> None:
        """Remember the hole between a bar and the stored bar at `end`."""
        bars = (end - before - 1) // self._step
        if bars > 0:
            self._pending.append(Hole(before + self._step, bars))

    def _lead(
        self, span: Span, begun: int, first: int | None
    ) -> Iterator[Came | GapsConfirmed]:
        """Ask again for what is missing before the first bar; say that it is not there."""
        step = self._step
        until = span.end if first is None else first
        if first is None and span.open_end:
            return  # nothing came at all, and nothing is stored
        before: int | None = None
        if begun < until:
            for batch in self._walk(begun, until, open_end=False).batches():
                early = batch.where(batch.time < until)
                if len(early):
                    first = int(early.time[0]) if before is None else first
                    before = self._note(before, early)
                    yield Came(early)
        if before is not None:
            self._until(before, until)
            until = first or until
        self.told.from_ns = first
        missing = (until - span.start) // step
        if missing > 0:
            gap = Hole(until - missing * step, missing)
            yield from self._confirmed(SpanKind.LEAD, [gap])

    def _newest(self, before: int, end: int) -> Iterator[Came]:
        """Ask again for what is missing after the last bar; it is asked for each time."""
        if before + self._step >= end:
            return
        # One page: where it is empty, a longer timeframe has said that nothing follows.
        end = min(end, before + self._rows_at_once() * self._step)
        for batch in self._walk(before, end, open_end=True).batches():
            late = batch.where(batch.time > before)
            if len(late):
                before = self._note(before, late)
                yield Came(late)

    def _ask_again(self) -> Iterator[Came | GapsConfirmed]:
        """Ask a second time for all holes; what does not come now is a gap."""
        step = self._step
        holes, self._pending = sorted(self._pending, key=lambda one: one.first), []
        for group in _groups(holes, step, self._rows_at_once()):
            start, end = group[0].first, group[-1].last(step) + step
            came: set[int] = set()
            for batch in self._walk(start, end, open_end=False).batches():
                wanted = batch.where(_within(batch, group, step))
                came.update(wanted.time.tolist())
                if len(wanted):
                    yield Came(wanted)
            self.told.asked += sum(one.bars for one in group)
            self.told.filled += len(came)
            for event in self._confirmed(SpanKind.HOLE, holes_left(group, came, step)):
                self.told.confirmed += sum(one.bars for one in event.gaps)
                yield event

    def _confirmed(self, kind: SpanKind, gaps: list[Hole]) -> Iterator[GapsConfirmed]:
        """Tell of gaps, less those bars that are there but could not be believed."""
        sure = holes_left(gaps, self._skipped, self._step)
        if sure:
            yield GapsConfirmed(kind, tuple(sure))

    def _rows_at_once(self) -> int:
        return self.asker.port.capabilities().candles_per_page or 100


def _groups(holes: list[Hole], step: int, most: int) -> Iterator[list[Hole]]:
    """Yield holes together that one page can hold."""
    group: list[Hole] = []
    for hole in holes:
        if group and hole.last(step) - group[0].first >= (most - 2) * step:
            yield group
            group = []
        group.append(hole)
    if group:
        yield group


def _within(
    batch: CandleBatch, holes: list[Hole], step: int
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    starts = np.array([one.first for one in holes])
    ends = np.array([one.last(step) for one in holes])
    place = np.searchsorted(starts, batch.time, side="right") - 1
    inside: np.ndarray[tuple[int], np.dtype[np.bool_]] = (place >= 0) & (
        batch.time <= ends[np.maximum(place, 0)]
    )
    return inside
