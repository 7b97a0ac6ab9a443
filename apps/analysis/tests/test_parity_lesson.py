"""What an engine's defaults cost, by cause."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from apps.analysis.parity.compare import participants_compare
from apps.analysis.parity.lesson import lesson_make
from apps.analysis.tests.sides import Deal, bars_flat, deals, ground_of, side_of

if TYPE_CHECKING:
    from apps.analysis.parity.lesson import Lesson

BARS = bars_flat(160)


def lesson_of(exact: list[Deal], native: list[Deal]) -> Lesson:
    sides = (
        side_of("engine (exact)", *exact, bars=BARS),
        side_of("engine", *native, bars=BARS),
    )
    comparison = participants_compare(*sides, ground_of(BARS))
    return lesson_make(comparison, *sides)


@given(deals(), deals())
def test_the_causes_add_up_to_the_whole_difference(
    exact: list[Deal], native: list[Deal]
) -> None:
    lesson = lesson_of(exact, native)

    difference = lesson.native_profit - lesson.exact_profit
    assert sum(cost.profit for cost in lesson.costs) == pytest.approx(
        # What is within the noise of arithmetic has no cause.
        difference,
        abs=1e-6 * 250 * max(len(exact), 1),
    )
    assert (lesson.exact_trades, lesson.native_trades) == (len(exact), len(native))


@given(deals(), deals())
def test_what_costs_most_comes_first(exact: list[Deal], native: list[Deal]) -> None:
    sizes = [abs(cost.profit) for cost in lesson_of(exact, native).costs]

    assert sizes == sorted(sizes, reverse=True)


def test_each_cause_says_how_many_trades_what_they_add_and_an_example() -> None:
    exact = [Deal(bar, bar + 5, exit_price=100.0) for bar in (10, 20, 30)]
    dearer = [replace(one, entry_price=103.0) for one in exact[:2]]

    lesson = lesson_of(exact, [*dearer, exact[2]])

    (cost,) = lesson.costs
    assert (cost.cause, cost.trades) == ("fill_price", 2)
    assert cost.profit == pytest.approx(-6)
    assert "engine entered within bar 10" in cost.example


def test_defaults_that_change_nothing_cost_nothing() -> None:
    assert lesson_of([Deal(10, 15)], [Deal(10, 15)]).costs == ()
