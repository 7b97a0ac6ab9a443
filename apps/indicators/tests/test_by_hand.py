"""Indicators against figures worked out by hand or bar by bar in plain Python."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from apps.indicators.compute import indicator_compute
from apps.indicators.tests.bars import HOUR, bars_make

if TYPE_CHECKING:
    from apps.indicators.contracts import FloatArray

_BARS = bars_make(seed=4, length=300)
_OPEN, _HIGH, _LOW, _CLOSE, _VOLUME = (
    _BARS[name].astype(np.float64)
    for name in ("open", "high", "low", "close", "volume")
)


def values(name: str, output: str = "value", **params: float) -> FloatArray:
    return indicator_compute(name, _BARS, params)[output]


def test_supertrend_is_the_band_that_only_tightens_until_the_close_breaks_it() -> None:
    period, multiplier = 7, 2.0
    reach = multiplier * values("atr", period=period)
    middle = 0.5 * (_HIGH + _LOW)
    upper, lower, side = (
        middle[period] + reach[period],
        middle[period] - reach[period],
        1.0,
    )
    lines, sides = [lower], [side]
    for bar in range(period + 1, len(_CLOSE)):
        high, low = middle[bar] + reach[bar], middle[bar] - reach[bar]
        upper = high if high < upper or _CLOSE[bar - 1] > upper else upper
        lower = low if low > lower or _CLOSE[bar - 1] < lower else lower
        broken = _CLOSE[bar] < lower if side > 0.0 else _CLOSE[bar] > upper
        side = -side if broken else side
        lines.append(lower if side > 0.0 else upper)
        sides.append(side)
    assert {-1.0, 1.0} == set(sides)
    params = {"period": period, "multiplier": multiplier}
    np.testing.assert_allclose(values("supertrend", "line", **params)[period:], lines)
    np.testing.assert_array_equal(
        values("supertrend", "direction", **params)[period:], sides
    )


def test_ichimoku_draws_the_cloud_of_26_bars_ago_and_no_line_from_the_future() -> None:
    lines = indicator_compute("ichimoku", _BARS, {})
    assert list(lines) == ["tenkan", "kijun", "senkou_a", "senkou_b"]

    def middle(stop: int, period: int) -> float:
        window = slice(stop - period + 1, stop + 1)
        return float(_HIGH[window].max() + _LOW[window].min()) / 2.0

    for bar in (77, 150, 299):
        past = bar - 26
        assert lines["tenkan"][bar] == pytest.approx(middle(bar, 9))
        assert lines["kijun"][bar] == pytest.approx(middle(bar, 26))
        cloud = (middle(past, 9) + middle(past, 26)) / 2.0
        assert lines["senkou_a"][bar] == pytest.approx(cloud)
        assert lines["senkou_b"][bar] == pytest.approx(middle(past, 52))


def test_a_heikin_ashi_bar_opens_in_the_middle_of_the_body_before() -> None:
    bars = indicator_compute("heikin_ashi", _BARS, {})
    close = (_OPEN + _HIGH + _LOW + _CLOSE) / 4.0
    opened = [(_OPEN[0] + _CLOSE[0]) / 2.0]
    for bar in range(1, len(close)):
        opened.append((opened[-1] + close[bar - 1]) / 2.0)
    np.testing.assert_allclose(bars["open"], opened)
    np.testing.assert_allclose(bars["close"], close)
    body = np.array([opened, close])
    np.testing.assert_allclose(bars["high"], np.maximum(_HIGH, body.max(axis=0)))
    np.testing.assert_allclose(bars["low"], np.minimum(_LOW, body.min(axis=0)))
    np.testing.assert_allclose(values("heikin_ashi_close"), close)


def test_vwap_begins_again_at_each_utc_midnight() -> None:
    price = np.array([10.0, 20.0, 30.0, 50.0])
    midnight = 1_704_153_600_000_000_000
    series = {
        "time": midnight + HOUR * np.array([-2, -1, 0, 1]),
        "high": price,
        "low": price,
        "close": price,
        "volume": np.array([1.0, 3.0, 2.0, 2.0]),
    }
    result = indicator_compute("vwap", series, {})["value"]
    np.testing.assert_allclose(result, [10.0, 17.5, 30.0, 40.0])


def test_vwap_is_the_typical_price_until_the_session_has_traded() -> None:
    price = np.array([10.0, 20.0, 40.0])
    series = {
        "time": HOUR * np.arange(3),
        "high": price + 3.0,
        "low": price,
        "close": price,
        "volume": np.array([0.0, 0.0, 5.0]),
    }
    result = indicator_compute("vwap", series, {})["value"]
    np.testing.assert_allclose(result, [11.0, 21.0, 41.0])


def test_the_vwma_of_untraded_bars_is_their_plain_average() -> None:
    # The heavy trading before leaves no residue in the window's sums.
    price = np.array([3.0, 7.0, 1.0, 2.0, 6.0, 4.0])
    volume = np.array([1e9 / 7.0, 1e9 / 3.0, 0.0, 0.0, 0.0, 0.0])
    series = {"close": price, "volume": volume}
    result = indicator_compute("vwma", series, {"period": 3})["value"]
    np.testing.assert_array_equal(result[4:], [3.0, 4.0])


def test_the_rolling_vwap_weighs_the_typical_price() -> None:
    typical = (_HIGH + _LOW + _CLOSE) / 3.0
    window = slice(90, 100)
    expected = np.average(typical[window], weights=_VOLUME[window])
    assert values("vwap_rolling", period=10)[99] == pytest.approx(expected)


def test_choppiness_is_100_in_a_range_that_goes_nowhere_and_0_in_a_straight_line() -> (
    None
):
    # Every bar spans the whole range: the path is `period` times as long as the range.
    length = 40
    series = {
        "high": np.full(length, 11.0),
        "low": np.full(length, 9.0),
        "close": np.full(length, 10.0),
    }
    flat = indicator_compute("choppiness", series, {})["value"]
    assert flat[-1] == pytest.approx(100.0)
    line = np.arange(1.0, 1.0 + length)
    straight = {"high": line + 1.0, "low": line, "close": line + 1.0}
    trend = indicator_compute("choppiness", straight, {})["value"]
    assert trend[-1] == pytest.approx(0.0)


@pytest.mark.parametrize("name", ["parkinson", "garman_klass", "volatility"])
def test_the_volatility_estimators_find_the_volatility_of_a_random_walk(
    name: str,
) -> None:
    # 500 bars of 400 steps each; a year of 365 bars moves by 80 percent.
    random = np.random.default_rng(8)
    steps = random.normal(0.0, 0.8 / math.sqrt(365 * 400), (500, 400))
    path = np.exp(np.cumsum(steps)).reshape(500, 400)
    opened = np.concatenate(([1.0], path[:-1, -1]))
    series = {
        "open": opened,
        "high": np.maximum(path.max(axis=1), opened),
        "low": np.minimum(path.min(axis=1), opened),
        "close": path[:, -1],
    }
    found = indicator_compute(name, series, {"period": 499})["value"][-1]
    assert found == pytest.approx(0.8, rel=0.08)


def test_the_ulcer_index_counts_the_depth_of_drawdowns_only() -> None:
    series = {"close": np.array([100.0, 110.0, 99.0, 88.0])}
    result = indicator_compute("ulcer", series, {"period": 2})["value"]
    # Against the higher of two closes: 0, then 10 percent, then 11.1 percent.
    expected = [math.sqrt(100.0 / 2.0), math.sqrt((100.0 + (100.0 / 9.0) ** 2) / 2.0)]
    np.testing.assert_allclose(result, [np.nan, np.nan, *expected])


def test_alma_at_the_newest_bar_with_a_narrow_bell_is_the_price_itself() -> None:
    found = values("alma", period=9, offset=1.0, sigma=100.0)
    np.testing.assert_allclose(found[8:], _CLOSE[8:], rtol=1e-12)


def test_alma_weighs_by_a_bell_around_its_offset() -> None:
    centre, width = 0.85 * 8, 9 / 6.0
    weights = [math.exp(-(((bar - centre) / width) ** 2) / 2.0) for bar in range(9)]
    expected = np.average(_CLOSE[91:100], weights=weights)
    assert values("alma")[99] == pytest.approx(expected, rel=1e-12)


def test_tsi_is_twice_smoothed_change_over_its_size() -> None:
    def smooth(series: FloatArray, period: int) -> FloatArray:
        result = indicator_compute("ema", {"real": series}, {"period": period})
        return result["value"][period - 1 :]

    change = np.diff(_CLOSE)
    way, path = (smooth(smooth(steps, 25), 13) for steps in (change, np.abs(change)))
    np.testing.assert_allclose(values("tsi")[37:], 100.0 * way / path, rtol=1e-9)


def test_the_sine_wave_of_a_pure_cycle_is_that_cycle() -> None:
    bars = np.arange(100)
    cycle = np.sin(2.0 * np.pi * bars / 20.0)
    sine = indicator_compute("msw", {"close": 50.0 + cycle}, {"period": 20})["sine"]
    np.testing.assert_allclose(sine[19:], cycle[19:], atol=1e-9)


def test_log_returns_add_up() -> None:
    single = values("log_return", period=1)
    fivefold = values("log_return", period=5)
    sums = indicator_compute("sum", {"real": single[1:]}, {"period": 5})["value"]
    np.testing.assert_allclose(fivefold[5:], sums[4:], atol=1e-12)
