"""The place where two sides part first: which row, which bar, which bars around."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from apps.analysis.parity.around import MOST_BARS, divergence_find
from apps.analysis.parity.compare import participants_compare
from apps.analysis.parity.contracts import Cause
from apps.analysis.tests.sides import (
    Deal,
    bars_flat,
    deals,
    ground_of,
    side_of,
    signals_of,
)

if TYPE_CHECKING:
    from apps.analysis.parity.around import Divergence
    from apps.analysis.parity.contracts import Participant
    from apps.engines.contracts import Bars

BARS = bars_flat(160)
FIRST = Deal(10, 20, exit_price=100.0)
SECOND = Deal(30, 35, exit_price=100.0)


def part(one: Participant, other: Participant, bars: Bars = BARS) -> Divergence | None:
    ground = ground_of(bars)
    return divergence_find(
        participants_compare(one, other, ground), (one, other), ground
    )


def parted(first: list[Deal], second: list[Deal], **known: Any) -> Divergence:
    sides = [
        side_of(name, *rows, bars=BARS, **known)
        for name, rows in (("one", first), ("other", second))
    ]
    found = part(sides[0], sides[1])
    assert found is not None
    return found


# --- which row


def test_who_agrees_does_not_part() -> None:
    assert part(side_of("one", FIRST), side_of("other", FIRST)) is None


def test_the_first_row_beyond_the_tolerance_counts_before_a_rounded_one() -> None:
    rounded = replace(FIRST, exit_price=100.01)
    dearer = replace(SECOND, entry_price=105.0)

    found = parted([FIRST, SECOND], [rounded, dearer])

    assert (found.row, found.cause) == (1, Cause.FILL_PRICE)


def test_where_all_is_within_tolerance_the_first_row_that_differs_counts() -> None:
    rounded = [replace(one, exit_price=100.01) for one in (FIRST, SECOND)]

    found = parted([FIRST, SECOND], rounded)

    assert (found.row, found.cause) == (0, Cause.ROUNDING)


# --- which bar


@pytest.mark.parametrize(
    ("changes", "bar"),
    [
        ({"entry_bar": 9}, 9),
        ({"entry_bar": 11}, 10),
        ({"entry_price": 103.0}, 10),
        ({"quantity": 3.0}, 10),
        ({"exit_bar": 18}, 18),
        ({"exit_bar": 22}, 20),
        ({"exit_price": 90.0}, 20),
        ({"fee": 5.0}, 20),
        # Less than the tick's own noise, as a list's figures may be.
        ({"entry_price": 100.000_001, "exit_bar": 18}, 18),
    ],
    ids=str,
)
def test_they_part_on_the_first_bar_where_they_did_not_do_the_same(
    changes: dict[str, Any], bar: int
) -> None:
    assert parted([FIRST], [replace(FIRST, **changes)]).bar == bar


@pytest.mark.parametrize("lists", [([FIRST], []), ([], [FIRST])])
def test_they_part_where_only_one_enters(lists: tuple[list[Deal], list[Deal]]) -> None:
    found = parted(*lists)

    assert found.bar == 10
    assert sorted(trade is None for trade in found.sides.values()) == [False, True]


# --- which bars around


@given(deals(), deals())
def test_the_bars_around_are_few_in_order_and_hold_every_fill(
    first: list[Deal], second: list[Deal]
) -> None:
    one, other = side_of("one", *first, bars=BARS), side_of("other", *second, bars=BARS)

    found = part(one, other)

    if found is None:
        assert len(first) == len(second)
        return
    shown = [bar["bar"] for bar in found.bars]
    assert shown == sorted(set(shown))
    assert len(shown) <= MOST_BARS + 8
    trades = [trade for trade in found.sides.values() if trade]
    assert {trade["entry_bar"] for trade in trades} <= set(shown)
    assert {trade["exit_bar"] for trade in trades} <= set(shown)


@pytest.mark.parametrize(
    ("deal", "shown"),
    [
        (Deal(0, 1), [*range(5)]),
        (Deal(158, 159), [*range(154, 160)]),
        # Long held: the bars in its middle tell nothing.
        (Deal(10, 100), [*range(6, 14), *range(96, 104)]),
    ],
)
def test_only_bars_that_there_are_and_that_tell_are_shown(
    deal: Deal, shown: list[int]
) -> None:
    found = parted([deal], [])

    assert [bar["bar"] for bar in found.bars] == shown


def test_each_bar_says_what_each_side_wanted_and_did_on_it() -> None:
    short = Deal(10, 15, exit_price=99.0, reason="take_profit", side=-1)
    one = side_of("one", FIRST, signals=signals_of([9, 12], [19], size=160))
    other = side_of("other", short)

    found = part(one, other)

    assert found is not None
    told = {
        bar["bar"]: said for bar in found.bars for said in [bar["sides"]] if any(said)
    }
    assert told[9] == {"one": ["wants to enter long"], "other": []}
    # The short is nobody's trade but the other's: a row of its own, which comes first.
    assert told[10] == {"one": [], "other": ["enters short at 100"]}
    assert told[15] == {"one": [], "other": ["leaves at 99 (take profit)"]}


def test_what_a_list_does_not_say_is_null_there() -> None:
    listed = replace(FIRST, fee=math.nan, profit=math.nan, reason="", exit_bar=18)

    found = parted([FIRST], [listed])

    trade = found.sides["other"]
    assert trade is not None
    assert (trade["fees"], trade["profit"]) == (None, None)
    assert trade["exit_reason"] == "unknown"
    assert ["leaves at 100 (unknown)"] in [bar["sides"]["other"] for bar in found.bars]


def test_a_divergence_names_bars_by_their_open_time() -> None:
    found = parted([FIRST], [])

    trade = found.sides["one"]
    assert trade is not None
    assert trade["entry_time"] == "1970-01-01T11:00:00.000000Z"
    assert found.bars[0]["time"] == "1970-01-01T07:00:00.000000Z"
