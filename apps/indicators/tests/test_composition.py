"""Indicators that are made of others, checked against their parts.

Their parts are held to published values in test_tulip; where the whole cannot be, this
is what ties it to them.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from apps.indicators.compute import indicator_compute
from apps.indicators.tests.bars import bars_make

if TYPE_CHECKING:
    from apps.indicators.contracts import FloatArray

_BARS = bars_make(seed=21, length=400)
_CLOSE = _BARS["close"].astype(np.float64)
_PERIOD = 10


def part(name: str, output: str = "value", **params: float) -> FloatArray:
    return indicator_compute(name, _BARS, params)[output]


def again(name: str, values: FloatArray, period: int = _PERIOD) -> FloatArray:
    """Return an average of a series that has a warm-up of its own."""
    start = int(np.isnan(values).sum())
    result = np.full(len(values), np.nan)
    result[start:] = indicator_compute(
        name, {"real": values[start:]}, {"period": period}
    )["value"]
    return result


def assert_same(actual: FloatArray, expected: FloatArray) -> None:
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-11)


def stages() -> tuple[FloatArray, FloatArray, FloatArray]:
    first = part("ema", period=_PERIOD)
    second = again("ema", first)
    return first, second, again("ema", second)


def test_dema_is_twice_the_average_less_the_average_of_it() -> None:
    first, second, _ = stages()
    assert_same(part("dema", period=_PERIOD), 2.0 * first - second)


def test_tema_is_made_of_three_averages() -> None:
    first, second, third = stages()
    assert_same(part("tema", period=_PERIOD), 3.0 * (first - second) + third)


def test_trix_is_the_rate_of_change_of_the_third_average() -> None:
    third = stages()[2]
    change = np.full(len(third), np.nan)
    change[1:] = 100.0 * (third[1:] / third[:-1] - 1.0)
    assert_same(part("trix", period=_PERIOD), change)


def test_the_signal_of_macd_is_its_average_and_the_histogram_the_distance() -> None:
    macd, signal, histogram = (
        part("macd", name) for name in ("macd", "signal", "histogram")
    )
    start = 25 + 8
    fast_less_slow = part("apo")
    # The fast average begins elsewhere than alone, which has faded by the end.
    np.testing.assert_allclose(macd[200:], fast_less_slow[200:], rtol=1e-9, atol=1e-9)
    alpha = 2.0 / (9 + 1)
    assert_same(
        signal[start + 1 :], (signal + alpha * (np.roll(macd, -1) - signal))[start:-1]
    )
    assert_same(histogram, macd - signal)


def test_atr_is_wilders_smoothing_of_the_true_range() -> None:
    assert_same(part("atr", period=_PERIOD), again("wilders", part("tr")))


def test_adx_is_wilders_smoothing_of_dx() -> None:
    assert_same(
        part("adx", period=_PERIOD), again("wilders", part("dx", period=_PERIOD))
    )


def test_adxr_is_the_mean_of_adx_now_and_a_period_ago() -> None:
    adx = part("adx", period=_PERIOD)
    before = np.concatenate((np.full(_PERIOD - 1, np.nan), adx[: -(_PERIOD - 1)]))
    assert_same(part("adxr", period=_PERIOD), 0.5 * (adx + before))


def test_dx_is_the_distance_of_the_directional_indicators_over_their_sum() -> None:
    plus, minus = part("di", "plus"), part("di", "minus")
    assert_same(part("dx"), 100.0 * np.abs(plus - minus) / (plus + minus))


def test_the_aroon_oscillator_is_up_less_down() -> None:
    assert_same(part("aroonosc"), part("aroon", "up") - part("aroon", "down"))


def test_bandwidth_and_percent_b_are_read_off_the_bands() -> None:
    upper, middle, lower = (
        part("bollinger", name) for name in ("upper", "middle", "lower")
    )
    assert_same(part("bollinger_bandwidth"), 100.0 * (upper - lower) / middle)
    assert_same(part("bollinger_percent_b"), (_CLOSE - lower) / (upper - lower))


def test_the_zscore_is_the_distance_from_the_mean_in_standard_deviations() -> None:
    assert_same(part("zscore"), (_CLOSE - part("sma")) / part("stddev"))


def test_the_chandelier_hangs_from_the_extremes_by_average_true_ranges() -> None:
    reach = 3.0 * part("atr", period=22)
    top, bottom = (part("donchian", name, period=22) for name in ("upper", "lower"))
    assert_same(part("chandelier", "long"), top - reach)
    assert_same(part("chandelier", "short"), bottom + reach)


def test_the_smoothed_ease_of_movement_is_the_mean_of_the_plain_one() -> None:
    assert_same(part("emv", period=5), again("sma", part("emv", period=1), 5))


@pytest.mark.parametrize("period", [1, 5])
def test_connors_rsi_is_the_mean_of_its_three_parts(period: int) -> None:
    rank = 20 * period
    streak = [0.0]
    for before, now in pairwise(_CLOSE):
        step = float(np.sign(now - before))
        streak.append(streak[-1] + step if streak[-1] * step > 0.0 else step)
    returns = np.concatenate(([0.0], _CLOSE[1:] / _CLOSE[:-1] - 1.0))
    ranks = [
        100.0 * np.mean(returns[bar - rank : bar] < returns[bar])
        for bar in range(rank + 1, len(_CLOSE))
    ]
    ups = indicator_compute("rsi", {"real": np.array(streak)}, {"period": 2})["value"]
    expected = (part("rsi", period=3) + ups)[rank + 1 :] + ranks
    assert_same(part("connors_rsi", rank_period=rank)[rank + 1 :], expected / 3.0)
