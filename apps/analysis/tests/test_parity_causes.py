"""Why trades differ in their entry, their size and what they paid, by hand-built pairs."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
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
from apps.engines.contracts import Costs, MarketRules, Skipped

if TYPE_CHECKING:
    from apps.analysis.parity.contracts import Participant

# Decided at the close of bar 9, filled at the open of bar 10.
CONTRACT = Deal(10, 15, entry_price=100.0, exit_price=100.0)
# The same signals, filled at their own closes.
AT_CLOSE = Deal(9, 14, entry_price=101.0, exit_price=101.0)
SIGNALS = signals_of([9], [14])


def contract(*deals: Deal, **known: Any) -> Participant:
    return side_of("contract", *deals or (CONTRACT,), **{"signals": SIGNALS} | known)


def other(*deals: Deal, **known: Any) -> Participant:
    return side_of("other", *deals, **{"signals": SIGNALS} | known)


# --- entries


def test_an_entry_at_the_signals_close_is_a_fill_price() -> None:
    cause, detail = cause_of(contract(), other(AT_CLOSE), ground_of())

    assert cause is Cause.FILL_PRICE
    assert "contract entered on the open of bar 10" in detail
    assert "other entered on the close of bar 9" in detail


def test_an_entry_by_another_signal_is_a_signal() -> None:
    later = signals_of([10], [14])

    cause, detail = cause_of(
        contract(), other(replace(CONTRACT, entry_bar=11), signals=later), ground_of()
    )

    assert cause is Cause.SIGNAL
    assert "had no signal to enter" in detail


def test_another_signal_shows_even_where_both_enter_on_one_bar() -> None:
    # It fills at the close, and its own signal came a bar later.
    late = replace(AT_CLOSE, entry_bar=10)

    cause, _ = cause_of(
        contract(), other(late, signals=signals_of([10], [14])), ground_of()
    )

    assert cause is Cause.SIGNAL


def test_a_signal_that_lasts_is_no_other_signal() -> None:
    lasting = signals_of([9, 10], [14])
    late = replace(CONTRACT, entry_bar=11)

    cause, _ = cause_of(
        contract(signals=lasting), other(late, signals=lasting), ground_of()
    )

    assert cause is Cause.FILL_PRICE


def test_signals_that_differ_elsewhere_explain_no_entry() -> None:
    elsewhere = signals_of([9, 10, 3], [14, 20])

    cause, _ = cause_of(contract(), other(AT_CLOSE, signals=elsewhere), ground_of())

    assert cause is Cause.FILL_PRICE


def test_an_order_that_was_long_on_its_way_is_a_fill_price() -> None:
    late = replace(CONTRACT, entry_bar=12)

    cause, _ = cause_of(contract(), other(late), ground_of())

    assert cause is Cause.FILL_PRICE


def test_a_price_one_tick_off_is_rounding_and_two_are_not() -> None:
    found = [
        cause_of(contract(), other(replace(CONTRACT, entry_price=price)), ground_of())
        for price in (100.01, 99.99, 100.02)
    ]

    assert [cause for cause, _ in found] == [
        Cause.ROUNDING,
        Cause.ROUNDING,
        Cause.FILL_PRICE,
    ]


@pytest.mark.parametrize(
    ("asked", "cause"), [(0.001, Cause.UNSUPPORTED_OPTION), (0.0, Cause.FILL_PRICE)]
)
def test_slippage_that_a_side_does_not_know_is_an_option_where_it_was_asked_for(
    asked: float, cause: Cause
) -> None:
    ground = ground_of(costs=Costs(0.001, asked))
    slipped = contract(replace(CONTRACT, entry_price=100.1))

    found, detail = cause_of(slipped, other(CONTRACT, ignored=("slippage",)), ground)

    assert found is cause
    assert ("other does not know slippage" in detail) is (asked > 0)


def test_an_entry_inside_a_hole_of_the_series_is_data() -> None:
    bars = bars_flat(holes=[10])
    # Filled in the made-up candle behind bar 9, at the close that it repeats; its other
    # entries are at the open.
    made_up = replace(CONTRACT, entry_bar=9, entry_price=101.0)
    alike = [Deal(20, 22, exit_price=100.0), Deal(25, 27, exit_price=100.0)]
    signals = signals_of([9, 19, 24], [14, 21, 26])
    sides = [
        side_of(name, *deals, bars=bars, signals=signals)
        for name, deals in (
            ("contract", [CONTRACT, *alike]),
            ("other", [made_up, *alike]),
        )
    ]

    cause, detail = cause_of(sides[0], sides[1], ground_of(bars))

    assert cause is Cause.DATA
    assert "hole" in detail


def test_an_engine_that_fills_at_the_close_is_early_hole_or_not() -> None:
    bars = bars_flat(holes=[10])

    cause, _ = cause_of(
        contract(bars=bars), other(AT_CLOSE, bars=bars), ground_of(bars)
    )

    assert cause is Cause.FILL_PRICE


@pytest.mark.parametrize("deals", [(CONTRACT,), (replace(CONTRACT, exit_bar=14),)])
def test_a_trade_at_a_time_without_a_bar_is_data(deals: tuple[Deal, ...]) -> None:
    listed = side_of("list", *deals, misplaced=np.array([True]))
    elsewhere = contract(replace(CONTRACT, entry_price=100.5))

    cause, detail = cause_of(elsewhere, listed, ground_of())

    assert (cause, "no bar" in detail) == (Cause.DATA, True)


# --- how much


def test_a_quantity_one_step_off_is_rounding_and_two_are_sizing() -> None:
    found = [
        cause_of(contract(), other(replace(CONTRACT, quantity=size)), ground_of())[0]
        for size in (1.001, 0.999, 1.002)
    ]

    assert found == [Cause.ROUNDING, Cause.ROUNDING, Cause.SIZING]


def test_a_kind_of_sizing_that_a_side_does_not_know_is_an_option() -> None:
    larger = other(replace(CONTRACT, quantity=9.0), ignored=("sizing.kind",))

    cause, detail = cause_of(contract(), larger, ground_of())

    assert cause is Cause.UNSUPPORTED_OPTION
    assert "other does not know sizing kind" in detail


# --- what was paid


@pytest.mark.parametrize(
    ("fee", "cause"),
    [(0.25, Cause.FEE), (0.15, Cause.FEE), (0.201, Cause.ROUNDING)],
)
def test_a_fee_is_a_fee_unless_it_is_rounded_to_a_coin(
    fee: float, cause: Cause
) -> None:
    charged = other(replace(CONTRACT, fee=fee))

    found, detail = cause_of(contract(), charged, ground_of())

    assert found is cause
    assert "contract charged 0.2" in detail


def test_fees_that_a_side_does_not_know_are_an_option() -> None:
    free = other(replace(CONTRACT, fee=0.0), ignored=("fees",))

    assert cause_of(contract(), free, ground_of())[0] is Cause.UNSUPPORTED_OPTION


@pytest.mark.parametrize(
    ("profit", "cause"), [(-0.2 + 0.001, Cause.ROUNDING), (0.0, Cause.FEE)]
)
def test_a_profit_of_equal_fills_is_rounded_or_lacks_a_charge(
    profit: float, cause: Cause
) -> None:
    listed = other(replace(CONTRACT, fee=math.nan, profit=profit))

    found, detail = cause_of(contract(), listed, ground_of())

    assert found is cause
    assert "the same fills" in detail


# --- trades that only one side has


def test_a_trade_whose_signal_the_other_did_not_have_is_a_signal() -> None:
    silent = side_of("silent", signals=signals_of())

    cause, detail = cause_of(contract(), silent, ground_of())

    assert cause is Cause.SIGNAL
    assert "silent had no signal to enter where contract had one" in detail


def test_a_listed_trade_that_no_signal_explains_is_a_signal() -> None:
    silent = side_of("silent", signals=signals_of([20]))

    cause, _ = cause_of(side_of("list", CONTRACT), silent, ground_of())

    assert cause is Cause.SIGNAL


def test_entries_that_were_passed_over_are_sizing() -> None:
    poor = other(skipped=Skipped(insufficient_cash=1))

    cause, detail = cause_of(contract(skipped=Skipped()), poor, ground_of())

    assert cause is Cause.SIZING
    assert "other passed over 1 entries for want of cash or size" in detail


def test_a_signal_without_a_fill_is_sizing() -> None:
    cause, detail = cause_of(contract(), other(), ground_of())

    assert cause is Cause.SIZING
    assert "other had the signal too and got no fill" in detail


def test_a_list_that_lacks_a_trade_took_no_entry() -> None:
    cause, detail = cause_of(contract(), side_of("list"), ground_of())

    assert cause is Cause.SIGNAL
    assert "list took no entry where contract took one" in detail


@pytest.mark.parametrize("name", ["min_quantity", "min_notional"])
def test_a_minimum_that_a_side_does_not_know_is_an_option(name: str) -> None:
    least = {"min_quantity": Decimal(0), "min_notional": Decimal(0), name: Decimal(500)}
    market = MarketRules(Decimal("0.01"), Decimal("0.001"), **least)
    strict = other(skipped=Skipped(below_minimum=1))

    cause, _ = cause_of(contract(ignored=(name,)), strict, ground_of(market=market))

    assert cause is Cause.UNSUPPORTED_OPTION


@pytest.mark.parametrize("bar", [SIZE - 2, SIZE - 1])
def test_an_entry_that_the_end_of_the_series_allows_only_one_side_is_data(
    bar: int,
) -> None:
    last = Deal(
        bar, SIZE - 1, entry_price=101.0, exit_price=101.0, reason="end_of_data"
    )
    signals = signals_of([bar], [])

    cause, detail = cause_of(
        side_of("closer", last, signals=signals), other(signals=signals), ground_of()
    )

    assert cause is Cause.DATA
    assert "the series ends" in detail


def test_a_trade_that_begins_behind_a_hole_is_data() -> None:
    bars = bars_flat(holes=[10])

    cause, _ = cause_of(contract(bars=bars), other(bars=bars), ground_of(bars))

    assert cause is Cause.DATA


def test_a_second_entry_on_the_bar_of_the_exit_is_intrabar_order() -> None:
    signals = signals_of([9, 14], [14])
    first = replace(CONTRACT, reason="stop_loss")
    again = Deal(15, 20, entry_price=100.0)

    cause, detail = cause_of(
        contract(first, signals=signals),
        other(first, again, signals=signals),
        ground_of(),
    )

    assert cause is Cause.INTRABAR_ORDER
    assert "other enters again on the bar of its last exit" in detail
