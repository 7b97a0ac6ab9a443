"""What is easily got wrong is as the contract has it, in every engine."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest

from apps.engines.contracts import ExitReason
from apps.engines.errors import UnsupportedByEngine
from apps.engines.tests.requests import bars_of, request_of
from apps.engines.verify import result_verify
from tests.contracts.awkward import FLAT, awkward
from tests.contracts.running import (
    BATCHED,
    ENGINES,
    OTHERS,
    assert_same,
    engine,
    honoured,
    run_all,
)

if TYPE_CHECKING:
    from apps.engines.contracts import RunResult

AWKWARD = awkward()
REASONS = tuple(ExitReason)


@cache
def together(name: str) -> dict[str, RunResult]:
    asked = {title: honoured(name, request) for title, request in AWKWARD.items()}
    return dict(zip(asked, run_all(name, list(asked.values())), strict=True))


@pytest.mark.parametrize("title", AWKWARD)
@pytest.mark.parametrize("name", OTHERS)
def test_what_is_easily_got_wrong_is_as_the_reference_has_it(
    name: str, title: str
) -> None:
    request = honoured(name, AWKWARD[title])
    batched = name in BATCHED
    result = together(name)[title] if batched else engine(name).run(request)
    result_verify(request, result)
    assert_same(request, engine("reference").run(request), result)


def of_reference(title: str) -> tuple[RunResult, list[ExitReason]]:
    result = engine("reference").run(AWKWARD[title])
    return result, [REASONS[code] for code in result.trades.exit_reason]


@pytest.mark.parametrize(
    "title", ["stop and target in one bar", "stop and target in one minute"]
)
def test_stop_and_target_in_one_bar_are_the_stop(title: str) -> None:
    result, reasons = of_reference(title)
    assert reasons == [ExitReason.STOP_LOSS]
    assert result.trades.exit_price.tolist() == [95.0]


def test_a_strategy_that_never_enters_leaves_the_capital_alone() -> None:
    result, _ = of_reference("no entry at all")
    assert len(result.trades) == 0
    assert (result.equity == 10_000).all()


def test_a_gap_inside_of_a_position_is_held_and_counted() -> None:
    result, _ = of_reference("a gap inside of a position")
    assert result.trades.gaps.tolist() == [1]


@pytest.mark.parametrize("title", ["sizes below the minimum", "a stake below one step"])
def test_what_is_too_small_is_counted_and_not_traded(title: str) -> None:
    result, _ = of_reference(title)
    assert (len(result.trades), result.skipped.below_minimum) == (0, 8)


def test_what_the_cash_cannot_pay_is_counted_and_not_traded() -> None:
    result, _ = of_reference("too little cash")
    assert result.skipped.insufficient_cash > 0


def test_a_trade_that_never_closes_ends_at_the_last_close() -> None:
    result, reasons = of_reference("a trade that never closes")
    assert reasons == [ExitReason.END_OF_DATA]
    assert result.trades.exit_bar.tolist() == [8]


def test_a_stop_at_the_entry_puts_all_of_the_cash_in() -> None:
    result, reasons = of_reference("a stop at the entry loses nothing")
    assert reasons == [ExitReason.STOP_LOSS] * len(reasons)
    assert result.trades.quantity[0] == 100.0
    np.testing.assert_array_equal(result.trades.profit, 0.0)


@pytest.mark.parametrize(
    ("column", "price"),
    [("open", 0.004), ("low", 0.0), ("close", -1.0), ("high", float("nan"))],
)
@pytest.mark.parametrize("name", ENGINES)
def test_a_price_below_the_tick_is_refused_with_its_bar(
    name: str, column: str, price: float
) -> None:
    bars = bars_of([FLAT] * 5)
    getattr(bars, column)[2] = price
    with pytest.raises(UnsupportedByEngine, match=f"{column}.*bar 2"):
        engine(name).run(request_of(bars, enter=[0]))
