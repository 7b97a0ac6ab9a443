"""When trades count as equal, and when as near enough."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from apps.analysis.parity.compare import participants_compare
from apps.analysis.parity.contracts import Participant, Tolerance, Verdict
from apps.analysis.tests.sides import (
    Deal,
    bars_flat,
    causes_of,
    deals,
    ground_of,
    side_of,
)

NOTIONAL = 100.0
EXACT = Deal(5, 9, entry_price=100.0, exit_price=110.0, quantity=1.0, fee=0.2)


def verdict_of(changed: Deal, **allowed: float) -> Verdict:
    """Compare the exact trade with a changed one, the same in both orders."""
    ground = ground_of(tolerance=Tolerance(**allowed))
    one, other = side_of("one", EXACT), side_of("other", changed)
    found = {
        participants_compare(*pair, ground).verdict
        for pair in ((one, other), (other, one))
    }
    assert len(found) == 1
    return found.pop()


# --- verdicts


@given(deals())
def test_the_same_trades_agree_in_everything(given: list[Deal]) -> None:
    bars = bars_flat(160)
    one, other = (side_of(name, *given, bars=bars) for name in ("one", "other"))

    found = participants_compare(one, other, ground_of(bars))

    assert found.verdict is Verdict.AGREE
    assert found.causes == {}
    counted = found.agreement
    assert len(given) == counted.paired == counted.entries == counted.exits
    assert len(given) == counted.prices == counted.quantities == counted.fees
    assert len(given) == counted.profits == len(found.matches)


@given(deals(), deals())
def test_a_comparison_is_the_same_seen_from_the_other_side(
    first: list[Deal], second: list[Deal]
) -> None:
    bars = bars_flat(160)
    ground = ground_of(bars)
    one, other = side_of("one", *first, bars=bars), side_of("other", *second, bars=bars)

    here = participants_compare(one, other, ground)
    there = participants_compare(other, one, ground)

    assert here.verdict is there.verdict
    assert here.agreement == there.agreement
    assert (here.only_first, here.only_second) == (there.only_second, there.only_first)
    assert here.profit_difference == pytest.approx(-there.profit_difference)
    assert causes_of(here) == causes_of(there)
    assert here.matches.follows.tolist() == there.matches.follows.tolist()


@pytest.mark.parametrize(
    ("changes", "agrees"),
    [
        ({"entry_price": 100.000_009}, True),
        ({"entry_price": 100.000_011}, False),
        ({"exit_price": 109.999_991}, True),
        ({"exit_price": 109.999_989}, False),
        ({"quantity": 1.000_000_9}, True),
        ({"quantity": 1.000_001_1}, False),
        ({"fee": 0.2 + 0.99e-6 * NOTIONAL}, True),
        ({"fee": 0.2 + 1.01e-6 * NOTIONAL}, False),
        ({"profit": 9.8 - 0.99e-6 * NOTIONAL}, True),
        ({"profit": 9.8 - 1.01e-6 * NOTIONAL}, False),
    ],
    ids=str,
)
def test_noise_of_arithmetic_is_no_difference(
    changes: dict[str, Any], *, agrees: bool
) -> None:
    # The profit is given, so that one figure differs alone.
    changed = replace(replace(EXACT, profit=9.8), **changes)

    nothing = verdict_of(changed, price_ticks=0, quantity_steps=0, profit=0)

    assert (nothing is Verdict.AGREE) is agrees


@pytest.mark.parametrize(
    ("allowed", "inside", "outside"),
    [
        ({"price_ticks": 3}, {"entry_price": 100.03}, {"entry_price": 100.031}),
        ({"price_ticks": 3}, {"exit_price": 109.97}, {"exit_price": 109.969}),
        ({"quantity_steps": 2}, {"quantity": 1.002}, {"quantity": 1.002_1}),
        ({"profit": 1e-3}, {"fee": 0.299}, {"fee": 0.301}),
        ({"profit": 1e-3}, {"profit": 9.701}, {"profit": 9.699}),
        ({"profit": 0}, {"profit": 9.80009}, {"profit": 9.80011}),
    ],
    ids=str,
)
def test_a_tolerance_holds_to_its_last_unit_and_no_further(
    allowed: dict[str, float], inside: dict[str, Any], outside: dict[str, Any]
) -> None:
    nothing: dict[str, Any] = {"price_ticks": 0, "quantity_steps": 0, "profit": 0}
    told = replace(EXACT, profit=9.8)

    near = verdict_of(replace(told, **inside), **nothing | allowed)
    far = verdict_of(replace(told, **outside), **nothing | allowed)

    assert near in {Verdict.AGREE, Verdict.AGREE_WITHIN_TOLERANCE}
    assert (near is Verdict.AGREE) is (allowed == {"profit": 0})
    assert far is Verdict.DIFFER


@pytest.mark.parametrize(
    "changes", [{"exit_price": 113.0}, {"quantity": 1.5}, {"quantity": 0.9}], ids=str
)
def test_profit_and_fees_of_an_allowed_price_or_quantity_are_allowed(
    changes: dict[str, Any],
) -> None:
    changed = replace(EXACT, **changes)
    charged = replace(changed, fee=0.2 * changed.quantity)

    found = verdict_of(charged, price_ticks=300, quantity_steps=500, profit=0)

    assert found is Verdict.AGREE_WITHIN_TOLERANCE


@pytest.mark.parametrize("changes", [{"entry_bar": 4}, {"exit_bar": 10}], ids=str)
def test_another_bar_is_beyond_any_tolerance(changes: dict[str, Any]) -> None:
    changed = replace(EXACT, **changes)

    found = verdict_of(changed, price_ticks=1e6, quantity_steps=1e6, profit=1)

    assert found is Verdict.DIFFER


def test_a_trade_without_a_counterpart_is_beyond_any_tolerance() -> None:
    generous = Tolerance(1e6, 1e6, 1)
    ground = ground_of(tolerance=generous)

    found = participants_compare(side_of("one", EXACT), side_of("other"), ground)

    assert found.verdict is Verdict.DIFFER
    assert (found.only_first, found.only_second) == (1, 0)


def test_nobody_who_trades_agrees_with_nobody_who_trades() -> None:
    found = participants_compare(side_of("one"), side_of("other"), ground_of())

    assert found.verdict is Verdict.AGREE
    assert len(found.matches) == 0


# --- what a list does not say


@pytest.mark.parametrize(
    "unsaid",
    [{"fee": math.nan, "profit": 9.8}, {"profit": math.nan}, {"reason": ""}],
    ids=["fee", "profit", "reason"],
)
def test_what_a_list_does_not_say_is_not_compared(unsaid: dict[str, Any]) -> None:
    listed = replace(EXACT, **unsaid)

    assert verdict_of(listed, price_ticks=0, quantity_steps=0, profit=0) is (
        Verdict.AGREE
    )


def test_a_profit_that_is_not_told_adds_nothing_to_the_difference() -> None:
    engine = side_of("engine", EXACT, replace(EXACT, entry_bar=20, exit_bar=25))
    listed = side_of("list", replace(EXACT, profit=math.nan))

    found = participants_compare(engine, listed, ground_of())

    # What the list does not have is told; what it has without a profit is not.
    assert found.profit_difference == pytest.approx(-9.8)


@pytest.mark.parametrize("known", [True, False])
def test_a_reason_that_is_told_is_compared(*, known: bool) -> None:
    ground = ground_of()
    one = side_of("one", replace(EXACT, reason="stop_loss"))
    other = side_of("other", replace(EXACT, reason="signal" if known else ""))

    found = participants_compare(one, other, ground)

    assert found.agreement.exits == (0 if known else 1)


def test_participants_of_no_signals_and_no_counts_are_compared_by_trades_alone() -> (
    None
):
    bare = Participant("list", side_of("list", EXACT).trades)

    found = participants_compare(side_of("engine", EXACT), bare, ground_of())

    assert found.verdict is Verdict.AGREE
