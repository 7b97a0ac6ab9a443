"""What indicators answer where a denominator is empty: no range, no trade, no change."""

from __future__ import annotations

import numpy as np
import pytest

from apps.indicators.compute import indicator_compute
from apps.indicators.tests.bars import bars_make, flat_make, joined


@pytest.mark.parametrize(
    ("name", "output", "neutral"),
    [
        ("rsi", "value", 50.0),
        ("stoch", "k", 50.0),
        ("stoch", "d", 50.0),
        ("stochrsi", "value", 50.0),
        ("willr", "value", -50.0),
        ("mfi", "value", 50.0),
        ("ultosc", "value", 50.0),
        ("cci", "value", 0.0),
        ("cmo", "value", 0.0),
        ("cmf", "value", 0.0),
        ("zscore", "value", 0.0),
        ("bollinger_percent_b", "value", 0.5),
        ("fisher", "fisher", 0.0),
        ("msw", "sine", 0.0),
        ("bop", "value", 0.0),
        ("vhf", "value", 0.0),
        ("efficiency_ratio", "value", 0.0),
        ("adx", "value", 0.0),
        ("choppiness", "value", 100.0),
        ("mass", "value", 25.0),
        ("rocr", "value", 1.0),
        ("roc", "value", 0.0),
        ("vosc", "value", 0.0),
        ("pvo", "value", 0.0),
        ("kvo", "value", 0.0),
        ("emv", "value", 0.0),
        ("nvi", "value", 1000.0),
    ],
)
def test_where_there_is_nothing_to_measure_the_answer_is_neutral(
    name: str, output: str, neutral: float
) -> None:
    result = indicator_compute(name, flat_make(length=120), {})[output]
    np.testing.assert_allclose(result[np.isfinite(result)], neutral, atol=1e-12)
    assert np.isfinite(result[-1])


@pytest.mark.parametrize("name", ["vwma", "vwap_rolling", "cmf", "mfi", "vosc", "emv"])
def test_trading_that_has_left_the_window_leaves_nothing_behind(name: str) -> None:
    busy = bars_make(seed=4, length=300)
    quiet = flat_make(length=60, price=float(busy["close"][-1]))
    after = indicator_compute(name, joined(busy, quiet), {})["value"]
    alone = indicator_compute(name, quiet, {})["value"]
    np.testing.assert_allclose(after[-20:], alone[-20:], rtol=1e-12)
