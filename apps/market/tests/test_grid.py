from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from apps.market.grid import DecimalsMeter, values_round
from apps.market.ticks import decimals_of_tick, tick_from_decimals


@pytest.mark.parametrize(
    ("values", "decimals"),
    [
        ([1.0, 250.0], 0),
        ([1.5, 2.25], 2),
        ([0.09019005000000001], 8),
        ([0.1 + 0.2], 1),
        ([19650.02, 19516.96], 2),
        ([0.00000123], 8),
        ([1e-12], 12),
        ([1e12, 3.0], 0),
        ([0.0], 0),
        ([-0.25], 2),
        ([float("nan"), float("inf"), 0.5], 1),
    ],
)
def test_decimals_are_those_of_the_number_and_not_of_its_noise(
    values: list[float], decimals: int
) -> None:
    meter = DecimalsMeter(12)
    meter.measure(np.array(values))
    assert meter.decimals == decimals


def test_the_most_decimals_of_all_batches_count() -> None:
    meter = DecimalsMeter(12)
    for value in (1.5, 1.125, 2.0):
        meter.measure(np.array([value]))
    assert meter.decimals == 3


def test_noise_is_gone_from_the_measured_numbers() -> None:
    meter = DecimalsMeter(12)
    assert meter.measure(np.array([0.09019005000000001, 0.1 + 0.2])).tolist() == [
        0.09019005,
        0.3,
    ]


def test_decimals_beyond_the_most_are_rounded_away() -> None:
    meter = DecimalsMeter(2)
    assert meter.measure(np.array([1.23456])).tolist() == [1.23]
    assert meter.decimals == 2


@settings(max_examples=50, deadline=None)
@given(
    digits=st.lists(st.integers(1, 10**11), min_size=1, max_size=50),
    decimals=st.integers(0, 12),
)
def test_a_decimal_of_twelve_digits_survives_bit_by_bit(
    digits: list[int], decimals: int
) -> None:
    exact = [Decimal(one).scaleb(-decimals) for one in digits]
    values = np.array([float(one) for one in exact])
    meter = DecimalsMeter(12)
    assert np.array_equal(meter.measure(values), values)
    assert meter.decimals == max(decimals_of_tick(one) for one in exact)


@settings(max_examples=50, deadline=None)
@given(value=st.floats(0.01, 1e6), decimals=st.integers(0, 8))
def test_rounding_gives_the_float_nearest_to_the_decimal(
    value: float, decimals: int
) -> None:
    rounded = float(values_round(np.array([value]), decimals)[0])
    assert rounded == float(f"{rounded:.{decimals}f}")
    # Half a step, and what the subtraction itself may be off by.
    assert abs(rounded - value) <= 0.5000001 * 10.0**-decimals + math.ulp(value)


@pytest.mark.parametrize(
    ("tick", "decimals"),
    [("0.01", 2), ("0.050", 2), ("1", 0), ("10", 0), ("0.00000001", 8)],
)
def test_a_tick_has_the_decimals_of_its_last_digit(tick: str, decimals: int) -> None:
    assert decimals_of_tick(Decimal(tick)) == decimals


def test_ticks_and_decimals_turn_into_each_other() -> None:
    assert [decimals_of_tick(tick_from_decimals(one)) for one in range(13)] == [
        *range(13)
    ]
