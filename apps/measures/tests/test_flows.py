from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st

from apps.measures.flows import (
    Flow,
    annualised,
    modified_dietz,
    money_weighted,
    time_weighted,
)

growths = st.lists(st.floats(0.5, 2), min_size=1, max_size=12)


def balances(
    begin: float, growth: list[float], flows: list[float]
) -> tuple[list[float], list[float]]:
    """What there is at each moment where flows come at the end of each period."""
    values = [begin]
    for one, flow in zip(growth, flows, strict=True):
        values.append(values[-1] * one + flow)
    return values, [0.0, *flows]


@settings(max_examples=60, deadline=None)
@given(growths, st.data())
def test_the_time_weighted_return_knows_no_flows(
    growth: list[float], data: st.DataObject
) -> None:
    shape = st.lists(st.floats(0, 10_000), min_size=len(growth), max_size=len(growth))
    values, flows = balances(100, growth, data.draw(shape))
    found = time_weighted(values, flows)
    assert found == pytest.approx(math.prod(growth) - 1, rel=1e-9, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(growths)
def test_without_flows_the_money_weighted_return_is_the_time_weighted(
    growth: list[float],
) -> None:
    values, flows = balances(100, growth, [0.0] * len(growth))
    weighted = money_weighted(values[0], values[-1], [], 30)
    assert weighted == pytest.approx(time_weighted(values, flows), rel=1e-9, abs=1e-9)
    assert modified_dietz(values[0], values[-1], [], 30) == pytest.approx(
        weighted, rel=1e-9, abs=1e-9
    )


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-0.9, 5),
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1000)), max_size=8),
)
def test_a_constant_rate_is_found_again_from_the_deposits_that_it_grew(
    rate: float, deposits: list[tuple[float, float]]
) -> None:
    days = 400.0
    flows = [Flow(share * days, amount) for share, amount in deposits]
    end = 1000 * (1 + rate) + sum(
        one.amount * (1 + rate) ** ((days - one.days) / days) for one in flows
    )
    found = money_weighted(1000, end, flows, days)
    assert found == pytest.approx(rate, rel=1e-7, abs=1e-9)


def test_the_money_weighted_return_is_that_of_a_spreadsheet() -> None:
    # Microsoft's own example of XIRR: 0.373362535 a year.
    flows = [Flow(60, -2750), Flow(303, -4250), Flow(411, -3250)]
    found = money_weighted(10_000, 2750, flows, 456)
    assert annualised(found, 456) == pytest.approx(0.373362535, abs=1e-8)


def test_modified_dietz_is_the_gain_over_the_average_capital() -> None:
    # 100, and 50 for half of the time: a gain of 150 on 125.
    assert modified_dietz(100, 300, [Flow(365, 50)], 730) == pytest.approx(1.2)


def test_linked_returns_are_those_worked_out_by_hand() -> None:
    # 100 to 110; 40 come; 150 to 135; 35 leave; 100 to 120: 1.1 * 0.9 * 1.2.
    found = time_weighted([100, 150, 100, 120], [0, 40, -35, 0])
    assert found == pytest.approx(1.1 * 0.9 * 1.2 - 1)


def test_what_is_undefined_is_none_and_never_zero() -> None:
    assert time_weighted([100], [0]) is None
    assert time_weighted([0, 100], [0, 100]) is None
    assert money_weighted(0, 0, [], 10) is None
    assert money_weighted(100, 110, [], 0) is None
    assert modified_dietz(0, 10, [], 10) is None
    assert annualised(0.1, 364) is None
    assert annualised(None, 500) is None


def test_a_total_loss_is_minus_one() -> None:
    assert money_weighted(100, 0, [Flow(5, 50)], 10) == -1.0
    assert annualised(-1.0, 400) == -1.0


def test_more_than_one_rate_is_no_rate() -> None:
    # 100 x² - 230 x + 132 = 0 at x = 1.1 and x = 1.2.
    flows = [Flow(5, -230)]
    assert money_weighted(100, -132, flows, 10) is None


def test_the_scan_is_fine_enough_for_ordinary_returns() -> None:
    for rate in (-0.999, -0.5, -1e-9, 0.0, 1e-9, 0.01, 3.0, 1e6):
        found = money_weighted(1, 1 + rate, [], 7)
        assert found == pytest.approx(rate, rel=1e-9, abs=1e-12)
    rates = [money_weighted(100, end, [Flow(3, 10)], 7) for end in (50, 110, 500)]
    assert all(one < other for one, other in pairwise(map(float, rates)))  # type: ignore[arg-type]
