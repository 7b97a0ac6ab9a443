"""Days of trades that are called complete only where nothing says otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, cast

import pytest
from django.db import IntegrityError, transaction

from apps.jobs.models import Job
from apps.market.enums import Timeframe, TradeDoubt
from apps.market.errors.backfill import TradesAbsent
from apps.market.filling.request import TradesRequest
from apps.market.filling.trades import TradesWalk
from apps.market.models import CandleSeries, Instrument, TradeDay
from apps.market.moments import ns_from_datetime
from apps.market.resampling.request import ResampleRequest
from apps.market.selectors.trades import trade_day_local
from apps.market.services.backfill_run import BackfillWork
from apps.market.services.resampling import series_resample, series_resample_request
from apps.market.services.trades import trades_backfill, trades_backfill_request
from apps.market.store.trades import trades_read
from apps.market.tests.exchange import asker_of
from apps.market.tests.test_backfill_api import run
from apps.market.tests.trades_venue import MINUTE, SYMBOL, TradesVenue
from apps.market.tests.venue import QUICK

if TYPE_CHECKING:
    from apps.users.models import User

START = datetime(2024, 1, 10, tzinfo=UTC)
DAY = timedelta(days=1)
BEGIN = ns_from_datetime(START)
DAY_NS = 1440 * MINUTE
REQUEST = TradesRequest("kraken", SYMBOL, START, START + DAY)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let an exchange be the one that is asked."""

    def served(venue: TradesVenue) -> TradesVenue:
        name = "apps.market.services.trades.market_data"
        monkeypatch.setattr(name, lambda _: venue)
        return venue

    return served


def minutes(first: int, last: int, step: int = 1) -> list[int]:
    """Return moments, in minutes from the start of the day."""
    return [BEGIN + one * MINUTE for one in range(first, last, step)]


def ends_after(pages: int) -> BackfillWork:
    """Return surroundings with time for so many pages."""
    asked = count(1)
    return BackfillWork(patience=QUICK, out_of_time=lambda: next(asked) >= pages)


def fetch(
    actor: User,
    work: BackfillWork | None = None,
    now: datetime = START + 3 * DAY,
    **changes: Any,
) -> dict[str, Any]:
    return trades_backfill(
        actor=actor,
        request=replace(REQUEST, **changes),
        now=now,
        work=work or BackfillWork(patience=QUICK),
    )


def told() -> list[tuple[int, bool, str]]:
    """Return of each day how many trades, whether complete, and the suspicion."""
    rows = TradeDay.objects.order_by("day")
    return [(one.rows, one.complete, one.suspect) for one in rows]


def ids_of(day: TradeDay) -> list[int]:
    blocks = trades_read(trade_day_local(day))
    return [int(name) for block in blocks for name in block.ids]


def walked(venue: TradesVenue, end: int, **known: Any) -> tuple[list[int], TradesWalk]:
    """Walk from the start, or from a known trade."""
    asker = asker_of(cast("Any", venue))
    walk = TradesWalk(SYMBOL, asker, known.pop("start", BEGIN), end, **known)
    return [int(name) for page in walk.pages() for name in page.ids], walk


def test_a_suspicion_stays_until_the_day_is_fetched_anew(actor: User, use: Any) -> None:
    crowd = [BEGIN + 30 * MINUTE] * 30
    times = minutes(-60, 30) + crowd + minutes(31, 2000)
    venue = use(TradesVenue(times, page=10))
    assert fetch(actor)["days_suspect"] == 1
    assert told() == [(1440 + 29 - 20, False, "crowded")]
    again = fetch(actor)
    assert told() == [(1440 + 29 - 20, False, "crowded")]
    assert (again["days_stored"], TradeDay.objects.get().revision) == (0, 1)
    venue.page = 100
    fetch(actor, replace=True)
    assert told() == [(1440 + 29, True, "")]


def test_the_database_refuses_a_complete_day_that_is_suspect(
    actor: User, use: Any
) -> None:
    use(TradesVenue(minutes(-60, 2000)))
    fetch(actor)
    with pytest.raises(IntegrityError), transaction.atomic():
        TradeDay.objects.update(suspect="gap")


def test_only_the_latest_trades_make_no_complete_day(actor: User, use: Any) -> None:
    use(TradesVenue(minutes(0, 3000, 10), page=200, latest_only=True))
    fetch(actor)
    assert told() == [(44, False, "head")]
    request = ResampleRequest(
        Timeframe.H4, instrument_id=Instrument.objects.get(symbol=SYMBOL).pk
    )
    with pytest.raises(TradesAbsent, match="only 1 that are not complete"):
        series_resample(actor=actor, request=request, now=START + 3 * DAY)


def test_latest_trades_that_reach_before_the_day_are_its_head(
    actor: User, use: Any
) -> None:
    use(TradesVenue(minutes(-300, 3000, 10), page=320, latest_only=True))
    fetch(actor)
    assert told() == [(144, True, "")]


def test_a_page_without_the_known_trade_leaves_a_gap(actor: User, use: Any) -> None:
    venue = use(TradesVenue(minutes(-600, 600)))
    fetch(actor, now=START + timedelta(hours=10), end=None)
    assert told() == [(600 - 0, False, "")]
    venue.times = minutes(-600, 3000)
    venue.page, venue.latest_only = 2000, True
    fetch(actor)
    assert told() == [(600 + 440, False, "gap")]
    venue.latest_only = False
    fetch(actor)
    assert told() == [(600 + 440, False, "gap")]


def test_an_exchange_that_gives_only_what_is_later_is_not_doubted() -> None:
    venue = TradesVenue(minutes(-100, 500), page=50, exclusive=True)
    venue.times = [moment + 500_000 for moment in venue.times]
    ids, walk = walked(venue, BEGIN + 400 * MINUTE)
    assert ids == list(range(100, 500))
    assert not walk.doubts


def test_the_last_moment_of_all_is_not_crowded_by_two_trades() -> None:
    times = [*minutes(-100, 50), BEGIN + 49 * MINUTE]
    known = {"start": BEGIN + 49 * MINUTE, "seen": {"149", "150"}, "after_id": "150"}
    ids, walk = walked(TradesVenue(times), BEGIN + 100 * MINUTE, **known)
    assert (ids, walk.doubts) == ([], [])


@pytest.mark.parametrize("by_id", [False, True], ids=["by time", "by id"])
@pytest.mark.parametrize("falsely", [(1,), (3,), (5,)], ids=str)
def test_one_falsely_empty_answer_costs_no_trade(
    actor: User, use: Any, falsely: tuple[int, ...], *, by_id: bool
) -> None:
    use(TradesVenue(minutes(-60, 2000), by_id=by_id, empty=falsely))
    fetch(actor)
    assert told() == [(1440, True, "")]


def test_trades_are_gone_back_for_where_none_was_said_to_follow() -> None:
    venue = TradesVenue(minutes(0, 500), by_id=True, empty=(3, 4))
    ids, walk = walked(venue, BEGIN + 400 * MINUTE)
    assert ids == list(range(400))
    assert not walk.doubts
    venue = TradesVenue(minutes(0, 500), by_id=True, empty=(3, 4, 6))
    ids, walk = walked(venue, BEGIN + 400 * MINUTE)
    assert [one.reason for one in walk.doubts] == [TradeDoubt.GAP]


def test_known_trades_that_vanish_are_told() -> None:
    venue = TradesVenue(minutes(-60, 500), empty=(3, 4, 5))
    _, walk = walked(venue, BEGIN + 400 * MINUTE)
    assert [one.reason for one in walk.doubts] == [TradeDoubt.GAP]


def test_a_quiet_window_is_walked_over_and_not_doubted() -> None:
    times = minutes(-60, 100) + minutes(300, 600)
    ids, walk = walked(TradesVenue(times, window=3600 * 10**9), BEGIN + 500 * MINUTE)
    assert ids == list(range(60, 160 + 200))
    assert not walk.doubts


def test_a_day_is_complete_once_a_later_trade_or_some_minutes_came(
    actor: User, use: Any
) -> None:
    venue = use(TradesVenue(minutes(-60, 1400)))
    fetch(actor, now=START + DAY + timedelta(minutes=1))
    assert told() == [(1400, False, "")]
    venue.times = minutes(-60, 1430)
    fetch(actor, now=START + DAY + timedelta(minutes=6))
    assert told() == [(1430, True, "")]
    TradeDay.objects.all().delete()
    venue.times = minutes(-60, 1442)
    fetch(actor, now=START + DAY + timedelta(minutes=2))
    assert told() == [(1440, True, "")]


@pytest.mark.parametrize("by_id", [False, True], ids=["by time", "by id"])
def test_a_day_that_does_not_fit_into_a_run_is_finished_by_the_next_ones(
    actor: User, use: Any, *, by_id: bool
) -> None:
    use(TradesVenue(minutes(-60, 2000), by_id=by_id))
    result = fetch(actor, ends_after(5))
    assert (result["unfinished"], result["days_stored"]) == (True, 1)
    [(rows, complete, suspect)] = told()
    assert (0 < rows < 1440, complete, suspect) == (True, False, "")
    for _ in range(10):
        result = fetch(actor, ends_after(5))
        if not result["unfinished"]:
            break
    assert told() == [(1440, True, "")]
    assert ids_of(TradeDay.objects.get()) == list(range(60, 1500))


def test_days_fetched_anew_go_on_over_several_runs(actor: User, use: Any) -> None:
    use(TradesVenue(minutes(-60, 5000)))
    fetch(actor, end=START + 2 * DAY)
    changes: dict[str, Any] = {"replace": True, "end": START + 2 * DAY}
    runs = 0
    for _ in range(30):
        runs += 1
        result = fetch(actor, ends_after(8), **changes)
        if not result["unfinished"]:
            break
        assert result["days_stored"]
        begin = datetime.fromisoformat(result["next_start"])
        changes |= {"start": begin, "goes_on": result["next_goes_on"]}
    assert 4 <= runs <= 8
    assert told() == [(1440, True, ""), (1440, True, "")]
    first, second = TradeDay.objects.order_by("day")
    assert ids_of(first) + ids_of(second) == list(range(60, 2940))


def test_jobs_follow_each_other_only_while_something_moves(
    actor: User, use: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(TradesVenue(minutes(-60, 2000)))
    monkeypatch.setattr("apps.market.backfill_tasks._SHARE_OF_WALL", 0.0)
    asked = replace(REQUEST, replace=True)
    job = trades_backfill_request(actor=actor, request=asked, now=START + 9 * DAY)
    for _ in range(40):
        result, _ = run(job)
        if result["continued_by"] is None:
            break
        job = Job.objects.get(pk=result["continued_by"])
    assert (result["unfinished"], told()) == (False, [(1440, True, "")])

    def still(**_: Any) -> dict[str, Any]:
        rest = {"next_start": "2024-01-10T00:00:00Z", "next_goes_on": False}
        return {"days_stored": 0, "unfinished": True} | rest

    monkeypatch.setattr("apps.market.backfill_tasks.trades_backfill", still)
    result, context = run(job)
    assert result["continued_by"] is None
    assert "nothing goes on" in context.lines[0]


def test_bars_leave_out_days_that_are_not_complete_and_say_so(
    actor: User, use: Any
) -> None:
    crowd = [BEGIN + 2000 * MINUTE] * 30
    use(TradesVenue(minutes(-60, 2000) + crowd + minutes(2001, 5000), page=10))
    fetch(actor, end=START + 3 * DAY, now=START + 4 * DAY)
    assert [one[1:] for one in told()] == [(True, ""), (False, "crowded"), (True, "")]
    instrument = Instrument.objects.get(symbol=SYMBOL)
    job = series_resample_request(
        actor=actor,
        request=ResampleRequest(Timeframe.H4, instrument_id=instrument.pk),
        now=START + 4 * DAY,
    )
    result, context = run(job)
    series = CandleSeries.objects.get(pk=result["series_id"])
    assert (result["days_left_out"], series.rows, series.gaps > 0) == (1, 12, True)
    assert context.lines == [
        "2024-01-11: left out, its trades are not complete (crowded)."
    ]
