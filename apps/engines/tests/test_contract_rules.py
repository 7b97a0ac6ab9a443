"""Each rule of the fill contract, on bars small enough to be checked by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest

from apps.engines.adapters.reference.adapter import ReferenceEngine
from apps.engines.contracts import (
    Bars,
    Costs,
    ExitReason,
    MarketRules,
    Protection,
    Sizing,
    SizingKind,
)
from apps.engines.tests.requests import bars_of, request_of

if TYPE_CHECKING:
    from apps.engines.contracts import (
        RunRequest,
        RunResult,
    )

FLAT = (100.0, 101.0, 99.0, 100.0)


def run(request: RunRequest) -> RunResult:
    return ReferenceEngine().run(request)


def reasons(result: RunResult) -> list[ExitReason]:
    return [tuple(ExitReason)[code] for code in result.trades.exit_reason]


def test_a_signal_at_the_close_acts_at_the_next_open() -> None:
    bars = bars_of([FLAT, (102, 103, 101, 102), FLAT, (97, 98, 96, 97), FLAT])
    trades = run(request_of(bars, enter=[0], leave=[2])).trades
    assert (trades.entry_bar[0], trades.entry_price[0]) == (1, 102.0)
    assert (trades.exit_bar[0], trades.exit_price[0]) == (3, 97.0)


def test_the_stake_is_floored_to_the_step() -> None:
    bars = bars_of([FLAT, (30.0, 31, 29, 30), FLAT])
    assert run(request_of(bars, enter=[0])).trades.quantity[0] == 33.333


def test_a_fee_is_paid_at_each_fill_in_quote_currency() -> None:
    bars = bars_of([FLAT, FLAT, (110, 111, 109, 110), FLAT])
    trades = run(request_of(bars, enter=[0], leave=[1], costs=Costs(0.001, 0.0))).trades
    assert trades.entry_fee[0] == pytest.approx(1.0)
    assert trades.exit_fee[0] == pytest.approx(1.1)
    assert trades.profit[0] == pytest.approx(100 - 2.1)


def test_slippage_moves_both_fills_against_us_and_onto_the_tick() -> None:
    bars = bars_of([FLAT, (100.03, 101, 99, 100), (100.03, 101, 99, 100), FLAT])
    trades = run(request_of(bars, enter=[0], leave=[1], costs=Costs(0.0, 0.001))).trades
    assert (trades.entry_price[0], trades.exit_price[0]) == (100.13, 99.93)


def test_a_touched_stop_fills_at_the_stop_on_the_entry_bar_too() -> None:
    bars = bars_of([FLAT, (100, 101, 95, 96), FLAT])
    result = run(request_of(bars, enter=[0], protection=Protection(stop_loss=0.05)))
    assert reasons(result) == [ExitReason.STOP_LOSS]
    assert (result.trades.exit_bar[0], result.trades.exit_price[0]) == (1, 95.0)


def test_the_stop_is_rounded_up_to_the_tick() -> None:
    bars = bars_of([FLAT, (100.01, 101, 90, 96), FLAT])
    result = run(request_of(bars, enter=[0], protection=Protection(stop_loss=0.05)))
    assert result.trades.exit_price[0] == 95.01  # 95.0095, upwards


def test_an_open_beyond_the_stop_fills_at_the_open() -> None:
    bars = bars_of([FLAT, FLAT, (90, 92, 89, 91), FLAT])
    result = run(request_of(bars, enter=[0], protection=Protection(stop_loss=0.05)))
    assert (result.trades.exit_bar[0], result.trades.exit_price[0]) == (2, 90.0)


def test_an_open_beyond_the_target_fills_at_the_open() -> None:
    bars = bars_of([FLAT, FLAT, (120, 121, 119, 120), FLAT])
    result = run(request_of(bars, enter=[0], protection=Protection(take_profit=0.1)))
    assert reasons(result) == [ExitReason.TAKE_PROFIT]
    assert result.trades.exit_price[0] == 120.0


def test_when_one_bar_holds_both_the_stop_comes_first() -> None:
    bars = bars_of([FLAT, FLAT, (100, 120, 80, 100), FLAT])
    result = run(request_of(bars, enter=[0], protection=Protection(0.05, 0.1)))
    assert reasons(result) == [ExitReason.STOP_LOSS]
    assert result.trades.exit_price[0] == 95.0


def test_an_exit_signal_at_the_open_comes_before_a_stop_in_the_bar() -> None:
    bars = bars_of([FLAT, FLAT, (100, 101, 80, 90), FLAT])
    result = run(request_of(bars, enter=[0], leave=[1], protection=Protection(0.05)))
    assert reasons(result) == [ExitReason.SIGNAL]
    assert result.trades.exit_price[0] == 100.0


def test_a_trailing_stop_moves_at_the_close_and_never_inside_the_bar() -> None:
    bars = bars_of([FLAT, (100, 110, 100, 108), (108, 109, 100, 101), FLAT])
    result = run(request_of(bars, enter=[0], protection=Protection(trailing_stop=0.05)))
    assert reasons(result) == [ExitReason.TRAILING_STOP]
    # Within bar 1 the high of 110 does not yet count; from its close on it does.
    assert (result.trades.exit_bar[0], result.trades.exit_price[0]) == (2, 104.5)


def test_there_is_no_entry_at_the_open_of_an_exit() -> None:
    bars = bars_of([FLAT] * 6)
    trades = run(request_of(bars, enter=[0, 2, 3], leave=[2])).trades
    assert trades.exit_bar[0] == 3
    assert trades.entry_bar[1] == 4


def test_the_last_bar_takes_no_entry() -> None:
    bars = bars_of([FLAT] * 4)
    assert len(run(request_of(bars, enter=[2])).trades) == 0


def test_what_is_open_is_closed_at_the_last_close() -> None:
    bars = bars_of([FLAT, FLAT, (100, 106, 99, 105)])
    result = run(request_of(bars, enter=[0]))
    assert reasons(result) == [ExitReason.END_OF_DATA]
    assert (result.trades.exit_bar[0], result.trades.exit_price[0]) == (2, 105.0)
    assert result.equity[-1] == 10_000 + result.trades.profit.sum()


def test_an_entry_that_the_cash_cannot_pay_is_skipped_and_counted() -> None:
    bars = bars_of([FLAT] * 5)
    poor = request_of(bars, enter=[0, 1], capital=1_000.0, costs=Costs(0.001, 0.0))
    result = run(poor)
    assert len(result.trades) == 0
    assert result.skipped.insufficient_cash == 2


def test_an_entry_below_the_minimum_is_skipped_and_counted() -> None:
    bars = bars_of([FLAT] * 4)
    market = MarketRules(Decimal("0.01"), Decimal(1), Decimal(0), Decimal(1_001))
    result = run(request_of(bars, enter=[0, 1], market=market))
    assert (len(result.trades), result.skipped.below_minimum) == (0, 2)


def test_a_short_is_the_mirror_of_a_long() -> None:
    bars = bars_of([FLAT, FLAT, (100, 106, 99, 105), FLAT])
    result = run(
        request_of(bars, enter_short=[0], protection=Protection(stop_loss=0.05))
    )
    assert result.trades.side[0] == -1
    assert result.trades.exit_price[0] == 105.0
    assert result.trades.profit[0] == pytest.approx(-50.0)


def test_entries_of_both_sides_on_one_bar_are_neither() -> None:
    bars = bars_of([FLAT] * 4)
    assert len(run(request_of(bars, enter=[0], enter_short=[0])).trades) == 0


def test_all_of_the_equity_can_be_put_in_with_fees_and_slippage() -> None:
    bars = bars_of([FLAT] * 4)
    everything = request_of(
        bars,
        enter=[0],
        sizing=Sizing(SizingKind.PERCENT_OF_EQUITY, 1.0),
        costs=Costs(0.001, 0.001),
    )
    trades = run(everything).trades
    spent = trades.quantity[0] * trades.entry_price[0] + trades.entry_fee[0]
    assert 9_999 < spent <= 10_000


def test_risk_per_trade_loses_that_part_of_equity_at_the_stop() -> None:
    bars = bars_of([FLAT, FLAT, (100, 101, 90, 92), FLAT])
    risky = request_of(
        bars,
        enter=[0],
        sizing=Sizing(SizingKind.RISK_PER_TRADE, 0.01),
        protection=Protection(stop_loss=0.05),
    )
    assert run(risky).trades.profit[0] == pytest.approx(-100.0)


def test_a_trade_says_how_many_holes_it_spans() -> None:
    bars = bars_of([FLAT] * 6)
    holes = np.array([0, 1, 2, 5, 6, 9]) * bars.timeframe_ns
    gappy = Bars(
        holes,
        bars.open,
        bars.high,
        bars.low,
        bars.close,
        bars.volume,
        bars.timeframe_ns,
    )
    trades = run(request_of(gappy, enter=[0, 3], leave=[2])).trades
    assert trades.gaps.tolist() == [1, 1]


@pytest.mark.parametrize("size", [0, 1, 2])
def test_a_series_too_short_to_trade_gives_no_trades(size: int) -> None:
    whole = bars_of([FLAT] * 3)
    columns = {
        name: getattr(whole, name)[:size]
        for name in ("time", "open", "high", "low", "close", "volume")
    }
    short = Bars(**columns, timeframe_ns=whole.timeframe_ns)
    result = run(request_of(short, enter=range(size)))
    assert (len(result.trades), len(result.equity)) == (0, size)
