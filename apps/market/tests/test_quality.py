from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from apps.market.batches import BATCH_ROWS, CandleBatch
from apps.market.enums import Timeframe
from apps.market.errors import QualityRefused, TimeframeMismatch, TimeframeUnknown
from apps.market.store.reading import candles_read
from apps.market.tests.candles import (
    HOUR,
    LIMITS,
    NOW,
    START,
    candles,
    csv_lines,
    csv_write,
    shared_file,
    take_in,
)

if TYPE_CHECKING:
    from pathlib import Path

LENIENT = dict.fromkeys(("gaps", "duplicates", "impossible", "nan", "outliers"), 1.0)


def refused(error: pytest.ExceptionInfo[QualityRefused]) -> dict[str | None, str]:
    return {detail.attr: detail.message for detail in error.value.details}


def test_good_candles_have_nothing_to_report(tmp_path: Path) -> None:
    path = csv_write(tmp_path / "a", csv_lines(candles(300)))
    intake = take_in(path, tmp_path / "scratch")
    report = intake.report.as_json()
    assert report["accepted"] is True
    assert (report["rows"], report["kept"], report["expected"]) == (300, 300, 300)
    assert report["samples"] == {}
    assert intake.timeframe is Timeframe.H1
    assert (intake.price_decimals, intake.quantity_decimals) == (2, 4)


def test_holes_are_counted_and_the_longest_is_named(tmp_path: Path) -> None:
    lines = csv_lines(candles(300))
    del lines[200:230], lines[100:103], lines[50]
    report = take_in(csv_write(tmp_path / "a", lines), tmp_path / "s").report
    assert (report.holes, report.missing, report.expected) == (3, 34, 300)
    assert report.largest[0] == {"start": "2024-01-09T08:00:00Z", "bars": 30}
    assert [hole["bars"] for hole in report.largest] == [30, 3, 1]


def test_holes_are_never_filled(tmp_path: Path) -> None:
    lines = csv_lines(candles(300))
    del lines[200:230]
    intake = take_in(csv_write(tmp_path / "a", lines), tmp_path / "s")
    assert intake.written.rows == 270


def test_too_many_missing_bars_are_refused(tmp_path: Path) -> None:
    lines = csv_lines(candles(300))
    path = csv_write(tmp_path / "a", lines[:20] + lines[280:])
    with pytest.raises(QualityRefused) as error:
        take_in(path, tmp_path / "s")
    assert "260 missing bars" in refused(error)["gaps"]


@pytest.mark.parametrize("at", [10, BATCH_ROWS - 1])
def test_a_row_that_is_there_twice_is_stored_once(tmp_path: Path, at: int) -> None:
    lines = csv_lines(candles(at + 50, step=60 * 10**9))
    lines.insert(at, lines[at])
    intake = take_in(csv_write(tmp_path / "a", lines), tmp_path / "s")
    assert (intake.report.identical, intake.report.conflicting) == (1, 0)
    assert intake.written.rows == at + 50


def test_of_two_rows_of_one_time_the_first_is_kept_and_named(tmp_path: Path) -> None:
    lines = csv_lines(candles(100))
    time = lines[50].split(",")[0]
    lines.insert(51, f"{time},7,8,6,7,1")
    intake = take_in(csv_write(tmp_path / "a", lines), tmp_path / "s")
    assert intake.report.conflicting == 1
    assert intake.report.samples["duplicates"][0]["left_out"] == [7, 8, 6, 7, 1]
    stored = candles_read(intake.written.path)
    assert stored["open"][50] == candles(100).values[0, 50]


def test_more_conflicting_rows_than_allowed_are_refused(tmp_path: Path) -> None:
    lines = csv_lines(candles(100))
    double = [f"{line.split(',')[0]},7,8,6,7,1" for line in lines[:20]]
    both = [line for pair in zip(lines, double, strict=False) for line in pair]
    with pytest.raises(QualityRefused) as error:
        take_in(csv_write(tmp_path / "a", both + lines[20:]), tmp_path / "s")
    assert "20 rows that repeat a time" in refused(error)["duplicates"]


def test_unsorted_rows_are_sorted_and_counted(tmp_path: Path) -> None:
    lines = csv_lines(candles(500))
    intake = take_in(csv_write(tmp_path / "a", lines[::-1]), tmp_path / "s")
    stored = candles_read(intake.written.path)
    assert intake.report.out_of_order == 499
    assert np.array_equal(stored["time"], candles(500).time)
    assert np.allclose(stored["close"], candles(500).values[3])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("5,4,3,4,1", "high below open or close"),
        ("5,6,5.5,5.7,1", "low above open or close"),
        ("5,4,6,5,1", "high below low"),
        ("0,1,0,1,1", "price not above zero"),
        ("5,6,-1,5,1", "price not above zero"),
        ("5,6,4,5,-1", "volume below zero"),
    ],
)
def test_a_bar_that_cannot_be_refuses_the_file(
    tmp_path: Path, row: str, reason: str
) -> None:
    lines = csv_lines(candles(50))
    lines[30] = f"{lines[30].split(',')[0]},{row}"
    with pytest.raises(QualityRefused) as error:
        take_in(csv_write(tmp_path / "a", lines), tmp_path / "s")
    assert "1 impossible bars" in refused(error)["impossible"]
    sample = error.value.report["samples"]["impossible"][0]
    assert (sample["line"], sample["reason"]) == (32, reason)


@pytest.mark.parametrize("cell", ["", "nan", "inf", "-inf"])
def test_a_missing_number_refuses_the_file(tmp_path: Path, cell: str) -> None:
    lines = csv_lines(candles(50))
    lines[30] = f"{lines[30].split(',')[0]},5,6,4,{cell},1"
    with pytest.raises(QualityRefused) as error:
        take_in(csv_write(tmp_path / "a", lines), tmp_path / "s")
    assert "no number in close" in refused(error)["nan"]


def test_tolerated_bad_rows_are_left_out_and_counted(tmp_path: Path) -> None:
    lines = csv_lines(candles(50))
    lines[30] = f"{lines[30].split(',')[0]},5,4,3,4,1"
    lines[40] = f"{lines[40].split(',')[0]},5,6,4,,1"
    path = csv_write(tmp_path / "a", lines)
    intake = take_in(path, tmp_path / "s", limits=LENIENT)
    assert (intake.report.impossible, intake.report.nan) == (1, 1)
    assert (intake.written.rows, intake.report.missing) == (48, 2)


def test_the_bar_that_is_not_over_yet_is_left_out(tmp_path: Path) -> None:
    path = csv_write(tmp_path / "a", csv_lines(candles(50)))
    at_half_past = START + 49 * HOUR + HOUR // 2
    intake = take_in(path, tmp_path / "s", now=at_half_past)
    assert (intake.report.unfinished, intake.written.rows) == (1, 49)
    over = take_in(path, tmp_path / "s", now=START + 50 * HOUR)
    assert (over.report.unfinished, over.written.rows) == (0, 50)


def test_bars_of_the_future_are_refused(tmp_path: Path) -> None:
    path = csv_write(tmp_path / "a", csv_lines(candles(50)))
    with pytest.raises(QualityRefused, match="2 bars are in the future"):
        take_in(path, tmp_path / "s", now=START + 48 * HOUR)


def test_a_bar_off_the_grid_is_refused_by_its_time(tmp_path: Path) -> None:
    batch = candles(50)
    batch.time[20] += 17_000_000_000
    path = csv_write(tmp_path / "a", csv_lines(batch))
    with pytest.raises(QualityRefused, match="time 2024-01-01T20:00:17Z"):
        take_in(path, tmp_path / "s")


def test_days_may_begin_at_any_hour_if_all_do(tmp_path: Path) -> None:
    step = Timeframe.D1.nanoseconds
    batch = candles(50, start=START + 5 * HOUR, step=step)
    intake = take_in(csv_write(tmp_path / "a", csv_lines(batch)), tmp_path / "s")
    assert (intake.timeframe, intake.report.off_grid) == (Timeframe.D1, 0)


def test_a_spike_that_reverts_is_an_outlier_and_a_crash_is_not(tmp_path: Path) -> None:
    batch = candles(200)
    batch.values[:4, 100] *= 3
    batch.values[:4, 150:] /= 3
    path = csv_write(tmp_path / "a", csv_lines(batch))
    report = take_in(path, tmp_path / "s").report
    assert report.outliers == 1
    assert report.samples["outliers"][0]["time"] == "2024-01-05T04:00:00Z"


def test_outliers_at_the_seam_of_two_batches_are_seen(tmp_path: Path) -> None:
    batch = candles(BATCH_ROWS + 100, step=60 * 10**9)
    batch.values[:4, BATCH_ROWS - 1] *= 3
    path = csv_write(tmp_path / "a", csv_lines(batch))
    assert take_in(path, tmp_path / "s").report.outliers == 1


def test_prices_are_rounded_to_the_stated_tick_and_counted(tmp_path: Path) -> None:
    path = csv_write(tmp_path / "a", csv_lines(candles(50)))
    intake = take_in(path, tmp_path / "s", tick=Decimal("0.1"))
    stored = candles_read(intake.written.path)
    assert intake.report.rounded > 0
    assert intake.price_decimals == 1
    assert np.array_equal(stored["close"], np.round(stored["close"], 1))


def test_the_stated_timeframe_must_be_that_of_the_rows(tmp_path: Path) -> None:
    path = csv_write(tmp_path / "a", csv_lines(candles(50)))
    with pytest.raises(TimeframeMismatch, match=r"100% of the steps.*state 1h"):
        take_in(path, tmp_path / "s", timeframe=Timeframe.M5)


def test_a_single_bar_needs_its_timeframe_stated(tmp_path: Path) -> None:
    path = csv_write(tmp_path / "a", csv_lines(candles(1)))
    with pytest.raises(TimeframeUnknown):
        take_in(path, tmp_path / "s")
    assert take_in(path, tmp_path / "s", timeframe=Timeframe.H4).written.rows == 1


def test_the_defective_file_is_refused_naming_its_176_impossible_bars(
    tmp_path: Path,
) -> None:
    path = shared_file("DEFECTIVE_gct_binance_BTCUSDT_1d_2019.csv")
    with pytest.raises(QualityRefused, match=r"176 impossible bars.*line 4"):
        take_in(path, tmp_path / "s")


@pytest.mark.parametrize(
    ("name", "timeframe", "rows", "missing", "decimals"),
    [
        ("binance_BTCUSDT_1h_2017_2024.parquet", "1h", 58_419, 128, 2),
        ("backtestingpy_GOOG_1d.csv", "1d", 2_148, 969, 2),
        ("freqtrade_ETHBTC_5m.parquet", "5m", 5_760, 0, 8),
        ("freqtrade_UNITTESTBTC_1m.parquet", "1m", 13_681, 717, 8),
        ("freqtrade_XRPETH_1m.parquet", "1m", 2_469, 1_091, 8),
        ("freqtrade_XRPUSDT_PERP_1h.parquet", "1h", 100, 0, 5),
        ("freqtrade_XRPUSDT_PERP_5m.parquet", "5m", 1_999, 0, 4),
        ("lean_coinbase_BTCUSD_1m_20171217.parquet", "1m", 1_440, 0, 2),
    ],
)
def test_real_files_are_what_their_manifest_says(
    tmp_path: Path, name: str, timeframe: str, rows: int, missing: int, decimals: int
) -> None:
    intake = take_in(shared_file(name), tmp_path / "s", limits=LIMITS, now=NOW)
    report = intake.report
    assert (intake.timeframe, report.kept, report.missing) == (timeframe, rows, missing)
    assert intake.price_decimals == decimals


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("freqtrade_XRPUSDT_PERP_funding_8h.parquet", "91 impossible bars"),
        ("freqtrade_XRPUSDT_PERP_mark_1h.parquet", "no number in volume"),
    ],
)
def test_files_that_hold_no_candles_are_refused(
    tmp_path: Path, name: str, words: str
) -> None:
    with pytest.raises(QualityRefused, match=words):
        take_in(shared_file(name), tmp_path / "s")


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(order=st.permutations(range(40)), repeats=st.lists(st.integers(0, 39)))
def test_the_order_and_repetition_of_rows_change_nothing(
    tmp_path: Path, order: list[int], repeats: list[int]
) -> None:
    lines = csv_lines(candles(40))
    path = csv_write(tmp_path / "a", [lines[one] for one in [*order, *repeats]])
    intake = take_in(path, tmp_path / "s", limits=LENIENT)
    stored = candles_read(intake.written.path)
    batch = CandleBatch(stored["time"], np.stack([stored["open"], stored["close"]]))
    assert np.array_equal(batch.time, candles(40).time)
    assert np.array_equal(batch.values, candles(40).values[[0, 3]])
    assert intake.report.identical == len(repeats)
