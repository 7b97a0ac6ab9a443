"""What an exchange says once, or cannot say, is not taken for what it does not have."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from apps.market.filling.plan import Have, Hole, Span, SpanKind, spans_plan
from apps.market.tests.candles import HOUR, START
from apps.market.tests.exchange import FakeExchange, ask, hours, same, unbelievable

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.exchanges.contracts import Candles
    from apps.market.batches import CandleBatch


def at(place: int) -> int:
    return START + place * HOUR


def lead(rows: int, *, open_end: bool = True) -> Span:
    return Span(START, at(rows), SpanKind.LEAD, open_end=open_end)


@dataclass(slots=True)
class FewerDays(FakeExchange):
    """Leaves days out of some answers about days.

    Attributes:
        lost: How many of the first days are left out; all by default.
        times: In how many answers.
    """

    lost: int = 100
    times: int = 1

    def candles_page(
        self, symbol: str, timeframe: str, since_ns: int, limit: int | None = None
    ) -> Candles:
        """Return a page."""
        # Named, since a class with slots is made anew by its decorator.
        page = FakeExchange.candles_page(self, symbol, timeframe, since_ns, limit)
        if timeframe != "1d" or not self.times:
            return page
        self.times -= 1
        few = slice(self.lost, None)
        prices = (page.open[few], page.high[few], page.low[few], page.close[few])
        return type(page)(
            page.time[few], *prices, page.volume[few], timeframe_ns=page.timeframe_ns
        )


@pytest.mark.parametrize("lost", [100, 30], ids=["empty", "cut"])
@pytest.mark.parametrize("times", [1, 2, 50])
@pytest.mark.parametrize("windowed", [False, True], ids=["from", "window"])
@pytest.mark.parametrize("open_end", [False, True], ids=["between", "to the end"])
def test_false_answers_about_days_lose_no_hour(
    lost: int, times: int, *, windowed: bool, open_end: bool
) -> None:
    exchange = FewerDays(hours(2000), 100, windowed=windowed, lost=lost, times=times)
    got = ask(exchange, lead(2000, open_end=open_end))
    assert same(got.bars, hours(2000))
    assert got.gaps == []


@pytest.mark.parametrize("windowed", [False, True], ids=["from", "window"])
def test_history_from_before_the_listing_that_is_told_is_fetched(
    *, windowed: bool
) -> None:
    exchange = FakeExchange(hours(3000), 100, windowed=windowed)
    got = ask(exchange, lead(3000), listed_ns=at(1000))
    assert same(got.bars, hours(3000))
    assert got.gaps == []


@pytest.mark.parametrize("place", [1, 57, 99, 100, 198])
def test_bars_that_could_not_be_believed_are_no_confirmed_gap(place: int) -> None:
    missing = (30, 31)
    exchange = FakeExchange(hours(200, *missing), 100, spoil=unbelievable(at(place)))
    got = ask(exchange, lead(200))
    assert same(got.bars, hours(200, place, *missing))
    assert got.gaps == [("hole", Hole(at(30), 2))]
    assert got.fill.told.confirmed == 2


def _second_walk(place: int) -> Callable[[int, CandleBatch], CandleBatch]:
    refuse = unbelievable(at(place))

    def spoil(call: int, found: CandleBatch) -> CandleBatch:
        if call <= 3:
            return found.where(~np.isin(found.time, [at(place)]))
        return refuse(call, found)

    return spoil


def test_bars_that_could_not_be_believed_when_asked_again_are_none_either() -> None:
    exchange = FakeExchange(hours(200), 100, spoil=_second_walk(50))
    got = ask(exchange, lead(200))
    assert same(got.bars, hours(200, 50))
    assert got.gaps == []


def test_a_first_bar_that_could_not_be_believed_is_not_said_to_be_missing() -> None:
    exchange = FakeExchange(hours(200), 100, spoil=unbelievable(at(0)))
    got = ask(exchange, lead(150, open_end=False))
    assert same(got.bars, hours(200, 0).rows(0, 149))
    assert got.gaps == []


def test_many_holes_and_many_gaps_are_compared_in_one_pass() -> None:
    many = 60_000
    holes = tuple(Hole(4 * place, 2) for place in range(many))
    asked = tuple((one.first, one.first) for one in holes)
    begun = time.process_time()
    spans = spans_plan(
        start=0, end=4 * many, step=1, have=Have(0, 4 * many, holes, asked)
    )
    assert time.process_time() - begun < 5
    assert [one.start for one in spans] == [one.first + 1 for one in holes]


def test_gaps_that_overlap_or_span_many_holes_are_left_out_of_each() -> None:
    holes = (Hole(10, 5), Hole(20, 5), Hole(30, 5), Hole(40, 5))
    asked = ((8, 21), (9, 11), (24, 31), (33, 33), (60, 70))
    spans = spans_plan(start=0, end=50, step=1, have=Have(0, 49, holes, asked))
    assert [(one.start, one.end) for one in spans] == [
        (22, 24),
        (32, 33),
        (34, 35),
        (40, 45),
    ]
