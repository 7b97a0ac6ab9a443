"""One difference leads to the next: what follows is told apart from what is new."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from apps.analysis.parity.compare import participants_compare
from apps.analysis.parity.contracts import NOBODY, Cause
from apps.analysis.tests.sides import (
    Deal,
    bars_flat,
    causes_of,
    deals,
    ground_of,
    side_of,
    signals_of,
)
from apps.engines.contracts import Protection, Sizing, SizingKind

if TYPE_CHECKING:
    from apps.analysis.parity.contracts import Comparison

SIGNALS = signals_of([9, 15, 19, 29], [24, 34])
STOP = Protection(stop_loss=0.05)
WIDE = bars_flat(b12=(100.0, 108.0, 92.0, 101.0))
HOLDS = Deal(10, 25, exit_price=100.0)
STOPPED = Deal(10, 12, exit_price=95.0, reason="stop_loss")
AGAIN = Deal(16, 18, exit_price=95.0, reason="stop_loss")
THIRD = Deal(20, 25, exit_price=100.0)
LAST = Deal(30, 35, exit_price=100.0)


def compare(
    first: list[Deal], second: list[Deal], *, turned: bool = False, **ground: Any
) -> Comparison:
    sides = [
        side_of(name, *rows, signals=SIGNALS)
        for name, rows in (("first", first), ("second", second))
    ]
    first_side, second_side = sides[::-1] if turned else sides
    changes: dict[str, Any] = {"bars": WIDE, "protection": STOP} | ground
    return participants_compare(first_side, second_side, ground_of(**changes))


@pytest.mark.parametrize("turned", [False, True])
def test_trades_while_the_other_still_holds_follow_from_its_exit(
    *, turned: bool
) -> None:
    found = compare([HOLDS, LAST], [STOPPED, AGAIN, THIRD, LAST], turned=turned)

    assert causes_of(found) == [Cause.INTRABAR_ORDER] * 3 + [None]
    assert found.matches.follows.tolist() == [False, True, True, False]
    assert "first still holds an earlier position" in found.matches.detail[1]


@pytest.mark.parametrize("turned", [False, True])
def test_an_entry_that_waits_for_an_earlier_exit_follows_from_that(
    *, turned: bool
) -> None:
    holds = replace(HOLDS, exit_bar=18)

    found = compare(
        [holds, THIRD, LAST],
        [STOPPED, Deal(16, 25, exit_price=100.0), LAST],
        turned=turned,
    )

    assert causes_of(found) == [Cause.INTRABAR_ORDER, Cause.INTRABAR_ORDER, None]
    assert found.matches.follows.tolist() == [False, True, False]


def test_a_difference_after_all_are_flat_again_is_new() -> None:
    cheaper = replace(LAST, entry_price=99.5)

    found = compare([HOLDS, LAST], [STOPPED, cheaper])

    assert causes_of(found) == [Cause.INTRABAR_ORDER, Cause.FILL_PRICE]
    assert not found.matches.follows.any()


def test_an_entry_on_the_bar_of_the_others_exit_follows_from_its_later_exit() -> None:
    # The second left earlier, so that it could enter where the first is still leaving.
    found = compare(
        [replace(HOLDS, exit_bar=20)],
        [STOPPED, THIRD],
    )

    assert causes_of(found) == [Cause.INTRABAR_ORDER, Cause.INTRABAR_ORDER]
    assert found.matches.follows.tolist() == [False, True]


def test_a_second_entry_on_the_bar_of_an_equal_exit_follows_from_nothing() -> None:
    dearer = replace(STOPPED, fee=0.5)

    found = compare([dearer], [STOPPED, Deal(12, 15, exit_price=100.0)])

    assert causes_of(found) == [Cause.FEE, Cause.INTRABAR_ORDER]
    assert not found.matches.follows.any()


def test_an_equal_trade_before_explains_nothing() -> None:
    # Two lists of positions at the same time, as they cannot be in an engine.
    found = compare([HOLDS], [HOLDS, AGAIN])

    assert causes_of(found) == [None, Cause.SIZING]
    assert not found.matches.follows.any()


# --- sizes that are made of equity


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    "kind", [SizingKind.PERCENT_OF_EQUITY, SizingKind.RISK_PER_TRADE]
)
def test_a_size_that_follows_equity_follows_from_what_changed_that(
    kind: SizingKind, *, turned: bool
) -> None:
    # 50 of 100 lost in one, nothing in the other: later sizes are 9,950 to 10,000.
    lost = replace(STOPPED, quantity=10.0, fee=0.0)
    held = replace(HOLDS, quantity=10.0, fee=0.0)

    found = compare(
        [held, replace(LAST, quantity=10.0)],
        [lost, replace(LAST, quantity=9.95)],
        sizing=Sizing(kind, 0.1),
        turned=turned,
    )

    assert causes_of(found) == [Cause.INTRABAR_ORDER] * 2
    assert found.matches.follows.tolist() == [False, True]
    assert "sized by an equity of" in found.matches.detail[1]


@pytest.mark.parametrize(
    ("kind", "quantity"),
    [
        (SizingKind.FIXED_QUOTE, 9.95),
        # Not in proportion to the equity.
        (SizingKind.PERCENT_OF_EQUITY, 9.9),
    ],
)
def test_a_size_that_equity_does_not_explain_is_sizing(
    kind: SizingKind, quantity: float
) -> None:
    lost = replace(STOPPED, quantity=10.0, fee=0.0)
    held = replace(HOLDS, quantity=10.0, fee=0.0)

    found = compare(
        [held, replace(LAST, quantity=10.0)],
        [lost, replace(LAST, quantity=quantity)],
        sizing=Sizing(kind, 0.1),
    )

    assert causes_of(found) == [Cause.INTRABAR_ORDER, Cause.SIZING]
    assert not found.matches.follows.any()


# --- any lists


@given(deals(), deals())
def test_every_row_that_differs_has_a_cause_and_a_sentence_and_no_other_has(
    first: list[Deal], second: list[Deal]
) -> None:
    bars = bars_flat(160)
    sides = (side_of("one", *first, bars=bars), side_of("two", *second, bars=bars))

    matches = participants_compare(*sides, ground_of(bars)).matches

    differs = (matches.cause != NOBODY).tolist()
    assert [bool(detail) for detail in matches.detail] == differs
    assert not (matches.follows & (matches.cause == NOBODY)).any()
    if any(differs):
        assert not matches.follows[differs.index(True)]
