"""One run that fetches the public trades of a market and stores them day by day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Any

from apps.market.enums import TradeDoubt
from apps.market.errors.backfill import TradesAbsent
from apps.market.models import TradeDay
from apps.market.moments import datetime_from_ns, iso_from_ns, ns_from_datetime
from apps.market.requests import venue_parse
from apps.market.services.trades_storing import DAY_NS, DayFill

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from apps.exchanges.contracts import Market, Trades
    from apps.market.filling.asking import Asker
    from apps.market.filling.request import TradesRequest
    from apps.market.filling.trades import TradesWalk
    from apps.market.services.backfill_run import BackfillWork
    from apps.users.models import User

# So long after a day its trades have all been published, even where none follows.
_LATE_NS = 300_000_000_000
_DOUBTS: dict[str, str] = {
    TradeDoubt.HEAD: "nothing proves that its first trade is the first there was",
    TradeDoubt.GAP: "trades between two pages may be missing",
    TradeDoubt.CROWDED: "a moment had more trades than one page holds",
}


@dataclass(slots=True)
class TradesRun:
    """One run over a market's days.

    Attributes:
        actor: Whose trades they become.
        request: Which ones.
        work: Progress, fence, log and patience.
        asker: Who is asked.
        market: What the exchange says of it.
        symbol: As it is stored, in upper case.
        end_ns: Up to when trades are fetched, exclusive.
        now_ns: The moment, by the exchange's clock.
    """

    actor: User
    request: TradesRequest
    work: BackfillWork
    asker: Asker
    market: Market
    symbol: str
    end_ns: int
    now_ns: int
    added: int = 0
    days: int = 0
    crowded: int = 0
    suspect: int = 0
    _begin: int = 0
    _known: dict[date, TradeDay] = field(init=False)
    _walk: TradesWalk | None = None
    _next: int | None = None
    _next_goes_on: bool = False

    def __post_init__(self) -> None:
        rows = TradeDay.objects.filter(
            owner=self.actor,
            instrument__venue=venue_parse(self.request.exchange),
            instrument__symbol=self.symbol,
        )
        self._known = {one.day: one for one in rows}

    def result(self, scratch: Path) -> dict[str, Any]:
        """Fetch and store, and return what came of it."""
        start = ns_from_datetime(self.request.start) // DAY_NS * DAY_NS
        if self.market.listed_ns is not None:
            start = max(start, self.market.listed_ns // DAY_NS * DAY_NS)
        self._begin = start
        for first, until in self._wanted(start):
            if not self._stretch(first, min(until, self.end_ns), scratch):
                break
        if not self.days and not self._known and self._next is None:
            msg = (
                f"{self.request.exchange} gave no trades of {self.symbol} from "
                f"{iso_from_ns(start)} to {iso_from_ns(self.end_ns)}."
            )
            raise TradesAbsent(msg, attr="start")
        return {
            "exchange": self.request.exchange,
            "symbol": self.symbol,
            "days_stored": self.days,
            "trades_added": self.added,
            "crowded_moments": self.crowded,
            "days_suspect": self.suspect,
            "unfinished": self._next is not None,
            "next_start": None if self._next is None else iso_from_ns(self._next),
            "next_goes_on": self._next_goes_on,
            "calls": self.asker.asked,
            "calls_repeated": self.asker.failed,
        }

    def _wanted(self, start: int) -> list[tuple[int, int]]:
        """Return the stretches of days that are not complete, as start and end."""
        found: list[tuple[int, int]] = []
        for at in range(start, self.end_ns, DAY_NS):
            known = self._known.get(_day(at))
            if known is not None and known.complete and not self._replaces(at):
                continue
            joined = found and found[-1][1] == at and self._base(at) is None
            if joined:
                found[-1] = (found[-1][0], at + DAY_NS)
            else:
                found.append((at, at + DAY_NS))
        return found

    def _replaces(self, at: int) -> bool:
        """Whether what is stored of a day is thrown away."""
        begun = self.request.goes_on and at == self._begin
        return self.request.replace and not begun

    def _base(self, at: int) -> TradeDay | None:
        """Return the row of a day that is to be continued."""
        return None if self._replaces(at) else self._known.get(_day(at))

    def _stretch(self, start: int, end: int, scratch: Path) -> bool:
        """Fetch days that follow each other; False where time ran out before the end."""
        from apps.market.filling.ahead import Ahead  # noqa: PLC0415
        from apps.market.filling.trades import TradesWalk  # noqa: PLC0415

        base = self._base(start)
        walk = TradesWalk(self.market.symbol, self.asker, start, end)
        if base is not None and base.last is not None:
            walk = self._continued(base, end)
        self._walk = walk
        at = start
        fill = self._open(at, scratch)
        try:
            with Ahead(walk.pages(), self.asker.stop) as pages:
                for page in pages:
                    at, fill = self._page(page, at, fill, scratch, (start, end))
                    if self.work.out_of_time():
                        self._pause(fill, at)
                        return False
            self.asker.stop.clear()
            # What is left of the stretch has no trades.
            while at < end:
                self._close(fill, at, complete=self._over(at, end))
                at += DAY_NS
                fill = self._open(at, scratch)
            return True
        finally:
            fill.close()
            self.crowded += walk.crowded

    def _continued(self, base: TradeDay, end: int) -> TradesWalk:
        from apps.market.filling.trades import TradesWalk  # noqa: PLC0415
        from apps.market.selectors.trades import trade_day_local  # noqa: PLC0415
        from apps.market.store.trades import trades_read  # noqa: PLC0415

        seen: dict[str, int] = {}
        last = 0
        for block in trades_read(trade_day_local(base)):
            last = int(block.time[-1])
            at_last = block.time == last
            ids = zip(block.ids, at_last, strict=True)
            seen = {one: last for one, moment in seen.items() if moment == last}
            seen |= {one: last for one, there in ids if there}
        return TradesWalk(
            self.market.symbol, self.asker, last, end, base.last_id, set(seen)
        )

    def _page(
        self,
        page: Trades,
        at: int,
        fill: DayFill,
        scratch: Path,
        bounds: tuple[int, int],
    ) -> tuple[int, DayFill]:
        """Take in a page that may reach over several days."""
        from apps.market.filling.trades import trades_where  # noqa: PLC0415

        start, end = bounds
        last = int(page.time[-1])
        while last >= at + DAY_NS:
            fill.add(trades_where(page, (page.time >= at) & (page.time < at + DAY_NS)))
            self._close(fill, at, complete=True)
            at += DAY_NS
            fill = self._open(at, scratch)
        fill.add(trades_where(page, page.time >= at))
        self.work.progress(
            (last - start) / max(1, end - start),
            f"{self.symbol}: {self.added + fill.rows:,} trades up to {iso_from_ns(last)}",
        )
        return at, fill

    def _over(self, at: int, end: int) -> bool:
        """Whether nothing more can come of a day that was asked for up to `end`."""
        over = at + DAY_NS
        latest = None if self._walk is None else self._walk.latest
        seen = latest is not None and latest >= over
        return over <= end and (seen or over + _LATE_NS <= self.now_ns)

    def _pause(self, fill: DayFill, at: int) -> None:
        """Leave the day in hand, and what follows, to another run."""
        self._next = at
        if self._replaces(at) and self.days:
            # It may well fit into a run of its own; until then the old one stays.
            return
        self._close(fill, at, complete=False)
        self._next_goes_on = self.request.replace

    def _suspicion(self, fill: DayFill, at: int, until: int) -> str:
        """Return why trades of a day may be missing, up to a moment."""
        if fill.base is not None and fill.goes_on and fill.base.suspect:
            return fill.base.suspect
        for one in () if self._walk is None else tuple(self._walk.doubts):
            if one.first < until and one.last >= at:
                return one.reason.value
        return ""

    def _open(self, at: int, scratch: Path) -> DayFill:
        day = _day(at)
        return DayFill(
            self.actor,
            self.request.exchange,
            self.symbol,
            self.market,
            day,
            scratch,
            self.work,
            self._known.get(day),
            goes_on=not self._replaces(at),
        )

    def _close(self, fill: DayFill, at: int, *, complete: bool) -> None:
        base = fill.base
        # A day that is not over is known up to its last trade; the walk may be ahead.
        known_to = at + DAY_NS if complete else (fill.last_ns or at)
        suspect = self._suspicion(fill, at, known_to)
        complete = complete and not suspect
        # An empty day is worth a file only where trades came before it.
        earlier = any(day < fill.day for day in self._known)
        if not fill.rows and not (complete and earlier):
            fill.close()
            return
        told = (fill.rows, complete, suspect)
        if base and fill.goes_on and told == (base.rows, base.complete, base.suspect):
            fill.close()
            return
        before = 0 if base is None else base.rows
        stored = fill.store(complete=complete, suspect=suspect)
        if suspect:
            self.suspect += 1
            self.work.log(f"{self.symbol} {fill.day}: {_DOUBTS[suspect]}")
        self._known[_day(at)] = stored
        self.days += 1
        self.added += max(0, stored.rows - before)


def _day(at: int) -> date:
    return datetime_from_ns(at).astimezone(UTC).date()
