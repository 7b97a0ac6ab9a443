"""Indicators on a few bars whose values can be worked out on paper."""

from __future__ import annotations

import math

import numpy as np
import pytest

from apps.indicators.compute import indicator_compute


def computed(
    name: str, series: dict[str, list[float]], output: str = "value", **params: float
) -> list[float]:
    """Return the values after the warm-up."""
    inputs = {key: np.array(values, dtype=np.float64) for key, values in series.items()}
    result = indicator_compute(name, inputs, params)[output]
    found: list[float] = result[np.isfinite(result)].tolist()
    return found


def test_cmo_is_gains_less_losses_over_their_sum_without_smoothing() -> None:
    close = [10.0, 13.0, 12.0, 12.0, 16.0]
    found = computed("cmo", {"close": close}, period=3)
    # Changes +3, -1, 0, +4.
    assert found == pytest.approx([100.0 * 2.0 / 4.0, 100.0 * 3.0 / 5.0])


def test_nvi_and_pvi_take_the_returns_of_falling_and_of_rising_volume_only() -> None:
    series = {
        "close": [100.0, 110.0, 99.0, 198.0],
        "volume": [5.0, 4.0, 4.0, 6.0],
    }
    # An unchanged volume, as of the third bar, belongs to neither.
    assert computed("nvi", series) == pytest.approx([1000.0, 1100.0, 1100.0, 1100.0])
    assert computed("pvi", series) == pytest.approx([1000.0, 1000.0, 1000.0, 2000.0])


def test_fisher_bends_the_smoothed_place_in_the_range() -> None:
    price = [1.0, 3.0, 2.0]
    found = computed("fisher", {"high": price, "low": price}, "fisher", period=2)
    # The second bar is at the top of its range and the third at the bottom.
    first = 0.66 * 0.5
    second = 0.66 * -0.5 + 0.67 * first
    expected = [math.atanh(first)]
    expected.append(math.atanh(second) + 0.5 * expected[0])
    assert found == pytest.approx(expected)


def test_vidya_moves_by_the_ratio_of_two_volatilities() -> None:
    close = [1.0, 1.0, 1.0, 4.0]
    found = computed("vidya", {"close": close}, short=2, long=3, alpha=0.2)
    # Deviations of (1, 4) and (1, 1, 4): 1.5 and the root of 2. Flat before.
    step = 0.2 * 1.5 / math.sqrt(2.0) * (4.0 - 1.0)
    assert found == pytest.approx([1.0, 1.0 + step])


def test_kvo_is_the_distance_of_two_averages_of_the_volume_force() -> None:
    series = {
        "high": [11.0, 13.0, 15.0, 14.0],
        "low": [9.0, 10.0, 11.0, 10.0],
        "close": [10.0, 12.0, 14.0, 11.0],
        "volume": [1.0, 10.0, 20.0, 30.0],
    }
    # Ranges 2, 3, 4, 4; up, up, down. The measure of a trend begins with the range of
    # the bar before it: 2 + 3, then 2 + 3 + 4, and after the turn 4 + 4.
    forces = [
        100.0 * 10.0 * abs(2.0 * 3.0 / 5.0 - 1.0),
        100.0 * 20.0 * abs(2.0 * 4.0 / 9.0 - 1.0),
        -100.0 * 30.0 * abs(2.0 * 4.0 / 8.0 - 1.0),
    ]
    fast = slow = forces[0]
    for force in forces[1:]:
        fast += 2.0 / 3.0 * (force - fast)
        slow += 2.0 / 4.0 * (force - slow)
    assert computed("kvo", series, fast=2, slow=3) == pytest.approx([fast - slow])


def test_emv_is_the_way_of_the_middle_times_the_range_per_ten_thousand_traded() -> None:
    series = {
        "high": [11.0, 14.0, 14.0],
        "low": [9.0, 10.0, 12.0],
        "volume": [1.0, 20_000.0, 0.0],
    }
    # The middle goes from 10 to 12 over a range of 4; then nothing trades.
    assert computed("emv", series, period=1) == pytest.approx([2.0 * 4.0 / 2.0, 0.0])


def test_vosc_is_the_fast_average_in_percent_above_the_slow_one() -> None:
    found = computed("vosc", {"volume": [1.0, 2.0, 6.0]}, fast=2, slow=3)
    assert found == pytest.approx([100.0 * (4.0 - 3.0) / 3.0])


def test_zlema_averages_the_price_plus_its_change_over_half_the_period() -> None:
    found = computed("zlema", {"close": [5.0, 1.0, 2.0, 4.0, 8.0]}, period=5)
    # Begun at the second price, the last without a change over two bars.
    current = 1.0
    for price, before in ((2.0, 5.0), (4.0, 1.0), (8.0, 2.0)):
        current += 2.0 / 6.0 * (2.0 * price - before - current)
    assert found == pytest.approx([current])


def test_the_standard_error_is_the_deviation_over_the_root_of_the_count() -> None:
    found = computed("stderr", {"close": [1.0, 2.0, 3.0, 6.0]}, period=4)
    assert found == pytest.approx([math.sqrt(14.0 / 4.0) / 2.0])


def test_chaikin_volatility_and_the_mass_index_follow_a_range_that_doubles() -> None:
    ranges = [1.0, 1.0, 1.0, 2.0]
    series = {"high": ranges, "low": [0.0] * 4}
    average = 1.0 + 2.0 / 3.0 * (2.0 - 1.0)
    found = computed("cvi", series, period=2)
    assert found == pytest.approx([100.0 * (average - 1.0)])
    again = 1.0 + 2.0 / 3.0 * (average - 1.0)
    mass = computed("mass", series, period=2, smoothing=2)
    assert mass == pytest.approx([1.0 + average / again])
