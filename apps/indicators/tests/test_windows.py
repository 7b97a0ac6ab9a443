"""Rolling windows: right, and without a memory of what has left them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as arrays

from apps.indicators.functions.smoothing import exponential_from_first
from apps.indicators.functions.windows import (
    divide,
    earlier,
    highest_in,
    lowest_in,
    position_between,
    rolling_sum,
)

_values = arrays.arrays(
    np.float64,
    st.integers(0, 60),
    elements=st.floats(-1e6, 1e6, allow_subnormal=False),
)


@given(values=_values, period=st.integers(1, 70))
@settings(max_examples=50, deadline=None)
def test_a_rolling_sum_is_the_sum_of_each_window(
    values: np.ndarray[tuple[int], np.dtype[np.float64]], period: int
) -> None:
    before = values.copy()
    result = rolling_sum(values, period=period)
    assert len(result) == len(values)
    for bar, found in enumerate(result):
        if bar < period - 1:
            assert np.isnan(found)
        else:
            window = values[bar - period + 1 : bar + 1]
            assert found == pytest.approx(window.sum(), rel=1e-12, abs=1e-7)
    np.testing.assert_array_equal(values, before)


def test_a_window_of_zeros_sums_to_zero_whatever_came_before() -> None:
    values = np.concatenate((np.full(9, 1e17 / 3.0), np.zeros(9)))
    assert rolling_sum(values, period=7)[15:].tolist() == [0.0, 0.0, 0.0]


def test_a_rolling_sum_is_blank_while_its_window_is() -> None:
    values = np.array([np.nan, np.nan, 1.0, 2.0, 3.0])
    expected = [np.nan, np.nan, np.nan, 3.0, 5.0]
    np.testing.assert_array_equal(rolling_sum(values, period=2), expected)


def test_the_extremes_of_one_bar_are_the_bar() -> None:
    values = np.array([3.0, 1.0, 2.0])
    for extreme in (highest_in, lowest_in):
        found = extreme(values, period=1)
        np.testing.assert_array_equal(found, values)
        assert not np.shares_memory(found, values)


@pytest.mark.parametrize(
    ("bars", "expected"),
    [
        (0, [1.0, 2.0, 3.0]),
        (1, [np.nan, 1.0, 2.0]),
        (3, [np.nan] * 3),
        (9, [np.nan] * 3),
    ],
)
def test_earlier_values_come_later(bars: int, expected: list[float]) -> None:
    found = earlier(np.array([1.0, 2.0, 3.0]), bars=bars)
    np.testing.assert_array_equal(found, expected)


def test_a_quotient_without_a_denominator_is_what_it_is_said_to_be() -> None:
    found = divide(np.array([6.0, 5.0]), np.array([3.0, 0.0]), otherwise=-1.0)
    assert found.tolist() == [2.0, -1.0]


def test_between_bounds_that_coincide_is_the_middle() -> None:
    low, high = np.array([1.0, 2.0]), np.array([3.0, 2.0])
    assert position_between(np.array([1.5, 2.0]), low, high).tolist() == [0.25, 0.5]


@pytest.mark.parametrize("period", [1, 2, 9])
def test_an_average_from_the_first_value_is_the_plain_recursion(period: int) -> None:
    values = np.random.default_rng(1).normal(size=50)
    weight, current = 2.0 / (period + 1), values[0]
    expected = [current]
    for value in values[1:]:
        current += weight * (value - current)
        expected.append(current)
    np.testing.assert_allclose(
        exponential_from_first(values, period=period), expected, rtol=1e-9, atol=1e-12
    )
