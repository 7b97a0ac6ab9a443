"""Backfills of the loopback exchange by the real ccxt client, bar for bar."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest
from django.utils import timezone

from apps.core.errors import ApplicationError
from apps.exchanges.errors import ExchangeUnknown
from apps.jobs.errors import JobLost
from apps.market.enums import GapKind, RulesSource, Timeframe
from apps.market.errors import RangeInvalid, SymbolInvalid
from apps.market.models import CandleGap, CandleSeries, Instrument, SeriesQuality
from apps.market.moments import ns_from_datetime
from apps.market.services import backfill_storing
from apps.market.services.backfill_plans import Planned
from apps.market.services.backfill_run import BackfillWork
from apps.market.services.backfill_storing import SeriesFill
from apps.market.tests.exchange import same
from apps.market.tests.venue import END, QUICK, REQUEST, START, fetch, stored, truth

if TYPE_CHECKING:
    from apps.market.batches import CandleBatch
    from apps.users.models import User
    from tests.exchange_server.fixtures import Served

HOUR = timedelta(hours=1)

pytestmark = pytest.mark.django_db(transaction=True)


def ms(moment: datetime) -> int:
    return ns_from_datetime(moment) // 10**6


def calls(venue: Served) -> list[str]:
    return [one["query"] for one in venue.requests("klines")]


def hole(venue: Served, start: datetime, end: datetime) -> None:
    venue.control("market", {"symbol": "BTCUSDT", "holes": [[ms(start), ms(end)]]})


def only() -> CandleSeries:
    return CandleSeries.objects.select_related("instrument").get()


def test_candles_are_stored_exactly_as_the_exchange_has_them(
    venue: Served, actor: User
) -> None:
    result = fetch(actor)
    series = only()
    assert same(stored(series), truth(venue))
    [outcome] = result["markets"]
    assert (outcome["status"], outcome["added"]) == ("stored", 60 * 24)
    assert outcome["series_id"] == str(series.pk)
    assert (series.gaps, series.source_name) == (0, "binance backfill")
    assert SeriesQuality.objects.filter(series=series).exists()


def test_many_markets_and_lengths_are_fetched_and_a_bad_one_loses_no_other(
    venue: Served, actor: User
) -> None:
    result = fetch(
        actor,
        symbols=("BTC/USDT", "ETH/USDD", "ETH/USDT"),
        timeframes=(Timeframe.H1, Timeframe.D1),
    )
    told = {(one["symbol"], one["timeframe"]): one for one in result["markets"]}
    assert {key: one["status"] for key, one in told.items()} == {
        ("BTC/USDT", "1h"): "stored",
        ("BTC/USDT", "1d"): "stored",
        ("ETH/USDT", "1h"): "stored",
        ("ETH/USDT", "1d"): "stored",
        ("ETH/USDD", "1h"): "failed",
        ("ETH/USDD", "1d"): "failed",
    }
    error = told["ETH/USDD", "1h"]["error"]
    assert error["code"] == "symbol_unknown"
    assert "ETH/USDT" in error["detail"]
    for series in CandleSeries.objects.all():
        symbol, length = series.instrument.symbol, series.timeframe
        assert same(stored(series), truth(venue, symbol, length))


def test_where_all_markets_fail_the_backfill_fails_with_the_first_reason(
    venue: Served, actor: User
) -> None:
    with pytest.raises(ApplicationError, match="The other 1 failed too") as caught:
        fetch(actor, symbols=("BTC/USDX", "ETH/USDX"))
    assert caught.value.code == "symbol_unknown"


def test_a_rerun_asks_only_for_what_is_missing(venue: Served, actor: User) -> None:
    fetch(actor, end=START + 30 * 24 * HOUR)
    before = len(calls(venue))
    result = fetch(actor)
    asked = calls(venue)[before:]
    assert len(asked) == 1
    assert f"startTime={ms(START + (30 * 24 - 1) * HOUR)}" in asked[0]
    assert result["markets"][0]["added"] == 30 * 24
    assert same(stored(only()), truth(venue))

    before = len(calls(venue))
    result = fetch(actor)
    assert result["markets"][0]["status"] == "unchanged"
    assert len(calls(venue)) == before
    assert only().revision == 2


def test_an_earlier_start_fetches_what_is_before(venue: Served, actor: User) -> None:
    fetch(actor, start=START + 40 * 24 * HOUR)
    fetch(actor)
    assert same(stored(only()), truth(venue))


def test_the_unfinished_bar_is_never_stored(venue: Served, actor: User) -> None:
    now = timezone.now()
    for timeframe in (Timeframe.M1, Timeframe.H1, Timeframe.D1):
        fetch(
            actor,
            timeframes=(timeframe,),
            start=now - 4 * timedelta(seconds=timeframe.nanoseconds / 1e9),
            end=None,
        )
        series = CandleSeries.objects.get(timeframe=timeframe)
        closes = ns_from_datetime(series.last) + timeframe.nanoseconds
        assert closes <= ns_from_datetime(timezone.now())
        assert closes > ns_from_datetime(now) - timeframe.nanoseconds - 5 * 10**9


@pytest.mark.parametrize("skew", [-1800.0, 1800.0])
def test_whether_a_bar_is_over_is_judged_by_the_exchanges_clock(
    venue: Served, actor: User, skew: float
) -> None:
    venue.clock_set(skew_seconds=skew)
    now = timezone.now()
    fetch(actor, timeframes=(Timeframe.M1,), start=now - 3 * HOUR, end=None)
    theirs = now + timedelta(seconds=skew)
    behind = theirs - (only().last + timedelta(minutes=1))
    assert timedelta(0) <= behind < timedelta(minutes=1, seconds=10)


def test_a_start_before_the_listing_says_from_when_there_is_data(
    venue: Served, actor: User
) -> None:
    early = datetime(2018, 6, 1, tzinfo=UTC)
    end = datetime(2020, 9, 15, tzinfo=UTC)
    result = fetch(actor, symbols=("LUNA/USDT",), start=early, end=end)
    series = only()
    assert series.first == datetime(2020, 8, 21, tzinfo=UTC)
    assert series.gaps == 0
    [outcome] = result["markets"]
    assert outcome["notes"] == [
        "There is data from 2020-08-21T00:00:00Z on; the exchange has none before."
    ]
    [gap] = CandleGap.objects.all()
    assert (gap.kind, gap.first, gap.last) == (
        GapKind.LEADING,
        early,
        series.first - HOUR,
    )
    before = len(calls(venue))
    fetch(actor, symbols=("LUNA/USDT",), start=early, end=end)
    assert len(calls(venue)) == before


def test_a_market_that_was_delisted_and_listed_anew_has_one_confirmed_gap(
    venue: Served, actor: User
) -> None:
    start, end = datetime(2022, 5, 1, tzinfo=UTC), datetime(2022, 6, 10, tzinfo=UTC)
    fetch(actor, symbols=("LUNA/USDT",), start=start, end=end)
    assert same(stored(only()), truth(venue, "LUNA/USDT", "1h", start, end))
    [gap] = CandleGap.objects.all()
    assert gap.kind == GapKind.HOLE
    assert gap.first == datetime(2022, 5, 13, tzinfo=UTC)
    assert gap.last == datetime(2022, 5, 31, 5, tzinfo=UTC)


def test_a_delisted_market_is_fetched_to_its_end(venue: Served, actor: User) -> None:
    start = datetime(2022, 11, 1, tzinfo=UTC)
    fetch(actor, symbols=("SRM/USDT",), start=start, end=None)
    series = only()
    assert series.last == datetime(2022, 11, 27, 23, tzinfo=UTC)
    assert series.gaps == 0
    assert len(calls(venue)) < 12


def test_a_range_in_which_there_is_nothing_fails_and_says_so(
    venue: Served, actor: User
) -> None:
    with pytest.raises(ApplicationError, match="no 1h candles of SRM/USDT") as caught:
        fetch(actor, symbols=("SRM/USDT",))
    assert caught.value.code == "candles_absent"


def test_a_real_gap_is_asked_for_twice_then_confirmed_and_not_asked_for_again(
    venue: Served, actor: User
) -> None:
    lost = START + 100 * HOUR
    hole(venue, lost, lost + 3 * HOUR)
    [outcome] = fetch(actor)["markets"]
    assert outcome["gaps"] == {
        "holes": 1,
        "bars_asked_again": 3,
        "bars_filled": 0,
        "bars_confirmed_missing": 3,
    }
    [gap] = CandleGap.objects.all()
    assert (gap.kind, gap.first, gap.last) == (GapKind.HOLE, lost, lost + 2 * HOUR)
    assert (gap.bars, gap.asked) == (3, 2)

    before = len(calls(venue))
    assert fetch(actor)["markets"][0]["status"] == "unchanged"
    assert len(calls(venue)) == before


def test_a_confirmed_gap_is_asked_for_once_more_when_somebody_says_so(
    venue: Served, actor: User
) -> None:
    lost = START + 100 * HOUR
    hole(venue, lost, lost + 3 * HOUR)
    fetch(actor)
    venue.control("market", {"symbol": "BTCUSDT", "holes": []})
    [outcome] = fetch(actor, recheck_gaps=True)["markets"]
    assert outcome["added"] == 3
    assert same(stored(only()), truth(venue))
    assert not CandleGap.objects.exists()


def test_a_hole_by_accident_is_filled_in_the_same_run(
    venue: Served, actor: User
) -> None:
    venue.fault("candles_hole", path="klines", times=1)
    [outcome] = fetch(actor)["markets"]
    assert outcome["gaps"]["bars_filled"] == 3
    assert same(stored(only()), truth(venue))
    assert not CandleGap.objects.exists()


def revise(actor: User) -> tuple[datetime, CandleBatch]:
    """Store a last bar that is another than the exchange's."""
    until = START + 30 * 24 * HOUR
    fetch(actor, end=until)
    series = only()
    batch = stored(series)
    values = batch.values.copy()
    values[4, -1] += 1.0
    fill = SeriesFill(
        backfill_storing.Setting(actor, "binance", True, until, BackfillWork()),  # noqa: FBT003
        planned(series),
    )
    fill.add(replace(batch, values=values))
    fill.finish()
    return until - HOUR, stored(only())


def planned(series: CandleSeries) -> Planned:
    """Return a series as a backfill plans it, without anything to ask for."""
    return Planned(series.instrument.symbol, Timeframe(series.timeframe), None, None)


def test_history_is_not_changed_silently_where_the_exchange_revises_it(
    venue: Served, actor: User
) -> None:
    _, before = revise(actor)
    [outcome] = fetch(actor)["markets"]
    assert (outcome["revised"], outcome["added"]) == (1, 30 * 24)
    assert "stay as they are" in outcome["notes"][0]
    assert same(stored(only()).rows(0, len(before)), before)


def test_what_was_revised_is_overwritten_where_somebody_says_so(
    venue: Served, actor: User
) -> None:
    revise(actor)
    [outcome] = fetch(actor, replace=True)["markets"]
    assert outcome["revised"] == 1
    assert "were overwritten" in outcome["notes"][0]
    assert same(stored(only()), truth(venue))


def test_rules_come_from_the_venue_and_those_of_a_person_win(
    venue: Served, actor: User
) -> None:
    fetch(actor, end=START + 5 * HOUR)
    instrument = Instrument.objects.get()
    assert instrument.rules_source == RulesSource.VENUE
    assert instrument.price_tick == Decimal("0.01")
    assert instrument.min_notional == Decimal(5)

    Instrument.objects.update(rules_source=RulesSource.GIVEN, min_notional=Decimal(7))
    fetch(actor, end=START + 9 * HOUR)
    instrument.refresh_from_db()
    assert (instrument.rules_source, instrument.min_notional) == (
        RulesSource.GIVEN,
        Decimal(7),
    )


def test_a_venues_tick_that_is_coarser_than_its_history_is_not_taken(
    venue: Served, actor: User
) -> None:
    times = [ms(START + number * HOUR) for number in range(5)]
    columns = {"time": times, "volume": ["1.5"] * 5} | dict.fromkeys(
        ("open", "high", "low", "close"), ["0.12345"] * 5
    )
    venue.control(
        "history",
        {"symbol": "OLD/USDT", "interval": "1h", "candles": columns, "tick": "0.01"},
    )
    fetch(actor, symbols=("OLD/USDT",), end=START + 5 * HOUR)
    instrument = Instrument.objects.get()
    assert instrument.price_tick == Decimal("0.00001")
    assert instrument.rules_source == RulesSource.INFERRED
    assert (stored(only()).values[:4] == 0.12345).all()


def test_a_run_that_is_cut_off_goes_on_from_the_last_chunk(
    venue: Served, actor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill_storing, "CHUNK_ROWS", 500)
    seen = [0]

    def lost(share: float, words: str) -> None:
        seen[0] += 1
        if CandleSeries.objects.exists():
            msg = "taken over"
            raise JobLost(msg)

    monkeypatch.setattr("apps.market.services.backfill_run._TOLD_SECONDS", 0.0)
    with pytest.raises(JobLost):
        fetch(actor, work=BackfillWork(patience=QUICK, progress=lost))
    part = only()
    assert 500 <= part.rows < 60 * 24
    before = len(calls(venue))
    fetch(actor)
    assert f"startTime={ms(part.last)}" in calls(venue)[before]
    assert same(stored(only()), truth(venue))


def test_a_run_without_time_left_stores_what_it_has_and_says_so(
    venue: Served, actor: User
) -> None:
    ticks = iter(range(100))
    work = BackfillWork(patience=QUICK, out_of_time=lambda: next(ticks) > 1)
    result = fetch(actor, work=work)
    assert result["unfinished"]
    assert only().rows > 0
    fetch(actor)
    assert same(stored(only()), truth(venue))


def test_the_time_left_is_told_while_it_runs(
    venue: Served, actor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.market.services.backfill_run._TOLD_SECONDS", 0.0)
    told: list[tuple[float, str]] = []
    fetch(
        actor,
        timeframes=(Timeframe.M5,),
        work=BackfillWork(progress=lambda share, words: told.append((share, words))),
    )
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] > 0.9
    assert "BTC/USDT 5m: " in told[0][1]


# --- bad input


def test_an_unknown_exchange_is_refused_with_near_ones(actor: User) -> None:
    with pytest.raises(ExchangeUnknown, match="binance"):
        fetch(actor, exchange="binanse")


def test_an_end_in_the_future_is_refused_with_what_would_be_right(actor: User) -> None:
    with pytest.raises(RangeInvalid, match="Leave `end` out"):
        fetch(actor, end=timezone.now() + HOUR)


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (END, START, "not after its start"),
        (START, START, "not after its start"),
        (datetime(2008, 1, 1, tzinfo=UTC), END, "from 2009-01-01 on"),
        (datetime(2200, 1, 1, tzinfo=UTC), None, "in the future"),
    ],
    ids=["turned", "empty", "early", "future"],
)
def test_a_range_that_cannot_be_is_refused(
    actor: User, start: datetime, end: datetime | None, words: str
) -> None:
    with pytest.raises(RangeInvalid, match=words):
        fetch(actor, start=start, end=end)


def test_symbols_that_are_none_are_refused(actor: User) -> None:
    with pytest.raises(SymbolInvalid):
        fetch(actor, symbols=("BTCUSDT",))
    with pytest.raises(SymbolInvalid, match="1 to 200"):
        fetch(actor, symbols=())


def test_a_timeframe_that_the_venue_lacks_names_those_it_has(
    venue: Served, actor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apps.exchanges.adapters.ccxt.adapter import (  # noqa: PLC0415
        CcxtMarketData,
    )

    served = CcxtMarketData.capabilities

    def fewer(port: CcxtMarketData) -> object:
        return replace(served(port), timeframes=("1m", "5m", "1d"))

    monkeypatch.setattr(CcxtMarketData, "capabilities", fewer)
    with pytest.raises(ApplicationError, match=r"has 1m, 5m, 1d\. Fetch 5m") as caught:
        fetch(actor)
    assert caught.value.code == "timeframe_unsupported"


def test_an_exchange_that_answers_html_fails_and_stores_nothing(
    venue: Served, actor: User
) -> None:
    venue.fault("html", path="klines", times=None)
    with pytest.raises(ApplicationError) as caught:
        fetch(actor)
    assert caught.value.code in {"exchange_answer_invalid", "exchange_unavailable"}
    assert not CandleSeries.objects.exists()


def test_an_exchange_that_is_down_fails_the_backfill(
    venue: Served, actor: User
) -> None:
    venue.listening_stop()
    with pytest.raises(ApplicationError) as caught:
        fetch(actor)
    assert caught.value.code == "exchange_unavailable"
    venue.listening_start()


def test_an_exchange_that_goes_down_midway_keeps_what_was_fetched(
    venue: Served, actor: User
) -> None:
    venue.fault("error_before", path="klines", skip=1, times=None, status=503)
    with pytest.raises(ApplicationError) as caught:
        fetch(actor)
    assert caught.value.code == "exchange_unavailable"
    part = stored(only())
    assert same(part, truth(venue).rows(0, len(part)))
    venue.faults_clear()


@pytest.mark.parametrize(
    "kind",
    [
        "candles_shuffled",
        "candles_reversed",
        "candles_doubled",
        "candles_nan",
        "candles_zero",
        "candles_null",
        "candles_impossible",
        "candles_unfinished",
        "candles_hole",
        "truncate",
        "empty",
        "wrong_shape",
        "nulls",
        "html",
        "drop_before",
        "drop_after",
        "rate_limit",
    ],
)
def test_one_bad_answer_changes_nothing_of_what_is_stored(
    venue: Served, actor: User, kind: str
) -> None:
    venue.fault(kind, path="klines", times=1, seconds=0.05)
    fetch(actor)
    assert sum(venue.faults_struck().values()) == 1
    assert same(stored(only()), truth(venue))


def test_a_bar_that_is_always_zero_is_left_out_and_asked_for_again(
    venue: Served, actor: User
) -> None:
    times = [ms(START + number * HOUR) for number in range(50)]
    prices = {
        name: ["100.5" if number != 20 else "0" for number in range(50)]
        for name in ("open", "high", "low", "close")
    }
    venue.control(
        "history",
        {
            "symbol": "BAD/USDT",
            "interval": "1h",
            "candles": {"time": times, "volume": ["1"] * 50} | prices,
        },
    )
    fetch(actor, symbols=("BAD/USDT",), end=START + 50 * HOUR)
    got = stored(only())
    assert len(got) == 49
    assert (got.values[:4] == 100.5).all()
    # The exchange has the bar, if none that can be believed: it is asked for each time.
    assert not CandleGap.objects.exists()
    before = len(calls(venue))
    [outcome] = fetch(actor, symbols=("BAD/USDT",), end=START + 50 * HOUR)["markets"]
    assert len(calls(venue)) > before
    assert outcome["left_out"]["unreadable"] == 1


def test_the_request_reads_back_as_it_was_written() -> None:
    again = type(REQUEST).from_json(REQUEST.as_json())
    assert again == REQUEST
    assert np.isscalar(REQUEST.as_json()["start"])
