"""Why trades that began alike end differently, by hand-built pairs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from apps.analysis.parity.contracts import Cause
from apps.analysis.tests.sides import (
    SIZE,
    Deal,
    bars_flat,
    cause_of,
    ground_of,
    side_of,
    signals_of,
)
from apps.engines.contracts import Costs, Protection

if TYPE_CHECKING:
    from apps.analysis.parity.contracts import Participant

SIGNALS = signals_of([9], [14])
# Entered at 100 on the open of bar 10; stop at 95, target at 105.
HELD = Deal(10, 15, entry_price=100.0, exit_price=100.0)
BOTH = Protection(stop_loss=0.05, take_profit=0.05)
STOPPED = replace(HELD, exit_bar=12, exit_price=95.0, reason="stop_loss")
TARGET = replace(HELD, exit_bar=12, exit_price=105.0, reason="take_profit")
# The bar that holds both the stop and the target, each well inside.
WIDE = bars_flat(b12=(100.0, 108.0, 92.0, 101.0))


def side(name: str, deal: Deal, **known: Any) -> Participant:
    return side_of(name, deal, **{"signals": SIGNALS} | known)


def compare(one: Deal, other: Deal, **ground: Any) -> tuple[Cause, str]:
    return cause_of(side("one", one), side("other", other), ground_of(**ground))


# --- stops and targets


def test_a_stop_against_a_target_in_one_bar_is_intrabar_order() -> None:
    cause, detail = compare(STOPPED, TARGET, bars=WIDE, protection=BOTH)

    assert cause is Cause.INTRABAR_ORDER
    assert "(stop loss)" in detail
    assert "(take profit)" in detail


def test_a_target_is_known_by_its_price_where_a_list_does_not_say() -> None:
    listed = side_of("list", replace(TARGET, reason=""))

    cause, _ = cause_of(
        side("engine", STOPPED), listed, ground_of(bars=WIDE, protection=BOTH)
    )

    assert cause is Cause.INTRABAR_ORDER


def test_a_stop_that_one_side_looks_at_a_bar_later_is_intrabar_order() -> None:
    later = replace(STOPPED, exit_bar=13)

    assert (
        compare(STOPPED, later, bars=WIDE, protection=BOTH)[0] is Cause.INTRABAR_ORDER
    )


@pytest.mark.parametrize(
    ("deal", "bar"),
    [
        (STOPPED, (100.0, 102.0, 95.0, 101.0)),
        (STOPPED, (100.0, 102.0, 94.99, 101.0)),
        (TARGET, (100.0, 105.0, 99.0, 101.0)),
    ],
)
def test_a_level_that_is_only_just_touched_is_rounding(
    deal: Deal, bar: tuple[float, ...]
) -> None:
    cause, detail = compare(deal, HELD, bars=bars_flat(b12=bar), protection=BOTH)

    assert cause is Cause.ROUNDING
    assert "touched within one tick" in detail


def test_a_stop_that_a_side_does_not_know_is_an_option() -> None:
    ground = ground_of(bars=WIDE, protection=BOTH)

    cause, detail = cause_of(
        side("one", STOPPED), side("other", HELD, ignored=("stop_loss",)), ground
    )

    assert cause is Cause.UNSUPPORTED_OPTION
    assert "other does not know stop loss" in detail


def test_an_option_that_had_no_part_in_the_exit_is_not_blamed() -> None:
    ground = ground_of(bars=WIDE, protection=BOTH)
    known = side("other", HELD, ignored=("take_profit",))

    assert cause_of(side("one", STOPPED), known, ground)[0] is Cause.INTRABAR_ORDER


def test_a_bar_that_opens_beyond_the_stop_parts_sides_by_fill_price() -> None:
    gap = bars_flat(b12=(93.0, 94.0, 92.0, 93.0))

    cause, _ = compare(
        replace(STOPPED, exit_price=93.0), STOPPED, bars=gap, protection=BOTH
    )

    assert cause is Cause.FILL_PRICE


def test_trailing_stops_at_other_levels_moved_within_the_bar() -> None:
    trailing = replace(STOPPED, reason="trailing_stop")

    cause, _ = compare(
        trailing,
        replace(trailing, exit_price=96.0),
        bars=WIDE,
        protection=Protection(trailing_stop=0.05),
    )

    assert cause is Cause.INTRABAR_ORDER


# --- exits by signal


def test_an_exit_at_the_signals_close_is_a_fill_price() -> None:
    at_close = replace(HELD, exit_bar=14, exit_price=101.0)

    cause, detail = compare(HELD, at_close)

    assert cause is Cause.FILL_PRICE
    assert "other left on the close of bar 14" in detail


def test_an_exit_by_another_signal_is_a_signal() -> None:
    early = side("early", replace(HELD, exit_bar=13), signals=signals_of([9], [12, 14]))

    cause, detail = cause_of(side("one", HELD), early, ground_of())

    assert cause is Cause.SIGNAL
    assert "one had no signal to leave where early had one" in detail


def test_an_exit_by_another_signal_counts_before_a_later_stop() -> None:
    bars = bars_flat(b20=(100.0, 108.0, 92.0, 101.0))
    stopped = side("one", replace(STOPPED, exit_bar=20), signals=signals_of([9], []))
    left = side("other", HELD)

    cause, _ = cause_of(stopped, left, ground_of(bars=bars, protection=BOTH))

    assert cause is Cause.SIGNAL


def test_a_signal_that_a_side_does_not_obey_is_a_signal() -> None:
    cause, detail = compare(HELD, replace(HELD, exit_bar=30))

    assert cause is Cause.SIGNAL
    assert "other did not leave where one did" in detail


def test_an_exit_inside_a_hole_of_the_series_is_data() -> None:
    bars = bars_flat(holes=[15])
    made_up = replace(HELD, exit_bar=14, exit_price=101.0)

    assert compare(HELD, made_up, bars=bars)[0] is Cause.DATA


@pytest.mark.parametrize(
    ("price", "cause"),
    [
        (100.01, Cause.ROUNDING),
        (100.02, Cause.FILL_PRICE),
    ],
)
def test_an_exit_one_tick_off_is_rounding_and_two_are_not(
    price: float, cause: Cause
) -> None:
    assert compare(HELD, replace(HELD, exit_price=price))[0] is cause


def test_slippage_of_the_exit_alone_is_an_option_where_a_side_does_not_know_it() -> (
    None
):
    ground = ground_of(costs=Costs(0.001, 0.001))
    plain = side("other", replace(HELD, exit_price=99.9), ignored=("slippage",))

    assert cause_of(side("one", HELD), plain, ground)[0] is Cause.UNSUPPORTED_OPTION


# --- the end of the data


def test_what_is_open_at_the_end_and_left_by_a_last_signal_is_data() -> None:
    end = replace(HELD, exit_bar=SIZE - 1, exit_price=101.0, reason="end_of_data")
    signals = signals_of([9], [SIZE - 1])
    closed = side("contract", end, signals=signals)
    left = side("other", replace(end, reason="signal"), signals=signals)

    cause, detail = cause_of(closed, left, ground_of())

    assert cause is Cause.DATA
    assert "the series ends" in detail


def test_what_is_closed_at_the_last_open_and_at_the_last_close_is_a_fill_price() -> (
    None
):
    end = replace(HELD, exit_bar=SIZE - 1, exit_price=101.0, reason="end_of_data")

    assert compare(end, replace(end, exit_price=100.0))[0] is Cause.FILL_PRICE


def test_bars_that_end_earlier_on_one_side_are_data() -> None:
    end = replace(HELD, exit_bar=SIZE - 1, exit_price=101.0, reason="end_of_data")

    assert compare(end, replace(end, exit_bar=30))[0] is Cause.DATA
