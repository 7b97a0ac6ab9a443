from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings, strategies as st

from apps.measures.sizing import (
    fixed_fraction,
    kelly_of_bets,
    kelly_of_returns,
    step_floor,
    volatility_target,
)

amounts = st.decimals("0.000001", "1000000000", places=6)


def test_a_fixed_fraction_is_lost_at_the_stop() -> None:
    # 1 % of 100,000 is 1,000; 2 are lost on each unit.
    found = fixed_fraction(
        equity=Decimal(100_000),
        fraction=Decimal("0.01"),
        entry=Decimal(50),
        stop=Decimal(48),
    )
    assert found == 500


def test_a_distance_of_many_digits_is_taken_whole() -> None:
    distance = Decimal("123456789012345678.123456789012345678")

    found = fixed_fraction(
        equity=distance, fraction=Decimal(1), entry=Decimal(0), stop=distance
    )

    assert found == 1


def test_half_the_volatility_that_is_wanted_takes_twice_the_equity() -> None:
    found = volatility_target(
        equity=Decimal(10_000),
        target=Decimal("0.2"),
        volatility=Decimal("0.8"),
        price=Decimal(50_000),
    )
    assert found == Decimal("0.05")


def test_kelly_is_that_of_an_even_bet() -> None:
    # Thorp (2006), section 2: p - q.
    assert kelly_of_bets(win_rate=Decimal("0.53"), payoff=Decimal(1)) == Decimal("0.06")
    assert kelly_of_bets(win_rate=Decimal("0.4"), payoff=Decimal(1)) < 0
    assert kelly_of_bets(win_rate=Decimal(1), payoff=Decimal(3)) == 1


def test_kelly_of_returns_is_the_mean_over_the_variance() -> None:
    # Thorp (2006), section 7: the S&P 500 at 11 %, 6 % riskless, 15 % deviation.
    found = kelly_of_returns(mean=Decimal("0.05"), variance=Decimal("0.0225"))
    assert float(found) == pytest.approx(2.2222, abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(amounts, amounts)
def test_a_quantity_is_brought_down_to_a_whole_number_of_steps(
    quantity: Decimal, step: Decimal
) -> None:
    found = step_floor(quantity, step)
    assert 0 <= quantity - found < step
    assert found % step == 0 if found < step * 10**20 else True


@settings(max_examples=60, deadline=None)
@given(amounts, st.decimals("0.0001", "1", places=4), amounts, amounts)
def test_never_more_than_the_fraction_is_lost(
    equity: Decimal, fraction: Decimal, entry: Decimal, stop: Decimal
) -> None:
    if entry == stop:
        return
    quantity = fixed_fraction(equity=equity, fraction=fraction, entry=entry, stop=stop)
    assert quantity * abs(entry - stop) <= equity * fraction * (1 + Decimal("1e-25"))
