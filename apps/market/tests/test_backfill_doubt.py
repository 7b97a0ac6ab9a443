"""Backfills where files, clocks and other jobs are not as one would wish."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from apps.core.files import file_path
from apps.market.enums import Timeframe
from apps.market.models import CandleSeries
from apps.market.moments import datetime_from_ns, ns_from_datetime
from apps.market.services import backfill_plans
from apps.market.services.backfill_storing import SeriesFill
from apps.market.tests.backfills import OTHER, Venue, after, store
from apps.market.tests.candles import HOUR
from apps.market.tests.exchange import SYMBOL, hours, same
from apps.market.tests.venue import stored

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.market.batches import CandleBatch
    from apps.users.models import User

# Files that are replaced go after the commit.
pytestmark = pytest.mark.django_db(transaction=True)


# --- several jobs, and files that are not there


def test_a_job_whose_series_another_has_stored_anew_goes_on(actor: User) -> None:
    bars = hours(300)
    slow = store(actor, bars.rows(0, 50), bars.rows(60, 100))
    store(actor, bars.rows(100, 200))
    slow.add(bars.rows(50, 60))
    slow.flush()
    assert same(stored(CandleSeries.objects.get()), bars.rows(0, 200))
    assert slow.added == 100


def test_a_file_that_is_moved_between_the_look_and_the_read_is_read_anew(
    actor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    bars = hours(300)
    slow = store(actor, bars.rows(0, 50), bars.rows(60, 100))
    stale, current = CandleSeries.objects.get(), slow._current
    store(actor, bars.rows(100, 200))
    answers = iter([stale])
    monkeypatch.setattr(
        SeriesFill, "_current", lambda _: next(answers, None) or current()
    )
    slow.add(bars.rows(50, 60))
    slow.flush()
    assert same(stored(CandleSeries.objects.get()), bars.rows(0, 200))


def test_a_plan_of_a_series_that_is_stored_anew_meanwhile_is_of_what_is_there(
    actor: User,
) -> None:
    bars = hours(300)
    store(actor, bars.rows(0, 50), bars.rows(60, 100))
    stale = CandleSeries.objects.get()
    store(actor, bars.rows(100, 200))
    have = backfill_plans._have(stale, [])
    assert have is not None
    assert (have.first, have.last) == (bars.time[0], bars.time[199])
    CandleSeries.objects.all().delete()
    assert backfill_plans._have(stale, []) is None


def test_a_damaged_file_fails_its_market_and_no_other(
    filled: Callable[..., dict[str, Any]],
) -> None:
    venue = Venue(hours(300, 50), 100)
    both = {"symbols": (SYMBOL, OTHER)}
    filled(venue, 200, **both)
    broken = CandleSeries.objects.get(instrument__symbol=SYMBOL)
    file_path(broken.path).write_bytes(b"junk")
    result = filled(venue, 250, **both)
    told = {one["symbol"]: one for one in result["markets"]}
    assert told[SYMBOL]["error"]["code"] == "series_file_damaged"
    assert (told[OTHER]["status"], told[OTHER]["added"]) == ("stored", 50)


def test_a_market_that_is_named_twice_is_fetched_once(
    filled: Callable[..., dict[str, Any]],
) -> None:
    result = filled(
        Venue(hours(300), 100),
        200,
        symbols=(SYMBOL, SYMBOL.lower()),
        timeframes=(Timeframe.H1, Timeframe.H1),
    )
    assert [one["symbol"] for one in result["markets"]] == [SYMBOL]


# --- the last bar


def recent(rows: int) -> CandleBatch:
    """Return hours of which the last has ended within this hour."""
    last = ns_from_datetime(timezone.now()) // HOUR * HOUR - HOUR
    bars = hours(rows)
    return replace(bars, time=bars.time - bars.time[-1] + last)


def half(bars: CandleBatch) -> CandleBatch:
    """Return bars of which the last has half its volume."""
    values = bars.values.copy()
    values[4, -1] /= 2
    return replace(bars, values=values)


@pytest.mark.parametrize("late", [False, True], ids=["soon", "late"])
def test_a_last_bar_that_was_stored_soon_after_its_close_is_set_right(
    actor: User, filled: Callable[..., dict[str, Any]], *, late: bool
) -> None:
    bars = recent(50)
    first = half(bars.rows(0, 49))
    series = store(actor, first).series
    assert series is not None
    closed = series.last + timedelta(hours=1)
    stored_at = closed + timedelta(minutes=6 if late else 1)
    CandleSeries.objects.update(updated_at=stored_at)
    begin = datetime_from_ns(int(bars.time[0]))
    # The clock is ahead so that the last hour is over for certain.
    venue = Venue(bars, 100, skew=10.0)
    [outcome] = filled(venue, None, start=begin)["markets"]
    assert (outcome["revised"], outcome["revised_tail"]) == (int(late), not late)
    assert outcome["added"] == 1
    found = stored(CandleSeries.objects.get())
    assert same(found.rows(0, 49), first if late else bars.rows(0, 49))
    words = "stay as they are" if late else "just after its close"
    assert words in outcome["notes"][0]


def test_a_last_bar_that_somebody_imported_is_not_set_right(actor: User) -> None:
    bars = recent(50)
    series = store(actor, half(bars)).series
    assert series is not None
    closed = series.last + timedelta(hours=1)
    CandleSeries.objects.update(updated_at=closed, source_format="csv")
    fill = store(actor, bars)
    assert (fill.revised, fill.revised_tail) == (1, False)


@pytest.mark.parametrize(
    ("skew", "seconds", "over"),
    [(None, 30, False), (None, 61, True), (0.0, 30, True), (0.0, 1, False)],
)
def test_a_bar_is_left_out_until_it_is_over_for_certain(
    filled: Callable[..., dict[str, Any]],
    skew: float | None,
    seconds: int,
    *,
    over: bool,
) -> None:
    now = after(50) + timedelta(seconds=seconds)
    filled(Venue(hours(300), 100, skew=skew), None, now=now)
    assert CandleSeries.objects.get().rows == (50 if over else 49)
