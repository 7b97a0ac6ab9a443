"""Longer bars of shorter ones and of trades, exact to the last digit."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings, strategies as st
from pyarrow import feather

from apps.exchanges.contracts import Trades
from apps.market.batches import CandleBatch, batches_join
from apps.market.enums import Timeframe
from apps.market.errors.backfill import ResampleImpossible
from apps.market.resampling.bars import BarsResampler
from apps.market.resampling.grid import opens, step_check
from apps.market.resampling.sums import sums_exact
from apps.market.resampling.trades import TradesResampler
from apps.market.tests.exchange import same

if TYPE_CHECKING:
    from collections.abc import Sequence

SHARED = Path(__file__).resolve().parents[3] / ".." / "shared" / "data"
MINUTE = Timeframe.M1.nanoseconds
# A Monday.
START = 1_704_067_200_000_000_000


def minutes(count: int, missing: set[int], seed: int = 3) -> CandleBatch:
    """Return minutes on a grid of 0.01 and 0.00001, without some of them."""
    random = np.random.default_rng(seed)
    close = np.round(100 + np.cumsum(random.normal(0, 0.1, count)), 2)
    open_ = np.concatenate(([100.0], close[:-1]))
    high = np.round(np.maximum(open_, close) + 0.01, 2)
    low = np.round(np.minimum(open_, close) - 0.01, 2)
    volume = np.round(random.exponential(5, count), 5)
    time = START + MINUTE * np.arange(count, dtype=np.int64)
    keep = np.array([place not in missing for place in range(count)])
    return CandleBatch(time, np.stack([open_, high, low, close, volume])).where(keep)


def made(
    bars: CandleBatch,
    source: Timeframe,
    target: Timeframe,
    *,
    at_once: int = 7,
    absent: Sequence[tuple[int, int]] = (),
) -> CandleBatch:
    """Resample, given a few bars at a time."""
    parts = (bars.rows(at, at + at_once) for at in range(0, len(bars), at_once))
    return batches_join(list(BarsResampler(source, target, absent).batches(parts)))


@settings(max_examples=80, deadline=None)
@given(
    missing=st.sets(st.integers(0, 479), max_size=40),
    seed=st.integers(0, 1000),
    at_once=st.integers(1, 200),
)
def test_by_the_hour_is_the_same_by_way_of_five_minutes(
    missing: set[int], seed: int, at_once: int
) -> None:
    bars = minutes(480, missing, seed)
    direct = made(bars, Timeframe.M1, Timeframe.H1, at_once=at_once)
    fives = made(bars, Timeframe.M1, Timeframe.M5, at_once=at_once)
    assert same(direct, made(fives, Timeframe.M5, Timeframe.H1, at_once=at_once))


@settings(max_examples=50, deadline=None)
@given(missing=st.sets(st.integers(0, 299), max_size=10))
def test_a_bar_is_made_only_where_each_shorter_one_is_there(missing: set[int]) -> None:
    hours = made(minutes(300, missing), Timeframe.M1, Timeframe.H1)
    whole = [h for h in range(5) if not missing & set(range(60 * h, 60 * h + 60))]
    assert hours.time.tolist() == [START + h * 60 * MINUTE for h in whole]


def test_a_bar_is_first_highest_lowest_last_and_sum() -> None:
    bars = minutes(60, set())
    hour = made(bars, Timeframe.M1, Timeframe.H1)
    sum_ = float(sum(Decimal(str(one)) for one in bars.values[4]))
    assert hour.values[:, 0].tolist() == [
        bars.values[0, 0],
        bars.values[1].max(),
        bars.values[2].min(),
        bars.values[3, -1],
        sum_,
    ]


def test_holes_that_are_confirmed_count_as_nothing_where_somebody_says_so() -> None:
    bars = minutes(120, {10, 11, 70})
    absent = [(START + 10 * MINUTE, START + 11 * MINUTE)]
    hours = made(bars, Timeframe.M1, Timeframe.H1, absent=absent)
    assert hours.time.tolist() == [START]
    assert len(made(bars, Timeframe.M1, Timeframe.H1)) == 0


def test_what_was_not_made_is_counted() -> None:
    resampler = BarsResampler(Timeframe.M1, Timeframe.H1)
    assert len(batches_join(list(resampler.batches([minutes(130, {5})])))) == 1
    assert resampler.incomplete == 2


@pytest.mark.parametrize(
    ("timeframe", "moment", "expected"),
    [
        ("1w", "2024-01-07T23:59:59", "2024-01-01T00:00:00"),
        ("1w", "2024-01-08T00:00:00", "2024-01-08T00:00:00"),
        ("3d", "1970-01-03T23:59:59", "1970-01-01T00:00:00"),
        ("3d", "1970-01-04T00:00:00", "1970-01-04T00:00:00"),
        ("4h", "2024-01-01T03:59:59", "2024-01-01T00:00:00"),
    ],
)
def test_weeks_begin_on_monday_and_other_lengths_count_from_the_epoch(
    timeframe: str, moment: str, expected: str
) -> None:
    at = np.array([moment], "datetime64[ns]").astype(np.int64)
    found = opens(at, Timeframe(timeframe)).astype("datetime64[ns]")
    assert found[0] == np.datetime64(expected)


@pytest.mark.parametrize(
    ("source", "target"), [("1h", "30m"), ("1h", "1h"), ("3d", "1w"), ("8h", "12h")]
)
def test_what_is_no_multiple_is_refused_with_what_can_be_made(
    source: str, target: str
) -> None:
    with pytest.raises(ResampleImpossible, match="they make"):
        step_check(Timeframe(source), Timeframe(target), offset=0)


def test_days_that_begin_at_another_hour_make_no_weeks() -> None:
    with pytest.raises(ResampleImpossible, match="off the hours"):
        step_check(Timeframe.D1, Timeframe.W1, offset=8 * 60 * MINUTE)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.decimals(0, 10**6, places=8, allow_nan=False), min_size=1, max_size=60)
)
def test_a_sum_is_the_float_nearest_to_that_of_the_decimals(
    amounts: list[Decimal],
) -> None:
    values = np.array([float(one) for one in amounts])
    found = sums_exact(values, np.array([0]))
    assert found.tolist() == [float(sum(amounts))]


def test_sums_too_large_for_whole_numbers_are_rounded_correctly() -> None:
    values = np.array([1e300, 1e16, 1.0, 0.1])
    assert sums_exact(values, np.array([0, 1, 2])).tolist() == [1e300, 1e16, 1.1]


def shared(path: str) -> Path:
    """Return a file of the optional shared data, or skip the test."""
    found = SHARED / path
    if not found.is_file():
        pytest.skip(f"the optional data file shared/data/{path} is not here")
    return found


def xrp_trades() -> Trades:
    table = feather.read_table(shared("ticks/freqtrade_XRPETH_trades.feather"))
    return Trades(
        table["timestamp"].to_numpy() * 1_000_000,
        table["price"].to_numpy(),
        table["amount"].to_numpy(),
        np.array([side == "buy" for side in table["side"].to_pylist()]),
        tuple(table["id"].to_pylist()),
    )


def pieces(trades: Trades, at_once: int) -> list[Trades]:
    return [
        Trades(
            trades.time[at : at + at_once],
            trades.price[at : at + at_once],
            trades.quantity[at : at + at_once],
            trades.buyer_taker[at : at + at_once],
            trades.ids[at : at + at_once],
        )
        for at in range(0, len(trades), at_once)
    ]


@pytest.mark.parametrize("at_once", [1_000_000, 97, 1000])
def test_trades_make_the_exchanges_own_minutes_bar_for_bar(at_once: int) -> None:
    parts = pieces(xrp_trades(), at_once)
    bars = batches_join(list(TradesResampler(Timeframe.M1).batches(parts)))
    table = pq.read_table(shared("ohlcv/freqtrade_XRPETH_1m.parquet"))
    moments = table["timestamp"].cast(pa.timestamp("ns", "UTC"))
    time = moments.combine_chunks().view(pa.int64()).to_numpy()
    columns = ("open", "high", "low", "close", "volume")
    values = np.stack([table[name].to_numpy() for name in columns])
    assert len(bars) == 2469
    assert same(bars, CandleBatch(time, values))


def test_a_minute_without_a_trade_is_a_flat_bar_where_somebody_says_so() -> None:
    trades = xrp_trades()
    bars = batches_join(
        list(TradesResampler(Timeframe.M1, flat=True).batches(pieces(trades, 500)))
    )
    steps = np.diff(bars.time)
    assert (steps == MINUTE).all()
    empty = bars.values[4] == 0
    assert empty.any()
    before = np.flatnonzero(empty) - 1
    assert (bars.values[:4, empty] == bars.values[3, before]).all()
    plain = batches_join(list(TradesResampler(Timeframe.M1).batches([trades])))
    assert same(bars.where(~empty), plain)


def test_only_bars_that_lie_wholly_within_what_is_known_are_made() -> None:
    trades = xrp_trades()
    day = Timeframe.D1.nanoseconds
    first = int(trades.time[0]) // day * day
    resampler = TradesResampler(Timeframe.D1, start=first + 1, end=first + 2 * day)
    bars = batches_join(list(resampler.batches([trades])))
    assert bars.time.tolist() == [first + day]
