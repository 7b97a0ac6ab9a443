"""The compiled loops: the same as the Python that they are compiled from."""

from __future__ import annotations

import numpy as np
import pytest

from apps.indicators.compute import indicator_compute
from apps.indicators.functions import recursive
from apps.indicators.tests.bars import bars_make

_RANDOM = np.random.default_rng(6)


def test_the_compiled_weighted_average_is_the_plain_one() -> None:
    values, weights = _RANDOM.normal(size=80), _RANDOM.random(80)
    np.testing.assert_allclose(
        recursive._weighted(values, weights), recursive._weighted_loop(values, weights)
    )


def test_the_compiled_fisher_transform_is_the_plain_one_at_its_bounds_too() -> None:
    place = np.concatenate((_RANDOM.random(80), np.ones(20), np.zeros(20)))
    plain = recursive._fisher_loop(place)
    np.testing.assert_allclose(recursive._fisher(place), plain)
    assert np.abs(plain).max() > 3.0


def test_the_compiled_klinger_force_is_the_plain_one() -> None:
    total = np.round(_RANDOM.normal(size=80), 0)
    span = np.abs(np.round(_RANDOM.normal(size=80), 0))
    np.testing.assert_allclose(
        recursive._klinger(total, span), recursive._klinger_loop(total, span)
    )


def test_vidya_never_leaves_the_range_of_its_inputs() -> None:
    # A short volatility far above the long one asks for a weight above one.
    close = np.concatenate((np.full(60, 100.0), [100.0, 180.0, 90.0, 170.0, 95.0]))
    params = {"short": 2, "long": 50, "alpha": 1.0}
    result = indicator_compute("vidya", {"close": close}, params)["value"][49:]
    assert 90.0 <= result.min() <= result.max() <= 180.0


def test_the_fisher_signal_is_the_transform_one_bar_ago() -> None:
    result = indicator_compute("fisher", bars_make(seed=2, length=60), {})
    np.testing.assert_array_equal(result["signal"][10:], result["fisher"][9:-1])


@pytest.mark.parametrize("rising", [True, False])
def test_the_klinger_force_has_the_sign_of_the_trend(rising: bool) -> None:  # noqa: FBT001 - a case
    total = np.cumsum(np.full(10, 1.0 if rising else -1.0))
    force = recursive._klinger(total, np.ones(10))
    assert (np.sign(force[1:]) == (1.0 if rising else -1.0)).all()
