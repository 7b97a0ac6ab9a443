"""What every indicator of the catalogue promises, held against each of them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from apps.indicators.catalogue import indicator_list, parameters_resolve
from apps.indicators.compute import indicator_compute
from apps.indicators.tests.bars import bars_make, cut, flat_make, joined, scaled
from apps.indicators.tests.parameters import any_parameters, largest, smallest

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.indicators.contracts import FloatArray, IndicatorSpec
    from apps.indicators.tests.bars import Series

LENGTH = 160
EXAMPLES = 6

every_indicator = pytest.mark.parametrize(
    "spec", indicator_list(), ids=lambda spec: spec.name
)
few_examples = settings(max_examples=EXAMPLES, deadline=None)
seeds = st.integers(0, 2**32 - 1)


def market(seed: int, length: int = LENGTH) -> Series:
    return bars_make(seed=seed, length=length, quiet=0.25, untraded=0.25)


def assert_close(actual: FloatArray, expected: FloatArray) -> None:
    """Within a billionth of the value, or of the largest value of the series."""
    size = float(np.nanmax(np.abs(expected), initial=0.0))
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-9 * size)


def assert_warm(spec: IndicatorSpec, values: FloatArray, warmup: int) -> None:
    blank = min(warmup, len(values))
    assert np.isnan(values[:blank]).all(), f"{spec.name} has a value in its warm-up"
    assert np.isfinite(values[blank:]).all(), f"{spec.name} has a hole after it"


@every_indicator
@given(seed=seeds, stop=st.integers(0, LENGTH), data=st.data())
@few_examples
def test_cutting_off_the_future_never_changes_the_past(
    spec: IndicatorSpec, seed: int, stop: int, data: st.DataObject
) -> None:
    series, params = market(seed), data.draw(any_parameters(spec))
    whole = indicator_compute(spec.name, series, params)
    known = indicator_compute(spec.name, cut(series, stop), params)
    for name, values in known.items():
        assert_close(values, whole[name][:stop])


@every_indicator
@given(seed=seeds, length=st.integers(0, LENGTH), data=st.data())
@few_examples
def test_values_are_blank_for_exactly_the_warm_up_and_finite_after_it(
    spec: IndicatorSpec, seed: int, length: int, data: st.DataObject
) -> None:
    params = data.draw(any_parameters(spec))
    warmup = spec.warmup(parameters_resolve(spec, params))
    outputs = indicator_compute(spec.name, market(seed, length), params)
    assert list(outputs) == [output.name for output in spec.outputs]
    for values in outputs.values():
        assert values.shape == (length,)
        assert values.dtype == np.float64
        assert_warm(spec, values, warmup)


@every_indicator
@given(
    seed=seeds, price=st.integers(-40, 20), volume=st.integers(-20, 20), data=st.data()
)
@few_examples
def test_an_output_follows_the_units_of_its_inputs_as_its_scaling_says(
    spec: IndicatorSpec, seed: int, price: int, volume: int, data: st.DataObject
) -> None:
    # Powers of two change no digit, so that no comparison may turn out otherwise; the
    # smallest makes a price of 100 into one of 1e-10, as the cheapest coins have.
    units = {"price": 2.0**price, "volume": 2.0**volume}
    series, params = market(seed), data.draw(any_parameters(spec))
    before = indicator_compute(spec.name, series, params)
    after = indicator_compute(spec.name, scaled(series, **units), params)
    for output in spec.outputs:
        power = output.scaling
        factor = (
            units["price"] ** power.price_power * units["volume"] ** power.volume_power
        )
        assert_close(after[output.name] / factor, before[output.name])


@every_indicator
def test_inputs_are_not_written_to_and_outputs_share_no_memory_with_them(
    spec: IndicatorSpec,
) -> None:
    frozen = market(seed=17)
    series = {name: values.copy() for name, values in frozen.items()}
    outputs = indicator_compute(spec.name, series, smallest(spec))
    for name, values in series.items():
        np.testing.assert_array_equal(values, frozen[name])
        assert not any(np.shares_memory(values, made) for made in outputs.values())


@every_indicator
@given(price=st.floats(1e-9, 1e6), volume=st.sampled_from([0.0, 7.25]), data=st.data())
@few_examples
def test_a_market_that_never_moves_has_finite_values(
    spec: IndicatorSpec, price: float, volume: float, data: st.DataObject
) -> None:
    params = data.draw(any_parameters(spec))
    warmup = spec.warmup(parameters_resolve(spec, params))
    still = flat_make(length=LENGTH, price=price, volume=volume)
    for values in indicator_compute(spec.name, still, params).values():
        assert_warm(spec, values, warmup)


@every_indicator
@given(seed=seeds, data=st.data())
@few_examples
def test_a_market_that_dies_keeps_finite_values(
    spec: IndicatorSpec, seed: int, data: st.DataObject
) -> None:
    params = data.draw(any_parameters(spec))
    warmup = spec.warmup(parameters_resolve(spec, params))
    alive = market(seed, 60)
    dead = flat_make(length=100, price=float(alive["close"][-1]))
    for values in indicator_compute(spec.name, joined(alive, dead), params).values():
        assert_warm(spec, values, warmup)


@every_indicator
@pytest.mark.parametrize("choose", [smallest, largest])
def test_the_smallest_and_the_largest_parameters_work(
    spec: IndicatorSpec, choose: Callable[[IndicatorSpec], dict[str, float]]
) -> None:
    params = choose(spec)
    warmup = spec.warmup(parameters_resolve(spec, params))
    series = bars_make(seed=11, length=warmup + 20)
    for values in indicator_compute(spec.name, series, params).values():
        assert_warm(spec, values, warmup)


@every_indicator
def test_no_bars_give_no_values(spec: IndicatorSpec) -> None:
    outputs = indicator_compute(spec.name, bars_make(seed=1, length=0), {})
    assert [len(values) for values in outputs.values()] == [0] * len(spec.outputs)


@every_indicator
@given(seed=seeds, data=st.data())
@few_examples
def test_the_declared_warm_up_is_the_one_that_the_code_has(
    spec: IndicatorSpec, seed: int, data: st.DataObject
) -> None:
    # Asked of the function itself: `indicator_compute` blanks what is declared.
    params = parameters_resolve(spec, data.draw(any_parameters(spec)))
    module, _, name = spec.function.partition(":")
    series = bars_make(seed=seed, length=LENGTH)
    inputs = [series["close" if name == "real" else name] for name in spec.inputs]
    result = getattr(import_module(module), name)(*inputs, **params)
    outputs = result if isinstance(result, tuple) else (result,)
    blanks = [int(np.isnan(values).sum()) for values in outputs]
    assert max(blanks) == spec.warmup(params)
