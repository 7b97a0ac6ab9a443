"""Ticks and steps: what is on the grid stays there, to the last bit."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import pytest
from hypothesis import assume, given, strategies as st

from apps.engines.grid import ceil_units, floor_units, grid_of, on_grid, round_units

STEPS = st.sampled_from(
    [Decimal(text) for text in ("0.01", "0.00001", "0.5", "0.25", "1", "5", "1E-8")]
)


@given(step=STEPS, units=st.integers(0, 10**9))
def test_a_multiple_of_the_step_is_the_float_of_its_decimal(
    step: Decimal, units: int
) -> None:
    grid = grid_of(step)
    value = on_grid(float(units), grid.numerator, grid.scale)
    assert value == float(units * step)


@given(step=STEPS, units=st.integers(1, 10**9))
def test_what_is_on_the_grid_is_not_moved(step: Decimal, units: int) -> None:
    grid = grid_of(step)
    value = float(units * step)
    for rounding in (floor_units, ceil_units, round_units):
        assert rounding(value, grid.numerator, grid.scale) == units


@given(
    step=STEPS,
    value=st.decimals(min_value="0.001", max_value="100000", places=12),
)
def test_rounding_agrees_with_decimal_arithmetic(step: Decimal, value: Decimal) -> None:
    grid = grid_of(step)
    exact = value / step
    nearest = exact.to_integral_value()
    told_apart = Decimal("1e-6") + exact * Decimal("1e-13")
    # Closer to the grid than float64 is asked to tell.
    assume(exact == nearest or abs(exact - nearest) > told_apart)
    found = float(value)
    assert floor_units(found, grid.numerator, grid.scale) == int(
        exact.to_integral_value(ROUND_FLOOR)
    )
    assert ceil_units(found, grid.numerator, grid.scale) == int(
        exact.to_integral_value(ROUND_CEILING)
    )


@pytest.mark.parametrize("step", ["0", "-0.01", "NaN", "Infinity"])
def test_a_step_that_is_no_step_is_refused(step: str) -> None:
    with pytest.raises(ValueError, match="positive"):
        grid_of(Decimal(step))
