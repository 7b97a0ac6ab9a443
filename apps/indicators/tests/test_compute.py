"""The one entrance to the functions: what it refuses and what it makes of the rest."""

from __future__ import annotations

import numpy as np
import pytest

from apps.indicators.compute import indicator_compute
from apps.indicators.errors import (
    IndicatorInputInvalid,
    IndicatorNotFound,
    IndicatorParameterInvalid,
)
from apps.indicators.tests.bars import bars_make

_CLOSE = np.array([1.0, 2.0, 3.0, 4.0])


def test_the_free_input_is_the_close_unless_another_series_is_given() -> None:
    params = {"period": 2}
    close = indicator_compute("sma", {"close": _CLOSE}, params)["value"]
    other = indicator_compute("sma", {"close": _CLOSE, "real": 10.0 * _CLOSE}, params)[
        "value"
    ]
    np.testing.assert_array_equal(close, [np.nan, 1.5, 2.5, 3.5])
    np.testing.assert_array_equal(other, 10.0 * close)


def test_whole_numbers_are_taken_and_floats_are_given_back() -> None:
    values = indicator_compute("sma", {"close": np.arange(4)}, {"period": 2})["value"]
    np.testing.assert_array_equal(values, [np.nan, 0.5, 1.5, 2.5])
    assert values.dtype == np.float64


def test_a_view_with_a_stride_is_read_like_any_other_series() -> None:
    spread = np.repeat(_CLOSE, 3)[::3]
    values = indicator_compute("sma", {"close": spread}, {"period": 2})["value"]
    np.testing.assert_array_equal(values, [np.nan, 1.5, 2.5, 3.5])


def test_a_series_of_just_the_warm_up_is_all_blank_and_one_bar_more_is_not() -> None:
    bars = bars_make(seed=5, length=15)
    short = {name: values[:14] for name, values in bars.items()}
    assert np.isnan(indicator_compute("atr", short, {})["value"]).all()
    longer = indicator_compute("atr", bars, {})["value"]
    assert np.isfinite(longer).tolist() == [False] * 14 + [True]


def test_series_that_the_indicator_does_not_read_are_not_looked_at() -> None:
    inputs = {"close": _CLOSE, "volume": np.array([np.nan])}
    assert np.isfinite(
        indicator_compute("mom", inputs, {"period": 1})["value"][1:]
    ).all()


def test_a_missing_series_is_named_together_with_those_given() -> None:
    with pytest.raises(
        IndicatorInputInvalid, match="reads 'high', which is missing; given: close"
    ) as caught:
        indicator_compute("atr", {"close": _CLOSE}, {})
    assert caught.value.code == "indicator_input_invalid"
    assert caught.value.attr == "high"


def test_series_of_different_lengths_are_refused_with_their_lengths() -> None:
    inputs = {"high": _CLOSE, "low": _CLOSE[:3], "close": _CLOSE}
    with pytest.raises(
        IndicatorInputInvalid, match="high has 4, low has 3, close has 4"
    ):
        indicator_compute("atr", inputs, {})


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_no_number_is_refused_with_its_bar(value: float) -> None:
    close = _CLOSE.copy()
    close[2] = value
    with pytest.raises(IndicatorInputInvalid, match=rf"close holds {value} at bar 2"):
        indicator_compute("sma", {"close": close}, {"period": 2})


@pytest.mark.parametrize(
    "values",
    [
        np.ones((2, 2)),
        np.array(5.0),
        np.array([True, False]),
        np.array(["1", "2"]),
        np.array([1j, 2j]),
        np.array([None, 1.0], dtype=object),
        np.array([1, 2], dtype="timedelta64[ns]"),
    ],
    ids=lambda values: f"{values.ndim}d-{values.dtype}",
)
def test_what_is_not_one_row_of_real_numbers_is_refused(
    values: np.ndarray[tuple[int, ...], np.dtype[np.generic]],
) -> None:
    with pytest.raises(IndicatorInputInvalid, match="must be one row of real numbers"):
        indicator_compute("sma", {"close": values}, {"period": 1})


def test_times_that_a_float_has_rounded_are_refused() -> None:
    bars = dict(bars_make(seed=5, length=5))
    bars["time"] = bars["time"].astype(np.float64)
    with pytest.raises(IndicatorInputInvalid, match="whole nanoseconds"):
        indicator_compute("vwap", bars, {})


def test_a_result_too_large_for_a_float_is_refused_not_returned() -> None:
    with pytest.raises(IndicatorInputInvalid, match=r"sum cannot be held .* at bar 1"):
        indicator_compute("sum", {"close": np.full(3, 1.5e308)}, {"period": 2})


def test_an_unknown_indicator_and_a_wrong_parameter_are_refused_as_such() -> None:
    with pytest.raises(IndicatorNotFound):
        indicator_compute("smaa", {"close": _CLOSE}, {})
    with pytest.raises(IndicatorParameterInvalid):
        indicator_compute("sma", {"close": _CLOSE}, {"period": 0})
