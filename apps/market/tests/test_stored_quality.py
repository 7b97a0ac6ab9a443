"""The report of stored bars: each measure is what it says, of a range as of a series."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from django.conf import settings as django_settings
from hypothesis import given, settings, strategies as st

from apps.engines.contracts import Bars
from apps.market.batches import BATCH_ROWS, CandleBatch
from apps.market.enums import QualityVerdict, Timeframe
from apps.market.moments import iso_from_ns
from apps.market.quality.gate import QualityGate, shortfalls_find, verdict_of
from apps.market.quality.runs import Runs
from apps.market.quality.stored import Asked, bars_batches, stored_measure
from apps.market.quality.telling import coverage_text, line_tell
from apps.market.store.reading import bars_read, candles_batches
from apps.market.tests.candles import (
    HOUR,
    NOW,
    START,
    candles,
    csv_lines,
    csv_write,
    shared_file,
    take_in,
)
from apps.market.tests.listings import ftt, luna

if TYPE_CHECKING:
    from pathlib import Path

GATE = QualityGate.of(django_settings.QUALITY_GATE)


NAMES = ("time", "open", "high", "low", "close", "volume")


def report_of(
    batch: CandleBatch,
    timeframe: Timeframe = Timeframe.H1,
    asked: Asked | None = None,
) -> dict[str, Any]:
    return stored_measure(iter([batch]), timeframe, asked or Asked(NOW))


def bars_of(batch: CandleBatch) -> Bars:
    columns = dict(zip(NAMES, (batch.time, *batch.values), strict=True))
    return Bars(**columns, timeframe_ns=HOUR)


def part_of(bars: Bars, which: Any) -> Bars:
    return replace(bars, **{name: getattr(bars, name)[which] for name in NAMES})


def changed(batch: CandleBatch, **rows: Any) -> CandleBatch:
    """Return the batch with new values: `at` has places, `values` a row for each."""
    values = batch.values.copy()
    values[:, rows["at"]] = np.asarray(rows["values"], dtype=np.float64).T
    return CandleBatch(batch.time, values)


def without(batch: CandleBatch, places: set[int]) -> CandleBatch:
    kept = np.ones(len(batch), dtype=np.bool_)
    kept[sorted(places)] = False
    return batch.where(kept)


def test_good_bars_have_nothing_to_tell() -> None:
    report = report_of(candles(300))
    assert (report["rows"], report["expected"], report["coverage"]) == (
        300,
        300,
        "1.000000",
    )
    assert report["findings"] == []
    assert verdict_of(report, GATE) is QualityVerdict.GOOD


@settings(max_examples=60, deadline=None)
@given(places=st.sets(st.integers(1, 298), max_size=250))
def test_removing_bars_lowers_the_coverage_by_exactly_that(places: set[int]) -> None:
    report = report_of(without(candles(300), places))
    assert report["expected"] == 300
    assert report["rows"] == 300 - len(places)
    assert report["gaps"]["missing"] == len(places)
    assert report["coverage"] == coverage_text(300 - len(places), 300)
    refused = any(
        one.limit == "minimum_coverage" for one in shortfalls_find(report, GATE)
    )
    assert refused == (300 - len(places) < float(GATE.minimum_coverage) * 300)


@settings(max_examples=60, deadline=None)
@given(
    start=st.integers(0, 250),
    length=st.integers(1, 2_000),
    holes=st.sets(st.integers(0, 2_343), max_size=400),
)
def test_the_report_of_a_range_is_that_of_a_series_which_holds_it_alone(
    start: int, length: int, holes: set[int]
) -> None:
    whole = without(luna(before=1_500), {one for one in holes if one < 2_344})
    cut = whole.rows(start, start + length)
    fresh = CandleBatch(cut.time.copy(), cut.values.copy())
    assert measured(part_of(bars_of(whole), slice(start, start + length))) == report_of(
        fresh
    )


@settings(max_examples=40, deadline=None)
@given(scale=st.sampled_from([2.0**power for power in range(-30, 31, 5)]))
@pytest.mark.parametrize("make", [luna, ftt, lambda: candles(800)])
def test_the_unit_of_prices_changes_no_verdict(make: Any, scale: float) -> None:
    batch = make()
    values = batch.values.copy()
    values[:4] *= scale
    told, scaled = report_of(batch), report_of(CandleBatch(batch.time, values))
    counts = ("rows", "expected", "spikes", "wicks", "impossible", "frozen")
    assert [told[name] for name in counts] == [scaled[name] for name in counts]
    assert told["breaks"]["count"] == scaled["breaks"]["count"]
    assert verdict_of(told, GATE) is verdict_of(scaled, GATE)


@settings(max_examples=60, deadline=None)
@given(
    mask=st.lists(st.booleans(), max_size=80),
    size=st.integers(1, 90),
    least=st.integers(1, 5),
)
def test_runs_are_the_same_however_they_are_cut(
    mask: list[bool], size: int, least: int
) -> None:
    time = np.arange(len(mask), dtype=np.int64) * HOUR
    runs = Runs(least=least)
    for start in range(0, len(mask), size):
        part = slice(start, start + size)
        runs.apply(time[part], np.array(mask[part], dtype=np.bool_))
    runs.finish()
    text = "".join("x" if one else " " for one in mask)
    found = [part for part in text.split() if len(part) >= least]
    longest = max(map(len, found), default=0)
    assert (runs.count, runs.bars) == (len(found), sum(map(len, found)))
    assert runs.longest == longest
    if longest:
        assert runs.longest_ns == text.index("x" * longest) * HOUR


def test_a_frozen_feed_is_found_and_an_illiquid_market_is_not() -> None:
    batch = candles(400)
    price = batch.values[3, 99]
    frozen = changed(
        batch, at=range(100, 130), values=[(price, price, price, price, 5)] * 30
    )
    report = report_of(frozen)
    assert report["frozen"] == {
        "bars": 30,
        "runs": 1,
        "longest": {"start": "2024-01-05T04:00:00Z", "bars": 30},
    }
    assert report["findings"] == [
        "30 of 400 bars repeat one price, the longest run 30 bars from "
        "2024-01-05T04:00:00Z."
    ]
    assert verdict_of(report, GATE) is QualityVerdict.DOUBTFUL
    short = changed(
        batch, at=range(100, 109), values=[(price, price, price, price, 5)] * 9
    )
    assert report_of(short)["frozen"]["bars"] == 0


def test_a_feed_that_is_frozen_for_most_of_the_time_is_refused() -> None:
    batch = candles(400)
    price = batch.values[3, 99]
    report = report_of(
        changed(
            batch, at=range(100, 300), values=[(price, price, price, price, 0)] * 200
        )
    )
    assert [one.limit for one in shortfalls_find(report, GATE)] == [
        "maximum_frozen_fraction"
    ]
    assert report["zero_volume"]["longest"] == {
        "start": "2024-01-05T04:00:00Z",
        "bars": 200,
    }


def test_bars_that_cannot_be_are_counted_and_left_out_of_the_rest() -> None:
    batch = changed(
        candles(200),
        at=[50, 60, 70],
        values=[(5, 4, 3, 4, 1), (1, 2, -1, 1, 1), (1, 2, 1, np.nan, 1)],
    )
    report = report_of(batch)
    assert (report["impossible"], report["nan"], report["rows"]) == (2, 1, 200)
    assert report["samples"]["impossible"][0] == {
        "time": iso_from_ns(START + 50 * HOUR),
        "reason": "high below open or close",
    }
    assert report["spikes"] == report["breaks"]["count"] == 0
    (short,) = shortfalls_find(report, GATE)
    assert short.limit == "maximum_impossible_fraction"
    assert "3 of 200 bars" in short.message


def test_a_bar_that_is_not_later_than_the_one_before_is_a_duplicate() -> None:
    batch = candles(100)
    time = batch.time.copy()
    time[50] = time[49]
    report = report_of(CandleBatch(time, batch.values))
    assert (report["duplicates"], report["rows"], report["gaps"]["missing"]) == (
        1,
        99,
        1,
    )


def test_a_high_far_beyond_its_bar_is_a_wick() -> None:
    batch = candles(300)
    values = batch.values.copy()
    values[1, 200] *= 1.5
    values[2, 210] /= 1.5
    report = report_of(CandleBatch(batch.time, values))
    assert report["wicks"] == 2
    assert [one["time"] for one in report["samples"]["wicks"]] == [
        iso_from_ns(START + place * HOUR) for place in (200, 210)
    ]
    assert verdict_of(report, GATE) is QualityVerdict.DOUBTFUL


@pytest.mark.parametrize(
    ("now", "start", "end", "age", "before"),
    [
        (100 * HOUR, None, None, 0, 0),
        (101 * HOUR - 1, None, None, 0, 0),
        (110 * HOUR, None, None, 10, 0),
        (500 * HOUR, None, 100 * HOUR, 0, 0),
        (500 * HOUR, None, 130 * HOUR, 30, 0),
        (110 * HOUR, None, 130 * HOUR, 10, 0),
        (100 * HOUR, -5 * HOUR, None, 0, 5),
        (100 * HOUR, HOUR, None, 0, 0),
    ],
)
def test_age_and_what_is_missing_before_count_whole_bars(
    now: int, start: int | None, end: int | None, age: int, before: int
) -> None:
    asked = Asked(
        START + now,
        None if start is None else START + start,
        None if end is None else START + end,
    )
    report = report_of(candles(100), asked=asked)
    assert (report["age_bars"], report["asked"]["missing_before"]) == (age, before)
    told = " ".join(report["findings"])
    assert ("the first bar is" in told) == bool(before)
    assert ("the last bar is" in told) == bool(age and end)


def test_a_wild_and_a_calm_block_have_scales_of_their_own() -> None:
    batch = candles(BATCH_ROWS + 500, step=60 * 10**9)
    values = batch.values.copy()
    values[:4, BATCH_ROWS + 250] *= 1.5
    report = report_of(CandleBatch(batch.time, values), Timeframe.M1)
    assert report["spikes"] == 1


# --- real markets

HONEST = {
    "binance_BTCUSDT_1h_2017_2024.parquet": ("good", "0.997813", 28, 5),
    "backtestingpy_GOOG_1d.csv": ("doubtful", "0.689124", 463, 0),
    "freqtrade_ETHBTC_5m.parquet": ("good", "1.000000", 0, 0),
    "freqtrade_UNITTESTBTC_1m.parquet": ("doubtful", "0.950201", 538, 0),
    "freqtrade_XRPETH_1m.parquet": ("doubtful", "0.693539", 676, 0),
    "freqtrade_XRPUSDT_PERP_1h.parquet": ("good", "1.000000", 0, 0),
    "freqtrade_XRPUSDT_PERP_5m.parquet": ("good", "1.000000", 0, 0),
    "lean_coinbase_BTCUSD_1m_20171217.parquet": ("good", "1.000000", 0, 0),
}


def stored_bars(name: str, folder: Path) -> tuple[Bars, Path]:
    intake = take_in(shared_file(name), folder / "s")
    path = intake.written.path
    return bars_read(path, timeframe=intake.timeframe), path


def measured(bars: Bars) -> dict[str, Any]:
    timeframe = Timeframe.from_nanoseconds(bars.timeframe_ns)
    assert timeframe is not None
    return stored_measure(bars_batches(bars), timeframe, Asked(NOW))


@pytest.mark.parametrize("name", HONEST)
def test_honest_markets_pass_the_service_s_own_threshold(
    tmp_path: Path, name: str
) -> None:
    bars, path = stored_bars(name, tmp_path)
    report = measured(bars)
    verdict, coverage, holes, spikes = HONEST[name]
    assert shortfalls_find(report, GATE) == []
    assert report["breaks"]["count"] == 0
    assert verdict_of(report, GATE) == verdict
    assert (report["coverage"], report["gaps"]["count"], report["spikes"]) == (
        coverage,
        holes,
        spikes,
    )
    timeframe = Timeframe.from_nanoseconds(bars.timeframe_ns)
    assert timeframe is not None
    from_file = stored_measure(candles_batches(path), timeframe, Asked(NOW))
    assert from_file == report


def test_seven_years_of_bitcoin_are_told_in_one_line(tmp_path: Path) -> None:
    bars, _ = stored_bars("binance_BTCUSDT_1h_2017_2024.parquet", tmp_path)
    assert line_tell(measured(bars)) == (
        "99.78% of 58,547 bars, 28 holes (longest 33 bars), 5 spikes, 0 breaks"
    )


@pytest.mark.parametrize("days", [1, 7, 30, 200])
def test_the_day_of_the_covid_crash_is_no_fault_of_the_data(
    tmp_path: Path, days: int
) -> None:
    bars, _ = stored_bars("binance_BTCUSDT_1h_2017_2024.parquet", tmp_path)
    midday = np.datetime64("2020-03-12T12:00", "ns").astype(np.int64)
    reach = days * 12 * HOUR
    inside = (bars.time >= midday - reach) & (bars.time < midday + reach)
    part = part_of(bars, inside)
    report = measured(part)
    assert part.low.min() < 0.9 * part.high.max()
    assert shortfalls_find(report, GATE) == []
    assert report["breaks"]["count"] == 0
    # In half a year two hours of that March came back at once.
    assert report["spikes"] == (2 if days > 30 else 0)


@pytest.mark.parametrize("bars_each", [168, 720, 2_000])
def test_no_stretch_of_bitcoin_is_refused(tmp_path: Path, bars_each: int) -> None:
    bars, _ = stored_bars("binance_BTCUSDT_1h_2017_2024.parquet", tmp_path)
    for start in range(0, len(bars) - bars_each, bars_each):
        part = part_of(bars, slice(start, start + bars_each))
        assert shortfalls_find(measured(part), GATE) == [], iso_from_ns(part.time[0])


def test_a_csv_s_report_is_that_of_its_stored_file(tmp_path: Path) -> None:
    lines = csv_lines(candles(300))
    del lines[200:230]
    intake = take_in(csv_write(tmp_path / "a", lines), tmp_path / "s")
    report = stored_measure(
        candles_batches(intake.written.path), Timeframe.H1, Asked(NOW)
    )
    assert report["gaps"]["largest"] == intake.report.largest
    assert report["gaps"]["missing"] == intake.report.missing
