"""The synthetic venue: repeatable, consistent, and clear about what it lacks."""

from __future__ import annotations

import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from apps.core.errors import Invalid, NotFound, Unprocessable
from apps.exchanges.adapters.simulated.adapter import HORIZON_NS, SimulatedVenue
from apps.exchanges.adapters.simulated.config import (
    DAY_NS,
    EPOCH_NS,
    INSTRUMENTS,
    MINUTE_NS,
    SimulatedConfig,
)
from apps.exchanges.errors import (
    CandleRangeInvalid,
    SymbolUnknown,
    TimeframeUnsupported,
    VenueMisconfigured,
)

if TYPE_CHECKING:
    from apps.exchanges.contracts import Candles, CandleSource, FloatArray

HOUR_NS = 60 * MINUTE_NS
COLUMNS = ("time", "open", "high", "low", "close", "volume")
RECORDED_FIRST = [30028.82, 30058.36, 30032.06]
RECORDED_LATER = [120.2]
SYMBOLS = tuple(each.market.symbol for each in INSTRUMENTS)


def _venue(seed: int = 2020) -> CandleSource:
    return SimulatedVenue(SimulatedConfig(seed=seed))


def _same(one: Candles, other: Candles) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in COLUMNS
    )


def _cut(whole: Candles, start_ns: int, end_ns: int) -> dict[str, FloatArray]:
    inside = (whole.time >= start_ns) & (whole.time < end_ns)
    return {name: getattr(whole, name)[inside] for name in COLUMNS}


def test_the_same_seed_gives_the_same_candles() -> None:
    span = ("ETH/USDT", HOUR_NS, EPOCH_NS + 40 * DAY_NS, EPOCH_NS + 60 * DAY_NS)
    assert _same(_venue(7).candles(*span), _venue(7).candles(*span))


def test_another_seed_or_symbol_gives_other_candles() -> None:
    span = (HOUR_NS, EPOCH_NS, EPOCH_NS + 5 * DAY_NS)
    one, other_seed, other_symbol = (
        np.diff(np.log(candles.close))
        for candles in (
            _venue(7).candles("BTC/USDT", *span),
            _venue(8).candles("BTC/USDT", *span),
            _venue(7).candles("ETH/USDT", *span),
        )
    )
    assert not np.allclose(one, other_seed)
    assert not np.allclose(one, other_symbol)


def test_the_history_of_the_default_seed_is_the_recorded_one() -> None:
    # Recorded, not derived: whoever moves these prices changes everyone's history.
    bars = _venue().candles("BTC/USDT", HOUR_NS, EPOCH_NS, EPOCH_NS + 3 * HOUR_NS)
    later = EPOCH_NS + 2_000 * DAY_NS
    assert bars.close.tolist() == RECORDED_FIRST
    assert (
        _venue().candles("SOL/USDT", HOUR_NS, later, later + HOUR_NS).close.tolist()
        == RECORDED_LATER
    )


def test_another_process_makes_the_same_candles() -> None:
    script = (
        "from apps.exchanges.adapters.simulated.adapter import SimulatedVenue as V;"
        f"c = V().candles('BTC/USDT', {HOUR_NS}, {EPOCH_NS}, {EPOCH_NS + DAY_NS});"
        "print(c.close.tobytes().hex())"
    )
    answer = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    here = _venue().candles("BTC/USDT", HOUR_NS, EPOCH_NS, EPOCH_NS + DAY_NS)
    assert answer.stdout.strip() == here.close.tobytes().hex()


@settings(max_examples=25, deadline=None)
@given(
    start=st.integers(0, 60 * DAY_NS - 1),
    length=st.integers(1, 30 * DAY_NS),
    minutes=st.sampled_from([15, 60, 240, 1440]),
)
def test_a_part_of_a_range_has_the_candles_of_the_whole(
    start: int, length: int, minutes: int
) -> None:
    frame = minutes * MINUTE_NS
    first, after = EPOCH_NS + start, EPOCH_NS + start + length
    whole = _venue().candles("SOL/USDT", frame, EPOCH_NS, EPOCH_NS + 90 * DAY_NS)
    part = _venue().candles("SOL/USDT", frame, first, after)
    expected = _cut(whole, first, after)
    assert all(np.array_equal(getattr(part, name), expected[name]) for name in COLUMNS)


@pytest.mark.parametrize("minutes", [5, 60, 1440])
def test_a_long_candle_is_that_of_its_minutes(minutes: int) -> None:
    first, after = EPOCH_NS + 100 * DAY_NS, EPOCH_NS + 103 * DAY_NS
    fine = _venue().candles("BTC/USDT", MINUTE_NS, first, after)
    coarse = _venue().candles("BTC/USDT", minutes * MINUTE_NS, first, after)
    assert np.array_equal(coarse.open, fine.open[::minutes])
    assert np.array_equal(coarse.close, fine.close[minutes - 1 :: minutes])
    assert np.array_equal(coarse.high, fine.high.reshape(-1, minutes).max(axis=1))
    assert np.array_equal(coarse.low, fine.low.reshape(-1, minutes).min(axis=1))
    volume = fine.volume.reshape(-1, minutes).sum(axis=1)
    np.testing.assert_allclose(coarse.volume, volume, rtol=1e-12)


@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.parametrize("minutes", [1, 60])
def test_every_candle_is_consistent_and_none_is_missing(
    symbol: str, minutes: int
) -> None:
    frame = minutes * MINUTE_NS
    bars = _venue().candles(symbol, frame, EPOCH_NS, EPOCH_NS + 40 * DAY_NS)
    assert (bars.low <= np.minimum(bars.open, bars.close)).all()
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()
    assert (bars.low > 0).all()
    assert (bars.volume >= 0).all()
    expected = np.arange(EPOCH_NS, EPOCH_NS + 40 * DAY_NS, frame)
    assert np.array_equal(bars.time, expected)
    assert bars.timeframe_ns == frame


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_prices_and_volumes_are_exact_decimals_of_the_grid(symbol: str) -> None:
    (market,) = (each for each in _venue().markets() if each.symbol == symbol)
    bars = _venue().candles(symbol, HOUR_NS, EPOCH_NS, EPOCH_NS + 20 * DAY_NS)
    for column in (bars.open, bars.high, bars.low, bars.close):
        for price in column.tolist():
            # The shortest decimal of the float64 is on the grid, with no stray digit.
            assert Decimal(repr(price)) % market.price_tick == 0
    for volume in bars.volume.tolist():
        assert Decimal(repr(volume)) % market.quantity_step == 0


def test_four_years_of_hours_take_less_than_a_moment() -> None:
    began = time.process_time()
    _venue().candles("BTC/USDT", HOUR_NS, EPOCH_NS, EPOCH_NS + 35_000 * HOUR_NS)
    # About 0.4 s; the bound leaves room for a busy machine, not for a loop per bar.
    assert time.process_time() - began < 3


def test_a_range_between_two_opens_has_no_candles() -> None:
    bars = _venue().candles("BTC/USDT", HOUR_NS, EPOCH_NS + 1, EPOCH_NS + 2)
    assert len(bars) == 0
    assert bars.time.dtype == np.int64


def test_the_last_candle_of_the_history_can_be_had() -> None:
    bars = _venue().candles("BTC/USDT", DAY_NS, HORIZON_NS - DAY_NS, HORIZON_NS)
    assert bars.time.tolist() == [HORIZON_NS - DAY_NS]


@pytest.mark.parametrize(
    ("asked", "offered"), [("BTC/USD", "BTC/USDT"), ("eth/usdt", "ETH/USDT")]
)
def test_an_unknown_symbol_is_answered_with_near_ones(asked: str, offered: str) -> None:
    with pytest.raises(SymbolUnknown, match=f"did you mean .*{offered}") as caught:
        _venue().candles(asked, HOUR_NS, EPOCH_NS, EPOCH_NS + DAY_NS)
    assert isinstance(caught.value, NotFound)
    assert caught.value.attr == "symbol"
    assert repr(asked) in caught.value.message


def test_a_symbol_like_no_other_is_answered_with_the_list() -> None:
    with pytest.raises(SymbolUnknown) as caught:
        _venue().candles("??", HOUR_NS, EPOCH_NS, EPOCH_NS + DAY_NS)
    assert "did you mean" not in caught.value.message
    assert all(symbol in caught.value.message for symbol in SYMBOLS)


@pytest.mark.parametrize(
    ("start", "end", "attr"),
    [
        (EPOCH_NS + DAY_NS, EPOCH_NS, "start_ns"),
        (EPOCH_NS, EPOCH_NS, "start_ns"),
        (EPOCH_NS - 1, EPOCH_NS + DAY_NS, "start_ns"),
        (EPOCH_NS, HORIZON_NS + 1, "end_ns"),
        (EPOCH_NS, HORIZON_NS, "end_ns"),
    ],
    ids=["turned round", "empty", "too early", "too late", "too many"],
)
def test_a_range_that_cannot_be_is_invalid(start: int, end: int, attr: str) -> None:
    with pytest.raises(CandleRangeInvalid) as caught:
        _venue().candles("BTC/USDT", MINUTE_NS, start, end)
    assert isinstance(caught.value, Invalid)
    assert caught.value.attr == attr


@pytest.mark.parametrize(
    "frame", [0, -HOUR_NS, MINUTE_NS // 2, 7 * MINUTE_NS, 7 * DAY_NS]
)
def test_a_timeframe_that_does_not_divide_a_day_is_refused(frame: int) -> None:
    with pytest.raises(TimeframeUnsupported) as caught:
        _venue().candles("BTC/USDT", frame, EPOCH_NS, EPOCH_NS + DAY_NS)
    assert isinstance(caught.value, Unprocessable)


def test_a_negative_seed_is_a_misconfiguration() -> None:
    with pytest.raises(VenueMisconfigured, match="seed is -1"):
        SimulatedConfig(seed=-1)


def test_markets_are_sorted_and_their_grids_positive() -> None:
    markets = _venue().markets()
    assert [each.symbol for each in markets] == sorted(SYMBOLS)
    for each in markets:
        assert each.symbol == f"{each.base}/{each.quote}"
        assert min(each.price_tick, each.quantity_step, each.min_quantity) > 0
        assert each.min_quantity % each.quantity_step == 0
