"""Trades of the loopback exchange, day by day, and the bars that they make."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from django.utils import timezone

from apps.core.errors import ApplicationError
from apps.core.files import file_path
from apps.exchanges.contracts import Trades
from apps.jobs.errors import JobLost
from apps.market.enums import Timeframe
from apps.market.errors import RangeInvalid
from apps.market.errors.backfill import ResampleImpossible, TradesAbsent
from apps.market.filling.request import TradesRequest
from apps.market.filling.trades import TradesWalk
from apps.market.models import CandleSeries, Instrument, TradeDay
from apps.market.moments import ns_from_datetime
from apps.market.resampling.request import ResampleRequest
from apps.market.selectors import data_check
from apps.market.selectors.named import files_named
from apps.market.selectors.trades import trade_day_local
from apps.market.services.backfill_run import BackfillWork
from apps.market.services.resampling import series_resample
from apps.market.services.trades import trades_backfill
from apps.market.services.trades_storing import trade_day_delete
from apps.market.store.trades import trades_read
from apps.market.tests.exchange import FakeExchange, asker_of, hours, same
from apps.market.tests.factories import user_make
from apps.market.tests.venue import QUICK, fetch, stored, truth

if TYPE_CHECKING:
    from apps.users.models import User
    from tests.exchange_server.fixtures import Served

SYMBOL = "SOL/USDT"
START = datetime(2024, 1, 10, tzinfo=UTC)
DAY = timedelta(days=1)
REQUEST = TradesRequest("binance", SYMBOL, START, START + 2 * DAY)

pytestmark = pytest.mark.django_db(transaction=True)


def trades_fetch(actor: User, work: BackfillWork | None = None, **changes: Any) -> Any:
    return trades_backfill(
        actor=actor,
        request=replace(REQUEST, **changes),
        now=timezone.now(),
        work=work or BackfillWork(patience=QUICK),
    )


def seconds(moment: datetime) -> int:
    return ns_from_datetime(moment) // 10**6


def given(venue: Served, *, days: float = 3, every_ms: int = 60_000) -> list[int]:
    """Give SOL/USDT a past of trades, several in one moment, and return their times."""
    begin = seconds(START)
    times = []
    for number in range(int(days * 86_400_000 / every_ms)):
        times += [begin + number * every_ms] * (1 + number % 3)
    count = len(times)
    columns = {
        "time": times,
        "id": list(range(1, count + 1)),
        "price": [f"{20 + (n * 7919 % 1000) / 100:.2f}" for n in range(count)],
        "quantity": [f"{(1 + n * 104729 % 5000) / 1000:.3f}" for n in range(count)],
        "maker": [bool(n % 2) for n in range(count)],
    }
    venue.control("history", {"symbol": SYMBOL, "trades": columns})
    return times


def read(day: TradeDay) -> Trades:
    blocks = list(trades_read(trade_day_local(day)))
    return Trades(
        np.concatenate([one.time for one in blocks]),
        np.concatenate([one.price for one in blocks]),
        np.concatenate([one.quantity for one in blocks]),
        np.concatenate([one.buyer_taker for one in blocks]),
        tuple(name for one in blocks for name in one.ids),
    )


def test_each_trade_is_stored_once_in_the_file_of_its_day(
    venue: Served, actor: User
) -> None:
    times = given(venue)
    result = trades_fetch(actor)
    days = list(TradeDay.objects.order_by("day"))
    assert [one.day for one in days] == [date(2024, 1, 10), date(2024, 1, 11)]
    found = [read(one) for one in days]
    expected = [moment for moment in times if moment < seconds(START + 2 * DAY)]
    assert [int(t) // 10**6 for one in found for t in one.time] == expected
    ids = [int(name) for one in found for name in one.ids]
    assert ids == list(range(1, len(expected) + 1))
    assert all(one.complete for one in days)
    assert (days[0].first_id, days[0].rows) == ("1", len(found[0]))
    assert result["trades_added"] == len(expected)
    assert data_check(now=timezone.now()) == []
    assert {one.path for one in days} <= {one.path for one in files_named()}


def test_complete_days_are_not_asked_for_again(venue: Served, actor: User) -> None:
    given(venue)
    trades_fetch(actor)
    before = len(venue.requests("rades"))
    trades_fetch(actor)
    assert len(venue.requests("rades")) == before
    trades_fetch(actor, replace=True)
    assert len(venue.requests("rades")) > before
    assert set(TradeDay.objects.values_list("revision", flat=True)) == {2}


def test_the_day_that_is_not_over_is_continued_where_it_stopped(
    venue: Served, actor: User
) -> None:
    given(venue, every_ms=20_000)
    half = START + DAY + timedelta(hours=9)
    venue.clock_set(frozen_ms=seconds(half))
    from apps.market.services import trades as service  # noqa: PLC0415

    def at(moment: datetime) -> Any:
        return service.trades_backfill(
            actor=actor,
            request=replace(REQUEST, end=None),
            now=moment,
            work=BackfillWork(patience=QUICK),
        )

    venue.clock_set(skew_seconds=(half - timezone.now()).total_seconds())
    at(timezone.now())
    last = TradeDay.objects.latest("day")
    assert (last.complete, last.day) == (False, date(2024, 1, 11))
    part = last.rows
    venue.clock_set(
        frozen_ms=None,
        skew_seconds=(
            START + 2 * DAY + timedelta(minutes=5) - timezone.now()
        ).total_seconds(),
    )
    at(timezone.now())
    last.refresh_from_db()
    assert last.complete
    assert last.rows > part
    ids = [int(one) for one in read(last).ids]
    assert ids == list(range(ids[0], ids[0] + len(ids)))


def test_a_run_that_is_cut_off_leaves_whole_days(venue: Served, actor: User) -> None:
    given(venue, every_ms=10_000)

    def lost(share: float, words: str) -> None:
        if TradeDay.objects.exists():
            msg = "taken over"
            raise JobLost(msg)

    with pytest.raises(JobLost):
        trades_fetch(actor, BackfillWork(patience=QUICK, progress=lost))
    [day] = TradeDay.objects.all()
    assert (day.day, day.complete) == (date(2024, 1, 10), True)
    trades_fetch(actor)
    ids = [
        int(name) for one in TradeDay.objects.order_by("day") for name in read(one).ids
    ]
    assert ids == list(range(1, len(ids) + 1))
    assert data_check(now=timezone.now()) == []


@pytest.mark.parametrize("kind", ["truncate", "html", "error_before", "drop_after"])
def test_faults_neither_lose_nor_double_a_trade(
    venue: Served, actor: User, kind: str
) -> None:
    given(venue)
    venue.fault(kind, path="rades", times=3, probability=0.5, status=503)
    trades_fetch(actor)
    ids = [
        int(name) for one in TradeDay.objects.order_by("day") for name in read(one).ids
    ]
    assert ids == list(range(1, len(ids) + 1))
    assert TradeDay.objects.count() == 2


def test_trades_make_the_candles_that_the_exchange_itself_serves(
    venue: Served, actor: User
) -> None:
    symbol = "BTC/USDT"
    hour = timedelta(hours=24)
    trades_fetch(actor, symbol=symbol, end=START + hour)
    made = series_resample(
        actor=actor,
        request=ResampleRequest(
            Timeframe.M1, instrument_id=Instrument.objects.get().pk
        ),
        now=timezone.now(),
    )
    assert same(stored(made), truth(venue, symbol, "1m", START, START + hour))
    assert made.source_name == "resampled from trades"


def test_candles_make_the_longer_candles_that_the_exchange_itself_serves(
    venue: Served, actor: User
) -> None:
    start, end = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 5, tzinfo=UTC)
    fetch(actor, start=start, end=end)
    hourly = CandleSeries.objects.get()
    for target in (Timeframe.H4, Timeframe.D1, Timeframe.D3, Timeframe.W1):
        made = series_resample(
            actor=actor,
            request=ResampleRequest(target, series_id=hourly.pk),
            now=timezone.now(),
        )
        found = truth(venue, "BTC/USDT", target, start, end)
        over = found.time + target.nanoseconds <= ns_from_datetime(end)
        whole = found.where((found.time >= ns_from_datetime(start)) & over)
        assert same(stored(made), whole), target


def test_nothing_is_made_of_nothing(venue: Served, actor: User) -> None:
    fetch(actor, end=datetime(2024, 1, 1, 5, tzinfo=UTC))
    series = CandleSeries.objects.get()
    with pytest.raises(ResampleImpossible, match="Not one whole 1d bar"):
        series_resample(
            actor=actor,
            request=ResampleRequest(Timeframe.D1, series_id=series.pk),
            now=timezone.now(),
        )
    with pytest.raises(TradesAbsent):
        series_resample(
            actor=actor,
            request=ResampleRequest(Timeframe.M1, instrument_id=series.instrument_id),
            now=timezone.now(),
        )


def test_a_range_without_trades_says_so(venue: Served, actor: User) -> None:
    given(venue)
    early = datetime(2023, 1, 1, tzinfo=UTC)
    with pytest.raises(ApplicationError) as caught:
        trades_fetch(actor, start=early, end=early + 3 * DAY)
    assert caught.value.code == "trades_absent"


def test_a_range_in_the_future_is_refused(actor: User) -> None:
    with pytest.raises(RangeInvalid):
        trades_fetch(actor, end=timezone.now() + DAY)


def test_a_day_is_deleted_with_its_file_and_only_by_its_owner(
    venue: Served, actor: User
) -> None:
    given(venue)
    trades_fetch(actor)
    day = TradeDay.objects.earliest("day")
    with pytest.raises(ApplicationError):
        trade_day_delete(actor=user_make(), day_id=day.pk)
    trade_day_delete(actor=actor, day_id=day.pk)
    assert not file_path(day.path).exists()
    assert TradeDay.objects.count() == 1


class Crowd(FakeExchange):
    """An exchange that can only be asked by time, of which one moment is overfull."""

    def trades_page(self, symbol: str, since_ns: int, after_id: str | None) -> Trades:
        """Return the first three trades from a moment on, whatever came before."""
        assert symbol == "BTC/USDT"
        assert after_id != ""
        time = np.array([10, 20, 20, 20, 20, 30, 40]) * 1_000_000
        keep = np.flatnonzero(time >= since_ns)[:3]
        ones = np.ones(len(keep))
        ids = tuple(str(place) for place in keep.tolist())
        return Trades(time[keep], ones, ones, ones > 0, ids)


def test_a_moment_that_one_page_cannot_hold_is_told_and_not_hung_upon() -> None:
    walk = TradesWalk("BTC/USDT", asker_of(Crowd(hours(2))), 0, 50_000_000)
    ids = [name for page in walk.pages() for name in page.ids]
    assert ids == ["0", "1", "2", "3", "5", "6"]
    assert walk.crowded == 1
