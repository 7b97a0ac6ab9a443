"""Public trades of a stretch of time, page by page, each trade once.

What an exchange answers is not taken on trust: a page that is asked for from a known trade
on must hold it, the first trade must be proved to be the first, and an answer without
anything new is asked for again. What stays in doubt is noted, with its stretch of time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from apps.exchanges.contracts import Trades
from apps.market.enums import Timeframe, TradeDoubt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.engines.contracts import BoolArray
    from apps.market.filling.asking import Asker

HOUR_NS = 3_600_000_000_000
_MILLISECOND = 1_000_000
# How long before the first trade an earlier one is looked for.
_BEFORE = tuple(hours * HOUR_NS for hours in (1, 24, 7 * 24, 30 * 24))


@dataclass(frozen=True, slots=True)
class Doubt:
    """A stretch of which trades may be missing.

    Attributes:
        first: Where it begins, nanoseconds UTC.
        last: Where it ends, inclusive.
        reason: Why.
    """

    first: int
    last: int
    reason: TradeDoubt


@dataclass(slots=True)
class TradesWalk:
    """Walks over the trades within `[start, end)`.

    Pages overlap by one moment, since several trades share one: what was seen of that
    moment is left out by its id.

    Attributes:
        symbol: The market.
        asker: Who is asked.
        start: The first moment, nanoseconds UTC.
        end: Exclusive.
        after_id: The last trade known already; None: none is.
        seen: Ids of trades known already at `start`.
        doubts: Where trades may be missing; each is noted before the page behind it.
        latest: The last trade that was seen at all, even after `end`.
    """

    symbol: str
    asker: Asker
    start: int
    end: int
    after_id: str | None = None
    seen: set[str] = field(default_factory=set)
    doubts: list[Doubt] = field(default_factory=list)
    latest: int | None = None
    _since: int = field(init=False)
    _by_id: bool = field(init=False)
    _head: bool = field(init=False)
    _longest: int = 0
    # The last known trade, where an exchange that is asked by id said nothing follows.
    _left: tuple[int, str] | None = None

    def __post_init__(self) -> None:
        self._since = self.start
        self._by_id = self.asker.port.capabilities().trades_by_id
        self._head = not self.seen and not self._by_id

    @property
    def crowded(self) -> int:
        """Moments of which one page could not hold all trades."""
        return sum(one.reason is TradeDoubt.CROWDED for one in self.doubts)

    def pages(self) -> Iterator[Trades]:
        """Yield pages of new trades, in order of time.

        Raises:
            Stopped: Nobody waits for them any more.
            ApplicationError: The exchange failed.
        """
        while self._since < self.end:
            page = self._page()
            new = self._new(page)
            if not len(new):
                if not self._onwards(page):
                    return
                continue
            new = self._checked(page, new)
            last = int(new.time[-1])
            at_last = {
                one
                for one, moment in zip(reversed(new.ids), new.time[::-1], strict=True)
                if moment == last
            }
            self.seen = at_last | (self.seen if last == self._since else set())
            self._since, self.after_id = last, new.ids[-1]
            self.latest = last
            within = trades_where(new, new.time < self.end)
            if len(within):
                yield within

    def _ask(self, since: int, after_id: str | None = None) -> Trades:
        port = self.asker.port
        page = self.asker.call(partial(port.trades_page, self.symbol, since, after_id))
        self._longest = max(self._longest, len(page))
        return page

    def _page(self) -> Trades:
        """Return the next page; one that is hard to believe is asked for again."""
        after_id = self.after_id if self._by_id else None
        page = self._ask(self._since, after_id)
        if self._believed(page) or self._stuck(page):
            return page
        found = page
        again = self._ask(self._since, after_id)
        if self._believed(again) or self._stuck(again):
            return again
        if len(self._new(again)) or not len(self._new(page)):
            found = again
        if self._by_id or self._follows(found):
            return found
        # Some exchanges answer only what is later than the moment they are asked.
        earlier = self._ask(self._since - _MILLISECOND)
        more = len(self._new(earlier)) > 0 or not len(self._new(found))
        return earlier if more and self._follows(earlier) else found

    def _believed(self, page: Trades) -> bool:
        return len(self._new(page)) > 0 and (self._by_id or self._follows(page))

    def _follows(self, page: Trades) -> bool:
        """Whether a page holds a known trade, where one is known."""
        return not self.seen or any(one in self.seen for one in page.ids)

    def _new(self, page: Trades) -> Trades:
        keep = page.time >= self._since
        if self.seen:
            known = np.array([one in self.seen for one in page.ids], dtype=np.bool_)
            keep &= ~known if len(known) else True
        return trades_where(page, keep)

    def _stuck(self, page: Trades) -> bool:
        """Whether a page is full of one moment's trades, all of them known."""
        if len(page) <= 1 or len(self._new(page)):
            return False
        if not (page.time == self._since).all() or len(page) < self._longest:
            return False
        # The last moment of all looks the same, unless a page can be longer.
        self._ask(max(0, self._since - HOUR_NS))
        return len(page) >= self._longest

    def _checked(self, page: Trades, new: Trades) -> Trades:
        """Return the new trades of a page, and note what may be missing before them."""
        first = int(new.time[0])
        if self._by_id:
            return self._resumed(new)
        if self._head:
            self._head = False
            if not self._proved():
                self.doubts.append(Doubt(self.start, first, TradeDoubt.HEAD))
        elif not self._follows(page):
            self.doubts.append(Doubt(self._since, first, TradeDoubt.GAP))
        return new

    def _proved(self) -> bool:
        """Whether the exchange has trades before the start, or says there are none.

        One that gives only its latest trades begins with the same one whatever is asked.
        """
        for back in _BEFORE:
            since = max(0, self.start - back)
            page = self._ask(since)
            if not len(page):
                page = self._ask(since)
            if not len(page) or int(page.time[0]) < self.start:
                return True
        return False

    def _resumed(self, new: Trades) -> Trades:
        """Return what follows the last known trade, where nothing was said to follow."""
        if self._left is None:
            return new
        (since, after_id), self._left = self._left, None
        found = self._ask(since, after_id)
        if len(found):
            return found
        self.doubts.append(Doubt(since, int(new.time[0]), TradeDoubt.GAP))
        return new

    def _onwards(self, page: Trades) -> bool:
        """Move on where nothing new came; False: nothing is later."""
        if self._stuck(page):
            self._doubt_here(TradeDoubt.CROWDED)
            self._since += _MILLISECOND
        else:
            if self._by_id and self.after_id is not None:
                self._left = self._since, self.after_id
            elif not self._by_id and not self._follows(page):
                self._doubt_here(TradeDoubt.GAP)
            if not self._quiet():
                return False
            # It says itself that nothing was there.
            self._head = False
        self.after_id, self.seen = None, set()
        return True

    def _doubt_here(self, reason: TradeDoubt) -> None:
        self.doubts.append(Doubt(self._since, self._since, reason))

    def _quiet(self) -> bool:
        """Move on over an hour without trades, or over days; False: nothing is later."""
        since = self._since
        self._since = since + HOUR_NS
        if self._since >= self.end:
            return False
        port = self.asker.port
        day = Timeframe.D1
        if day.value not in port.capabilities().timeframes:
            return True
        page = self.asker.candles(
            self.symbol,
            day,
            since - day.nanoseconds + 1,
            port.capabilities().candles_per_page,
        )
        if page.candles is None:
            return True
        traded = page.candles.time[page.candles.volume > 0]
        later = traded[traded + day.nanoseconds > since]
        if not len(later):
            return len(page.candles) > 0 and self._beyond(int(page.candles.time[-1]))
        self._since = max(self._since, int(later[0]))
        return True

    def _beyond(self, last: int) -> bool:
        """Go on after days without a trade."""
        self._since = max(self._since, last + Timeframe.D1.nanoseconds)
        return self._since < self.end


def trades_where(trades: Trades, mask: BoolArray) -> Trades:
    """Return the trades that a mask of shape (n,) picks."""
    if mask.all():
        return trades
    places = np.flatnonzero(mask)
    return Trades(
        trades.time[places],
        trades.price[places],
        trades.quantity[places],
        trades.buyer_taker[places],
        tuple(trades.ids[at] for at in places.tolist()),
    )
