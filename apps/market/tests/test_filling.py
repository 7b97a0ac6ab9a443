"""Asking an exchange for what a series lacks, whatever the exchange is like."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from apps.exchanges.errors import (
    ExchangeAnswerInvalid,
    ExchangeRateLimited,
    ExchangeUnavailable,
    SymbolUnknown,
)
from apps.market.batches import CandleBatch
from apps.market.filling.ahead import Ahead
from apps.market.filling.asking import Patience, Stopped
from apps.market.filling.pace import Pace, duration
from apps.market.filling.plan import (
    Have,
    Hole,
    Span,
    SpanKind,
    holes_find,
    holes_left,
    spans_plan,
)
from apps.market.tests.candles import HOUR, START
from apps.market.tests.exchange import (
    QUICK,
    FakeExchange,
    ask,
    asker_of,
    hours,
    same,
    unbelievable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


def lead(rows: int, *, before: int = 0) -> Span:
    """A series that is not there yet, of so many hours from START."""
    return Span(
        START - before * HOUR, START + rows * HOUR, SpanKind.LEAD, open_end=True
    )


def at(place: int) -> int:
    return START + place * HOUR


@pytest.mark.parametrize("page", [2, 3, 7, 100, 5000])
@pytest.mark.parametrize("windowed", [False, True], ids=["from", "window"])
def test_all_bars_come_once_whatever_the_page(page: int, *, windowed: bool) -> None:
    bars = hours(300)
    got = ask(FakeExchange(bars, page, windowed=windowed), lead(300))
    assert same(got.bars, bars)
    assert (got.twice, got.gaps) == (0, [])


@settings(max_examples=60, deadline=None)
@given(
    missing=st.sets(st.integers(1, 198)),
    page=st.integers(2, 60),
    windowed=st.booleans(),
)
def test_what_the_exchange_has_is_had_and_what_it_lacks_is_confirmed(
    missing: set[int], page: int, *, windowed: bool
) -> None:
    bars = hours(200, *missing)
    got = ask(FakeExchange(bars, page, windowed=windowed), lead(200))
    assert same(got.bars, bars)
    confirmed = [
        gap.first + HOUR * place
        for kind, gap in got.gaps
        for place in range(gap.bars)
        if kind == "hole"
    ]
    assert confirmed == [at(place) for place in sorted(missing)]
    assert got.fill.told.confirmed == len(missing)


def test_a_hole_that_was_an_accident_is_filled_by_asking_again() -> None:
    bars = hours(200)

    def lose_once(call: int, found: CandleBatch) -> CandleBatch:
        return (
            found.where(~np.isin(found.time, [at(40), at(41)])) if call < 4 else found
        )

    got = ask(FakeExchange(bars, spoil=lose_once), lead(200))
    assert same(got.bars, bars)
    told = got.fill.told
    assert (told.asked, told.filled, told.confirmed) == (2, 2, 0)


def test_the_last_bar_of_a_page_is_not_believed_until_it_was_seen_again() -> None:
    bars = hours(250)

    def half_made(call: int, found: CandleBatch) -> CandleBatch:
        values = found.values.copy()
        values[4, -1:] /= 2
        return CandleBatch(found.time, values)

    got = ask(FakeExchange(bars, spoil=half_made), lead(200))
    assert same(got.bars, bars.rows(0, 200))


def test_a_last_bar_that_cannot_be_read_again_at_once_is_not_believed_either() -> None:
    bars = hours(250)
    seen = 0
    refused = 0

    def half_made(call: int, found: CandleBatch) -> CandleBatch:
        nonlocal seen, refused
        if at(99) not in found.time:
            return found
        seen += 1
        if seen == 1:
            values = found.values.copy()
            values[4, -1:] /= 2
            return CandleBatch(found.time, values)
        # As often as it takes to give up even the bar by itself.
        if refused < 3:
            refused += 1
            msg = "rows.0.close nan"
            raise ExchangeAnswerInvalid(msg)
        return found

    got = ask(FakeExchange(bars, spoil=half_made), lead(200))
    assert refused > 2
    assert same(got.bars, bars.rows(0, 200))


def test_a_bar_that_is_another_each_time_fails_and_is_not_stored() -> None:
    def restless(call: int, found: CandleBatch) -> CandleBatch:
        values = found.values.copy()
        values[4] += call
        return CandleBatch(found.time, values)

    with pytest.raises(ExchangeAnswerInvalid, match="other numbers each time"):
        ask(FakeExchange(hours(200), spoil=restless), lead(200))


def test_a_start_years_before_the_listing_costs_few_calls_and_is_no_gap() -> None:
    exchange = FakeExchange(hours(300), 100)
    got = ask(exchange, lead(300, before=24 * 365 * 3))
    assert same(got.bars, hours(300))
    assert len(exchange.calls) < 20
    [(kind, gap)] = got.gaps
    assert (kind, gap.last(HOUR)) == ("lead", START - HOUR)
    assert got.fill.told.from_ns == START


def test_what_the_exchange_says_of_its_listing_saves_a_call() -> None:
    told, untold = FakeExchange(hours(300), 100), FakeExchange(hours(300), 100)
    ask(told, lead(300, before=24 * 365 * 3), listed_ns=START)
    ask(untold, lead(300, before=24 * 365 * 3))
    assert len(told.calls) == len(untold.calls) - 1


def test_a_market_that_rested_for_months_is_jumped_over() -> None:
    bars = hours(5000, *range(100, 4900))
    exchange = FakeExchange(bars, 50, windowed=True)
    got = ask(exchange, lead(5000))
    assert same(got.bars, bars)
    assert len(exchange.calls) < 40
    assert [(kind, gap.bars) for kind, gap in got.gaps] == [("hole", 4800)]


def test_a_delisted_market_ends_without_asking_to_the_present() -> None:
    exchange = FakeExchange(hours(300), 100)
    got = ask(exchange, lead(24 * 365 * 5))
    assert same(got.bars, hours(300))
    assert len(exchange.calls) < 30


def test_an_exchange_that_keeps_only_the_last_page_is_told_as_it_is() -> None:
    exchange = FakeExchange(hours(3000), 720, only_last=True)
    got = ask(exchange, lead(3000))
    assert same(got.bars, hours(3000).rows(2280))
    assert got.fill.told.from_ns == at(2280)


def test_an_exchange_without_any_bars_of_the_range_gives_none() -> None:
    got = ask(FakeExchange(hours(0), 100), lead(1000))
    assert (len(got.bars), got.gaps, got.fill.told.from_ns) == (0, [], None)


def test_only_the_hole_is_asked_for() -> None:
    bars = hours(300)
    exchange = FakeExchange(bars, 100)
    got = ask(exchange, Span(at(50), at(53), SpanKind.HOLE))
    assert same(got.bars, bars.rows(50, 53))
    assert exchange.calls == [("1h", at(50), 5)]


def test_a_hole_that_does_not_come_is_confirmed_after_two_asks() -> None:
    exchange = FakeExchange(hours(300, 50, 51, 52), 100)
    got = ask(exchange, Span(at(50), at(53), SpanKind.HOLE))
    assert got.gaps == [("hole", Hole(at(50), 3))]
    assert len(exchange.calls) == 2


def test_a_tail_sees_the_last_stored_bar_again() -> None:
    bars = hours(300)
    got = ask(FakeExchange(bars), Span(at(200), at(290), SpanKind.TAIL, open_end=True))
    assert same(got.bars, bars.rows(200, 290))
    assert got.gaps == []


@pytest.mark.parametrize("place", [0, 1, 57, 99, 100, 199])
def test_one_bar_that_can_never_be_believed_does_not_lose_the_others(
    place: int,
) -> None:
    bars = hours(200)
    exchange = FakeExchange(bars, 100, spoil=unbelievable(at(place)))
    got = ask(exchange, lead(200))
    assert same(got.bars, hours(200, place))
    assert got.fill.told.unreadable >= 1
    assert len(exchange.calls) < 120


def test_an_exchange_whose_answers_can_never_be_believed_fails() -> None:
    exchange = FakeExchange(
        hours(200), 100, spoil=unbelievable(*(at(place) for place in range(200)))
    )
    with pytest.raises(ExchangeAnswerInvalid, match="in a row"):
        ask(exchange, lead(200))


def test_bars_that_cannot_be_or_lie_off_the_grid_are_left_out_and_counted() -> None:
    def spoil(call: int, found: CandleBatch) -> CandleBatch:
        values, moments = found.values.copy(), found.time.copy()
        values[1, found.time == at(10)] = 0.001
        moments[found.time == at(20)] += HOUR // 2
        return CandleBatch(moments, values)

    got = ask(FakeExchange(hours(50), spoil=spoil), lead(50))
    assert same(got.bars, hours(50, 10, 20))
    told = got.fill.told
    assert told.impossible >= 1
    assert told.off_grid >= 1


def test_an_outage_that_passes_is_waited_for() -> None:
    exchange = FakeExchange(hours(300), 50)
    told = [0]

    def flaky(call: int, found: CandleBatch) -> CandleBatch:
        told[0] += 1
        if told[0] % 3:
            raise (ExchangeUnavailable, ExchangeRateLimited)[told[0] % 2]("down")
        return found

    exchange.spoil = flaky
    assert same(ask(exchange, lead(300)).bars, hours(300))


def test_after_an_outage_that_outlasts_patience_others_are_asked_once_each() -> None:
    calls = [0]

    def down() -> None:
        calls[0] += 1
        msg = "down"
        raise ExchangeUnavailable(msg)

    asker = asker_of(FakeExchange(hours(1)))
    for _ in range(3):
        with pytest.raises(ExchangeUnavailable):
            asker.call(down)
    assert calls[0] == QUICK.tries + 2


def test_what_cannot_succeed_is_asked_once() -> None:
    calls = [0]

    def unknown() -> None:
        calls[0] += 1
        msg = "no such market"
        raise SymbolUnknown(msg)

    with pytest.raises(SymbolUnknown):
        asker_of(FakeExchange(hours(1)), QUICK).call(unknown)
    assert calls == [1]


def test_a_limit_that_says_how_long_is_waited_for_so_long() -> None:
    patience = Patience(first_seconds=1, longest_seconds=60)
    limited = ExchangeRateLimited("slow down")
    assert [patience.wait(n, limited) for n in (1, 2, 3)] == [1, 2, 4]
    limited.retry_after = 30.0
    assert patience.wait(1, limited) == 30
    limited.retry_after = 3600.0
    assert patience.wait(1, limited) == 60


def test_who_does_not_want_it_any_more_is_not_kept_waiting() -> None:
    asker = asker_of(FakeExchange(hours(1)), Patience(tries=9, first_seconds=60))

    def down() -> None:
        msg = "down"
        raise ExchangeUnavailable(msg)

    threading.Timer(0.1, asker.stop.set).start()
    begun = time.monotonic()
    with pytest.raises(Stopped):
        asker.call(down)
    assert time.monotonic() - begun < 10


# --- planning


def test_nothing_is_asked_for_where_all_is_stored_or_confirmed() -> None:
    have = Have(
        at(10),
        at(90),
        (Hole(at(20), 3), Hole(at(50), 4)),
        ((at(0), at(9)), (at(20), at(22)), (at(50), at(53))),
    )
    assert spans_plan(start=at(0), end=at(91), step=HOUR, have=have) == ()


def test_what_is_missing_before_within_and_after_is_asked_for() -> None:
    have = Have(at(10), at(90), (Hole(at(20), 6),), ((at(22), at(23)),))
    spans = spans_plan(start=at(0), end=at(100), step=HOUR, have=have)
    assert spans == (
        Span(at(0), at(10), SpanKind.LEAD),
        Span(at(20), at(22), SpanKind.HOLE),
        Span(at(24), at(26), SpanKind.HOLE),
        Span(at(90), at(100), SpanKind.TAIL, open_end=True),
    )


def test_all_is_asked_for_where_it_is_to_be_replaced() -> None:
    have = Have(at(10), at(90))
    spans = spans_plan(start=at(0), end=at(50), step=HOUR, have=have, again=True)
    assert spans == (Span(at(0), at(50), SpanKind.LEAD, open_end=True),)


@given(st.sets(st.integers(0, 60)), st.sets(st.integers(0, 60)))
def test_what_is_left_of_holes_is_what_did_not_come(
    missing: set[int], filled: set[int]
) -> None:
    there = np.array([-HOUR, *(p * HOUR for p in range(61) if p not in missing)])
    moments = np.append(there, 61 * HOUR).astype(np.int64)
    holes = holes_find(moments, HOUR)
    left = holes_left(holes, {p * HOUR for p in filled & missing}, HOUR)
    found = {one.first // HOUR + n for one in left for n in range(one.bars)}
    assert found == missing - filled


# --- pace


def test_how_long_it_takes_is_not_told_before_it_can_be_known() -> None:
    pace = Pace(1000, started=0.0)
    assert (pace.bars_per_second, pace.seconds_left) == (None, None)
    pace.mark(0.5, done=100, came=100)
    assert pace.seconds_left is None
    assert "left" not in pace.words()


def test_at_a_steady_speed_the_time_left_is_exact() -> None:
    pace = Pace(10_000, started=0.0)
    for second in range(1, 51):
        pace.mark(float(second), done=100, came=90)
    assert pace.seconds_left == pytest.approx(50.0)
    assert pace.bars_per_second == pytest.approx(90.0)
    assert pace.words() == "5,000 of 10,000 bars, 90 bars/s, 50 s left"


def test_an_exchange_that_becomes_slower_is_believed_within_a_minute() -> None:
    pace = Pace(100_000, started=0.0)
    for second in range(1, 301):
        pace.mark(float(second), done=200 if second <= 200 else 50, came=50)
    left = 100_000 - pace.done
    assert pace.seconds_left == pytest.approx(left / 50, rel=0.05)


def test_years_that_turn_out_not_to_exist_do_not_count_as_speed() -> None:
    pace = Pace(100_000, started=0.0)
    pace.mark(1.0, done=0, came=0, less=90_000)
    for second in range(2, 12):
        pace.mark(float(second), done=500, came=500)
    assert pace.seconds_left == pytest.approx(5000 / (5000 / 11), rel=0.01)
    assert pace.fraction == 0.5


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "0 s"),
        (99, "99 s"),
        (100, "2 min"),
        (3600, "1 h 0 min"),
        (1e5, "27 h 47 min"),
    ],
)
def test_a_time_is_told_as_people_say_it(seconds: float, words: str) -> None:
    assert duration(seconds) == words


# --- ahead


def test_what_the_thread_raises_is_raised_where_it_is_read() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise KeyError("two")

    seen: list[int] = []
    with pytest.raises(KeyError), Ahead(items(), threading.Event()) as ahead:
        seen.extend(ahead)
    assert seen == [1]
    assert all(thread.name != "ahead" for thread in threading.enumerate())


def test_a_reader_that_leaves_stops_the_thread() -> None:
    stop = threading.Event()

    def endless() -> Iterator[int]:
        number = 0
        while True:
            yield (number := number + 1)

    with Ahead(endless(), stop, most=2) as ahead:
        assert next(iter(ahead)) == 1
    assert stop.is_set()
    assert all(thread.name != "ahead" for thread in threading.enumerate())
