"""An exchange made of arrays, for what is asked of one; and ways to ask it."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import numpy as np

from apps.exchanges.contracts import Candles
from apps.exchanges.errors import ExchangeAnswerInvalid
from apps.exchanges.ports import Capabilities
from apps.market.batches import CandleBatch, batches_join
from apps.market.enums import Timeframe
from apps.market.filling.asking import Asker, Patience
from apps.market.filling.candles import Came, GapsConfirmed, MarketFill
from apps.market.filling.plan import MarketPlan
from apps.market.tests.candles import candles

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.exchanges.ports import MarketDataPort
    from apps.market.filling.plan import Hole, Span

SYMBOL = "BTC/USDT"
DAY = Timeframe.D1.nanoseconds
QUICK = Patience(tries=4, first_seconds=0.0)


@dataclass(slots=True)
class FakeExchange:
    """Serves hourly bars, and days made of them, a page at a time.

    Attributes:
        bars: What it has.
        page: The most bars that one call gives.
        windowed: Whether a page is a window of time, which may be empty, as at OKX.
        only_last: Whether it gives the last page whatever is asked, as Kraken does.
        spoil: Changes a page before it is given.
        calls: What was asked: length, start, limit.
    """

    bars: CandleBatch
    page: int = 100
    windowed: bool = False
    only_last: bool = False
    spoil: Callable[[int, CandleBatch], CandleBatch] | None = None
    calls: list[tuple[str, int, int | None]] = field(default_factory=list)
    exchange: str = "fake"

    def capabilities(self) -> Capabilities:
        """Say that it has hours and days."""
        return Capabilities(
            timeframes=("1h", "1d"),
            candles=True,
            trades=True,
            order_book=True,
            ticker=True,
            stream_tickers=False,
            stream_order_book=False,
            stream_trades=False,
            candles_per_page=self.page,
        )

    def candles_page(
        self, symbol: str, timeframe: str, since_ns: int, limit: int | None = None
    ) -> Candles:
        """Return a page."""
        assert symbol == SYMBOL
        self.calls.append((timeframe, since_ns, limit))
        step = Timeframe(timeframe).nanoseconds
        bars = self.bars
        if timeframe == "1d":
            bars = CandleBatch(np.unique(bars.time // DAY * DAY), bars.values[:, :0])
            values = np.ones((5, len(bars.time)))
            bars = CandleBatch(bars.time, values)
        most = min(limit or self.page, self.page)
        if self.only_last:
            found = bars.rows(max(0, len(bars) - self.page))
        else:
            found = bars.where(bars.time >= since_ns).rows(0, most)
        if self.windowed:
            found = found.where(found.time < since_ns + most * step)
        if self.spoil is not None and timeframe == "1h":
            found = self.spoil(len(self.calls), found)
        prices = tuple(found.values)
        return Candles(found.time, *prices, timeframe_ns=step)  # type: ignore[misc]

    def close(self) -> None:
        """Nothing is open."""


@dataclass(slots=True)
class Asked:
    """What came of asking for a series."""

    bars: CandleBatch
    gaps: list[tuple[str, Hole]]
    fill: MarketFill
    twice: int


def ask(
    exchange: FakeExchange,
    *spans: Span,
    patience: Patience = QUICK,
    listed_ns: int | None = None,
) -> Asked:
    """Ask for spans of hourly bars, and return all that came."""
    plan = MarketPlan(SYMBOL, Timeframe.H1, tuple(spans), listed_ns=listed_ns)
    fill = MarketFill(plan, asker_of(exchange, patience))
    came: list[CandleBatch] = []
    gaps: list[tuple[str, Hole]] = []
    for event in fill.events():
        if isinstance(event, Came) and event.batch is not None:
            came.append(event.batch)
        elif isinstance(event, GapsConfirmed):
            gaps += [(event.kind.value, one) for one in event.gaps]
    whole = batches_join(came)
    times = Counter(whole.time.tolist())
    order = np.argsort(whole.time, kind="stable")
    return Asked(
        CandleBatch(whole.time[order], whole.values[:, order]),
        gaps,
        fill,
        sum(number - 1 for number in times.values()),
    )


def asker_of(exchange: FakeExchange, patience: Patience = QUICK) -> Asker:
    """Return who asks it; only its candles are asked for."""
    return Asker(cast("MarketDataPort", exchange), patience, threading.Event())


def hours(rows: int, *without: int) -> CandleBatch:
    """Return so many hourly bars, without those of some places."""
    keep = np.ones(max(1, rows), dtype=np.bool_)
    keep[list(without)] = False
    return candles(max(1, rows)).where(keep).rows(0, rows)


def same(one: CandleBatch, other: CandleBatch) -> bool:
    """Whether two batches are equal in every number."""
    return np.array_equal(one.time, other.time) and np.array_equal(
        one.values, other.values
    )


def unbelievable(*times: int) -> Callable[[int, CandleBatch], CandleBatch]:
    """Refuse each page that holds one of some bars, as an adapter does."""

    def spoil(call: int, found: CandleBatch) -> CandleBatch:
        if np.isin(found.time, times).any():
            msg = "rows.3.close nan"
            raise ExchangeAnswerInvalid(msg)
        return found

    return spoil
