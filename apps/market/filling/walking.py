"""Page by page through one stretch of a series, with what is empty jumped over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from apps.exchanges.errors import ExchangeAnswerInvalid
from apps.market.batches import batches_join
from apps.market.enums import Timeframe
from apps.market.moments import iso_from_ns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.market.batches import CandleBatch
    from apps.market.filling.asking import Asker, Page
    from apps.market.filling.plan import MarketPlan
    from apps.market.filling.rows import PageRows

# Where an exchange does not say how many bars a page has.
_USUAL_PAGE = 100
# So many bars in a row that cannot be believed are no accident.
_MOST_UNREADABLE = 5
_PROBE_PAGES = 2
# So often a bar is asked for until two answers agree.
_MOST_ANSWERS = 5


@dataclass(slots=True)
class Walk:
    """One walk over `[start, end)`.

    Attributes:
        plan: The series.
        asker: Who is asked.
        rows: What pages are made into batches by.
        start: First open time, nanoseconds UTC.
        end: Exclusive.
        open_end: Whether nothing is stored after `end`; else the bar at `end` is asked
            for too, so that the last one wanted is not the last of its page.
        skipped: Takes open times of bars whose answer could never be believed.
        coarse_first: From when there are bars of a longer timeframe, if that was asked.
    """

    plan: MarketPlan
    asker: Asker
    rows: PageRows
    start: int
    end: int
    open_end: bool
    skipped: set[int] = field(default_factory=set)
    coarse_first: int | None = None
    _since: int = field(init=False)
    _settled: int = field(init=False)
    _held: CandleBatch | None = None
    _held_sure: bool = False

    def __post_init__(self) -> None:
        self._since = self._settled = self.start

    @property
    def _step(self) -> int:
        return self.plan.timeframe.nanoseconds

    @property
    def _page(self) -> int | None:
        return self.asker.port.capabilities().candles_per_page

    def settled_take(self, *, rest: bool = False) -> int:
        """Return how many bars were settled since the last call."""
        until = self.end if rest else min(self._since, self.end)
        bars = (until - self._settled) // self._step
        self._settled += bars * self._step
        return max(0, bars)

    def listing_skip(self, listed_ns: int | None) -> int:
        """Begin where the market was listed, and return that time.

        What is jumped over was asked for twice, by days, and nothing of it was in a page
        at its start or in one at its end.

        Args:
            listed_ns: What the exchange says, if anything. Some have older bars, so it
                stands for one of the two answers at most.
        """
        self.coarse_first = listed_ns
        bars = (self.end - self.start) // self._step
        if bars <= _PROBE_PAGES * (self._page or _USUAL_PAGE) or not self._coarse():
            return self.start
        first = self._later(self.start)
        if first is None or first > self.start:
            again = self._later(self.start) if listed_ns is None else listed_ns
            told = [one for one in (first, again) if one is not None]
            first = min(told, default=None)
        self.coarse_first = first
        begin = self.end if first is None else min(self.end, max(self.start, first))
        if begin <= self.start or self._any_before(begin):
            return self.start
        self._since = self._settled = begin
        return begin

    def _any_before(self, begin: int) -> bool:
        """Say whether a page at the start, or one just before a time, has bars."""
        last = begin - (self._page or _USUAL_PAGE) * self._step
        for since in sorted({self.start, max(self.start, last)}):
            found = self._ask(since, self._page).candles
            if found is None:
                return True
            if ((found.time >= since) & (found.time < begin)).any():
                return True
        return False

    def batches(self) -> Iterator[CandleBatch]:
        """Yield the bars of the stretch in order, as pages come.

        Raises:
            Stopped: Nobody waits for it any more.
            ApplicationError: The exchange failed.
        """
        unreadable = 0
        while self._since < self.end:
            limit = self._limit()
            page = self._ask(self._since, limit)
            if page.candles is None:
                unreadable += 1
                self._unreadable_skip(unreadable)
                continue
            unreadable = 0
            new = self._after_held(self.rows.batch(page.candles, self._since))
            if len(new):
                yield from self._believed(new)
                continue
            shortened = page.size == 1 and limit != 1 and self._held is not None
            yield from self._release()
            # Only the bar held back fitted into what can be believed: just the next.
            if not shortened and not self._jump():
                return
        yield from self._release()

    def _limit(self) -> int | None:
        page = self._page
        # The bar at `end` as well, and the one that was held back.
        needed = -(-(self.end - self._since) // self._step) + 2
        return None if page is None else max(2, min(page, needed))

    def _unreadable_skip(self, many: int) -> None:
        if many >= _MOST_UNREADABLE:
            msg = (
                f"The exchange gave {many} bars in a row of {self.plan.symbol} up to "
                f"{iso_from_ns(self._since)} that cannot be believed."
            )
            raise ExchangeAnswerInvalid(msg, attr="symbol")
        held = self._held
        if held is not None and int(held.time[0]) == self._since:
            # It was not seen again: asked for by itself, or else a hole for now.
            self._held = self._agreed(held, self._bar(self._since))
            self._held_sure = True
            self._since += self._step
            return
        offset = self.rows.offset
        into = 0 if offset is None else (offset - self._since) % self._step
        self.skipped.add(self._since + into)
        self._since += self._step

    def _ask(self, since: int, limit: int | None) -> Page:
        return self.asker.candles(self.plan.symbol, self.plan.timeframe, since, limit)

    def _after_held(self, batch: CandleBatch) -> CandleBatch:
        """Return the bars after the one held back, once that was seen again."""
        if self._held is None:
            return batch
        at = int(self._held.time[0])
        if self._since <= at:
            again = batch.rows(0, 1) if len(batch) and batch.time[0] == at else None
            self._held = self._agreed(self._held, again)
            self._held_sure = True
        return batch.where(batch.time > at)

    def _agreed(
        self, held: CandleBatch, again: CandleBatch | None
    ) -> CandleBatch | None:
        """Return a bar as two answers have it; where they differ, it is asked for more.

        None where two answers did not have it: it is a hole for now.
        """
        answers: list[CandleBatch | None] = [held]
        while len(answers) <= _MOST_ANSWERS:
            if any(_equal(again, one) for one in answers):
                return again
            answers.append(again)
            again = self._bar(int(held.time[0]))
        msg = (
            f"The exchange gave the bar of {self.plan.symbol} at "
            f"{iso_from_ns(int(held.time[0]))} with other numbers each time; try again "
            "later."
        )
        raise ExchangeAnswerInvalid(msg, attr="symbol")

    def _bar(self, at: int) -> CandleBatch | None:
        """Ask for one bar, and the one after it, since the last is not believed."""
        page = self._ask(at, 2)
        if page.candles is None:
            return None
        rows = self.rows.batch(page.candles, at)
        return rows.rows(0, 1) if len(rows) and rows.time[0] == at else None

    def _believed(self, new: CandleBatch) -> Iterator[CandleBatch]:
        """Yield the bars that are sure, and hold the last one back."""
        sure = new.rows(0, len(new) - 1)
        ready = [one for one in (self._held, sure) if one is not None]
        self._held, self._held_sure = new.rows(len(new) - 1), False
        self._since = int(self._held.time[0])
        yield self._wanted(batches_join(ready))
        if self._since >= self.end:
            self._held = None  # beyond what was wanted

    def _release(self) -> Iterator[CandleBatch]:
        """Yield the bar held back, once it was seen again."""
        held, self._held = self._held, None
        if held is None:
            return
        at = int(held.time[0])
        if not self._held_sure:
            held = self._agreed(held, self._bar(at))
        self._since = max(self._since, at + self._step)
        if held is not None:
            yield self._wanted(held)

    def _wanted(self, batch: CandleBatch) -> CandleBatch:
        return batch.where((batch.time >= self.start) & (batch.time < self.end))

    def _jump(self) -> bool:
        """Move on over an empty page; False where there is nothing later."""
        window = (self._page or _USUAL_PAGE) * self._step
        since = self._since
        self._since = min(self.end, since + window)
        if self._since >= self.end or not self._coarse():
            return self._since < self.end
        later = self._later(since)
        if later is None:
            self._since = self.end
            return False
        # Not before the next bar: the coarse bar may have begun long ago.
        self._since = max(since + self._step, later) if later > since else self._since
        return self._since < self.end

    def _coarse(self) -> Timeframe | None:
        """Return a timeframe that tells of many bars at once, if there is a longer one."""
        served = self.asker.port.capabilities().timeframes
        day = Timeframe.D1
        shorter = self._step < day.nanoseconds
        return day if shorter and day.value in served else None

    def _later(self, since: int) -> int | None:
        """Return from when on there may be bars, by a longer timeframe; None: never.

        The day that `since` lies in counts, so the answer may be `since` itself.
        """
        coarse = self._coarse()
        if coarse is None:
            return since
        day = coarse.nanoseconds
        page = self._page or _USUAL_PAGE
        at = since - day + 1
        while at < self.end:
            rows = self.asker.candles(self.plan.symbol, coarse, at, self._page).candles
            if rows is None:
                return max(since, at)  # there is something, if nothing to be believed
            times = rows.time[rows.time >= at].tolist()
            if times:
                return max(since, int(times[0]))
            at += page * day
        return None


def _equal(one: CandleBatch | None, other: CandleBatch | None) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one.values, other.values)
