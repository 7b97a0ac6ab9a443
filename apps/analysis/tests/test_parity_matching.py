"""Pairing trades: what must be true of any two lists."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given, strategies as st

from apps.analysis.parity.contracts import NOBODY
from apps.analysis.parity.matching import trades_match
from apps.analysis.tests.sides import Deal, bars_flat, deals, trades_of

if TYPE_CHECKING:
    from collections.abc import Iterable

BARS = bars_flat(160)


def match(first: Iterable[Deal], second: Iterable[Deal]) -> list[tuple[int, int]]:
    return trades_match(trades_of(first, BARS), trades_of(second, BARS))


def moved(given: Iterable[Deal], *, entries: int, exits: int) -> list[Deal]:
    return [
        replace(one, entry_bar=one.entry_bar + entries, exit_bar=one.exit_bar + exits)
        for one in given
    ]


def diagonal(size: int) -> list[tuple[int, int]]:
    return [(at, at) for at in range(size)]


# --- any lists


@given(deals(), deals())
def test_every_trade_occurs_exactly_once_and_in_order(
    first: list[Deal], second: list[Deal]
) -> None:
    pairs = match(first, second)

    assert [i for i, _ in pairs if i != NOBODY] == list(range(len(first)))
    assert [j for _, j in pairs if j != NOBODY] == list(range(len(second)))
    assert (NOBODY, NOBODY) not in pairs


@given(deals(), deals())
def test_paired_trades_go_in_one_direction(
    first: list[Deal], second: list[Deal]
) -> None:
    pairs = match(first, second)

    both = [(i, j) for i, j in pairs if NOBODY not in {i, j}]
    assert all(first[i].side == second[j].side for i, j in both)


@given(deals(), deals())
def test_sides_that_change_places_have_the_same_pairs(
    first: list[Deal], second: list[Deal]
) -> None:
    turned = [(i, j) for j, i in match(second, first)]

    assert match(first, second) == turned


@given(deals())
def test_a_list_is_paired_with_itself_trade_by_trade(given: list[Deal]) -> None:
    assert match(given, given) == diagonal(len(given))


@given(deals(apart=1), st.data())
def test_a_trade_that_is_missing_is_the_only_one_alone(
    given: list[Deal], data: st.DataObject
) -> None:
    assume(given)
    missing = data.draw(st.integers(0, len(given) - 1))

    pairs = match(given, given[:missing] + given[missing + 1 :])

    assert [pair for pair in pairs if NOBODY in pair] == [(missing, NOBODY)]


@pytest.mark.parametrize("by", [-1, 1])
@given(given=deals(apart=1))
def test_one_side_a_bar_early_throughout_is_paired_all_the_same(
    given: list[Deal], by: int
) -> None:
    assert match(given, moved(given, entries=by, exits=by)) == diagonal(len(given))


@pytest.mark.parametrize("later", [0, 1, 2])
@given(given=deals(apart=2))
def test_other_exits_leave_the_pairs_as_they_are(given: list[Deal], later: int) -> None:
    longer = [
        replace(one, exit_bar=min(one.exit_bar + later, following.entry_bar))
        for one, following in zip(given, [*given[1:], Deal(159, 159)], strict=False)
    ]

    assert match(given, longer) == diagonal(len(given))


# --- lists by hand


@pytest.mark.parametrize(
    ("first", "second", "pairs"),
    [
        # A bar later, once.
        ([Deal(5, 9), Deal(20, 25)], [Deal(5, 9), Deal(21, 25)], [(0, 0), (1, 1)]),
        # Held at the same time, entered long after.
        ([Deal(5, 20)], [Deal(12, 20)], [(0, 0)]),
        # One after the other on one bar: they only touch.
        ([Deal(5, 12)], [Deal(12, 20)], [(0, NOBODY), (NOBODY, 0)]),
        # The counterpart comes next.
        (
            [Deal(10, 20)],
            [Deal(9, 9), Deal(10, 20)],
            [(NOBODY, 0), (0, 1)],
        ),
        # One long position against several short-lived ones.
        (
            [Deal(10, 90), Deal(95, 99)],
            [Deal(10, 12), Deal(20, 30), Deal(40, 50), Deal(95, 99)],
            [(0, 0), (NOBODY, 1), (NOBODY, 2), (1, 3)],
        ),
        # Opposite directions are never one trade.
        (
            [Deal(10, 20, side=1)],
            [Deal(10, 20, side=-1)],
            [(NOBODY, 0), (0, NOBODY)],
        ),
        ([], [Deal(10, 20)], [(NOBODY, 0)]),
        ([], [], []),
    ],
    ids=[
        "late",
        "overlapping",
        "touching",
        "next",
        "split",
        "opposite",
        "one-empty",
        "both-empty",
    ],
)
def test_these_trades_are_paired_so(
    first: list[Deal], second: list[Deal], pairs: list[tuple[int, int]]
) -> None:
    assert match(first, second) == pairs


def test_stops_on_the_entrys_bar_do_not_confuse_a_shift_by_one_bar() -> None:
    contract = [Deal(5, 5), Deal(6, 6), Deal(7, 7), Deal(8, 12)]
    early = moved(contract, entries=-1, exits=-1)

    assert match(contract, early) == diagonal(4)
