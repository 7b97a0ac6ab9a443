"""hftbacktest over bars: what latency, spread and size do to a market order."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from apps.engines.adapters.reference.adapter import ReferenceEngine
from apps.engines.contracts import (
    Bars,
    Costs,
    Execution,
    ExitReason,
    MarketRules,
    Mode,
    Protection,
    Sizing,
    SizingKind,
)
from apps.engines.errors import CaptureInvalid, EngineCrashed, UnsupportedByEngine
from apps.engines.sample import HOUR_NS
from apps.engines.tests.requests import bars_of, request_of, requests
from apps.engines.verify import result_verify

pytest.importorskip("hftbacktest")

from apps.engines.adapters.hftbacktest.adapter import HftbacktestEngine
from apps.engines.adapters.hftbacktest.errors import code_check
from apps.engines.tests.captures import (
    ASK,
    BEGIN,
    CLEAR_BIDS,
    MS,
    book,
    rows_of,
    written,
)

if TYPE_CHECKING:
    from pathlib import Path

    from apps.engines.contracts import RunRequest, RunResult
    from apps.engines.tests.captures import Row

FLAT = (100.0, 101.0, 99.0, 100.0)
WIDE = (100.0, 112.0, 88.0, 104.0)
SIXTH = HOUR_NS // 6  # half of the way from the open to the first extreme
MINUTE_NS = 60_000 * MS


def run(request: RunRequest) -> RunResult:
    result = HftbacktestEngine().run(request)
    result_verify(request, result)
    return result


def there_and_back(execution: Execution, **changes: Any) -> RunResult:
    """Return one trade that enters at the open of bar 1 and leaves at that of bar 3."""
    bars = bars_of([FLAT, WIDE, FLAT, WIDE, FLAT])
    return run(request_of(bars, enter=[0], leave=[2], execution=execution, **changes))


def same(one: RunResult, other: RunResult) -> None:
    for name in ("entry_bar", "exit_bar", "side", "quantity", "exit_reason"):
        np.testing.assert_array_equal(
            getattr(one.trades, name), getattr(other.trades, name), err_msg=name
        )
    for name in ("entry_price", "exit_price", "entry_fee", "exit_fee", "profit"):
        np.testing.assert_array_equal(
            getattr(one.trades, name), getattr(other.trades, name), err_msg=name
        )
    assert one.skipped == other.skipped


@settings(max_examples=200, deadline=None)
@given(
    request_=requests(shorts=True),
    sizing=st.sampled_from(
        [
            Sizing(SizingKind.FIXED_QUOTE, 1_000.0),
            Sizing(SizingKind.PERCENT_OF_EQUITY, 0.3),
            Sizing(SizingKind.PERCENT_OF_EQUITY, 1.0),
        ]
    ),
)
def test_at_rest_it_is_the_reference_to_the_last_bit_shorts_and_equity_too(
    request_: RunRequest, sizing: Sizing
) -> None:
    request_ = replace(request_, protection=Protection(), sizing=sizing)
    same(ReferenceEngine().run(request_), run(request_))


def test_a_modelled_book_is_called_a_model_with_its_figures() -> None:
    notes = there_and_back(Execution(spread_bps=3.0, levels=4, level_depth=5e4)).notes
    assert "is a model" in notes[0]
    assert "3 basis points" in notes[0]
    assert "4 levels one tick apart that hold 50000 quote units" in notes[0]


def test_latency_moves_a_purchase_up_the_bar_and_a_sale_down() -> None:
    trades = there_and_back(Execution(order_latency_ns=SIXTH)).trades
    assert (trades.entry_price[0], trades.exit_price[0]) == (106.0, 94.0)
    assert (trades.entry_bar[0], trades.exit_bar[0]) == (1, 3)


def test_latency_of_the_feed_delays_as_that_of_the_order_does() -> None:
    fed = there_and_back(Execution(feed_latency_ns=SIXTH)).trades
    half = Execution(feed_latency_ns=SIXTH // 2, order_latency_ns=SIXTH // 2)
    assert fed.entry_price[0] == 106.0
    assert there_and_back(half).trades.entry_price[0] == 106.0


def test_a_short_pays_for_latency_too() -> None:
    bars = bars_of([FLAT, WIDE, FLAT, WIDE, FLAT])
    late = Execution(order_latency_ns=SIXTH)
    trades = run(
        request_of(bars, enter_short=[0], leave_short=[2], execution=late)
    ).trades
    assert (trades.entry_price[0], trades.exit_price[0]) == (94.0, 106.0)


def test_inside_a_bar_the_price_goes_on_to_the_other_extreme_and_the_close() -> None:
    half, late = HOUR_NS // 2, HOUR_NS * 5 // 6
    prices = [
        there_and_back(Execution(feed_latency_ns=delay)).trades.entry_price[0]
        for delay in (HOUR_NS // 3, half, late)
    ]
    assert prices == [112.0, 100.0, 96.0]


def test_a_spread_costs_half_of_it_at_each_fill() -> None:
    trades = there_and_back(Execution(spread_bps=100.0)).trades
    assert (trades.entry_price[0], trades.exit_price[0]) == (100.5, 99.5)
    assert trades.profit[0] == pytest.approx(-trades.quantity[0])


def test_a_spread_is_rounded_outwards_to_the_tick() -> None:
    trades = there_and_back(Execution(spread_bps=0.1)).trades
    assert (trades.entry_price[0], trades.exit_price[0]) == (100.01, 99.99)


def test_what_is_open_at_the_end_pays_the_spread_of_the_last_close() -> None:
    bars = bars_of([FLAT, FLAT, (100, 106, 99, 105)])
    result = run(request_of(bars, enter=[0], execution=Execution(spread_bps=100.0)))
    assert result.trades.exit_price[0] == 104.47  # 105 less 0.525, outwards
    assert tuple(ExitReason)[result.trades.exit_reason[0]] is ExitReason.END_OF_DATA


def test_an_order_walks_through_the_levels_that_it_empties() -> None:
    trades = there_and_back(
        Execution(levels=5, level_depth=1_000.0),
        sizing=Sizing(SizingKind.FIXED_QUOTE, 2_500.0),
    ).trades
    # 25 units: 10 at the best, 10 one tick beyond, 5 two.
    assert trades.quantity[0] == 25.0
    assert trades.entry_price[0] == pytest.approx(100.008, abs=1e-9)
    assert trades.exit_price[0] == pytest.approx(99.992, abs=1e-9)


def test_a_small_order_does_not_feel_the_depth() -> None:
    deep = there_and_back(Execution(levels=5, level_depth=1_000.0))
    same(there_and_back(Execution()), deep)


def test_an_entry_larger_than_the_book_is_not_sent_and_said_so() -> None:
    result = there_and_back(Execution(levels=2, level_depth=400.0))
    assert len(result.trades) == 0
    assert any("1 entries were larger than the book" in note for note in result.notes)


def test_an_exit_larger_than_the_book_is_swept_and_said_so() -> None:
    bars = bars_of([FLAT, FLAT, (200.0, 201, 199, 200), FLAT])
    result = run(
        request_of(
            bars,
            enter=[0],
            leave=[1],
            sizing=Sizing(SizingKind.FIXED_QUOTE, 2_000.0),
            execution=Execution(levels=2, level_depth=1_000.0),
        )
    )
    # 20 units were bought; two levels now hold 5 each, and 15 go at the second.
    assert result.trades.exit_price[0] == pytest.approx(200 - 0.01 * 15 / 20)
    assert any("1 exits were larger than the book" in note for note in result.notes)


def test_slippage_comes_on_top_of_the_book() -> None:
    trades = there_and_back(Execution(spread_bps=100.0), costs=Costs(0.0, 0.001)).trades
    assert (trades.entry_price[0], trades.exit_price[0]) == (100.6, 99.4)


def test_cash_is_counted_at_the_price_that_the_spread_asks() -> None:
    result = there_and_back(Execution(spread_bps=100.0), capital=1_000.0)
    assert (len(result.trades), result.skipped.insufficient_cash) == (0, 1)


def test_the_smallest_notional_is_counted_at_it_too() -> None:
    market = MarketRules(Decimal("0.01"), Decimal("0.001"), Decimal(0), Decimal(1_004))
    assert len(there_and_back(Execution(spread_bps=100.0), market=market).trades) == 1
    skipped = there_and_back(Execution(), market=market).skipped
    assert skipped.below_minimum == 1


def test_a_native_run_has_upstreams_latency_and_a_tick_of_spread() -> None:
    bars = bars_of([FLAT, WIDE, FLAT, WIDE, FLAT])
    native = run(
        request_of(
            bars,
            enter=[0],
            leave=[2],
            mode=Mode.NATIVE,
            costs=Costs(0.001, 0.01),
            protection=Protection(stop_loss=0.05),
            capital=1.0,
        )
    )
    trades = native.trades
    assert (trades.entry_price[0], trades.exit_price[0]) == (100.01, 100.0)
    assert native.ignored == ("slippage", "stop_loss")
    notes = " ".join(native.notes)
    assert "1 ms after the open, an order takes 10 ms each way" in notes
    assert "no account" in notes
    assert trades.entry_fee[0] == pytest.approx(0.001 * 1_000, rel=1e-3)


def test_a_native_run_keeps_the_latency_that_it_is_given() -> None:
    late = Execution(order_latency_ns=SIXTH)
    assert there_and_back(late, mode=Mode.NATIVE).trades.exit_price[0] == 94.0


@pytest.mark.parametrize(
    ("protection", "named"),
    [
        (Protection(stop_loss=0.1), ["stop_loss"]),
        (Protection(0.1, 0.2, 0.3), ["stop_loss", "take_profit", "trailing_stop"]),
    ],
)
def test_stops_are_refused_by_name(protection: Protection, named: list[str]) -> None:
    with pytest.raises(UnsupportedByEngine) as raised:
        there_and_back(Execution(), protection=protection)
    assert [detail.attr for detail in raised.value.details] == named


@pytest.mark.parametrize(
    ("execution", "attr", "said"),
    [
        (Execution(feed_latency_ns=-1), "feed_latency_ns", "must not be negative"),
        (Execution(order_latency_ns=HOUR_NS), "order_latency_ns", "shorter than a bar"),
        (Execution(spread_bps=-1.0), "spread_bps", "0 to 9,999"),
        (Execution(spread_bps=float("nan")), "spread_bps", "0 to 9,999"),
        (Execution(levels=0), "levels", "1 to 100 levels"),
        (Execution(level_depth=0.0), "level_depth", "must hold something"),
        (Execution(level_depth=0.01), "level_depth", "less than one step"),
    ],
)
def test_an_execution_that_means_nothing_is_refused_by_name(
    execution: Execution, attr: str, said: str
) -> None:
    with pytest.raises(UnsupportedByEngine, match=said) as raised:
        there_and_back(execution)
    assert raised.value.attr == f"execution.{attr}"


def test_a_book_too_large_for_memory_is_refused_before_it_is_made() -> None:
    bars = bars_of([FLAT] * 90_000)
    deep = Execution(levels=100, level_depth=1e6)
    with pytest.raises(UnsupportedByEngine, match="ask for fewer levels"):
        run(request_of(bars, enter=range(90_000), execution=deep))


@pytest.mark.parametrize("price", [0.004, 100.005, float("nan"), -1.0, 1e14])
def test_a_price_that_is_no_tick_is_refused_with_its_bar(price: float) -> None:
    bars = bars_of([FLAT, FLAT, (price, price, price, price), FLAT])
    with pytest.raises(UnsupportedByEngine, match=r"open of bar 2 .* tick 0\.01"):
        run(request_of(bars, enter=[0]))


def test_bars_out_of_order_are_refused_and_do_not_hang() -> None:
    bars = bars_of([FLAT] * 5)
    times = bars.time.copy()
    times[3] = times[1]
    mixed = replace(bars, time=times)
    with pytest.raises(UnsupportedByEngine, match="bar 3 is not later"):
        run(request_of(mixed, enter=[0]))


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


def test_zero_volume_and_a_hole_in_the_middle_of_a_position_change_nothing() -> None:
    bars = bars_of([FLAT] * 6)
    holes = replace(
        bars, time=np.array([0, 1, 2, 9, 10, 11]) * HOUR_NS, volume=np.zeros(6)
    )
    late = Execution(order_latency_ns=SIXTH)
    trades = run(request_of(holes, enter=[0], leave=[3], execution=late)).trades
    assert (trades.entry_bar[0], trades.exit_bar[0], trades.gaps[0]) == (1, 4, 1)


@pytest.mark.parametrize("code", [10, 14, 100, 77, -2])
def test_a_code_of_hftbacktest_that_is_no_success_is_told(code: int) -> None:
    with pytest.raises(EngineCrashed, match=rf"\(code {code}\)"):
        code_check(code, "at bar 1")


def minutes(count: int) -> Bars:
    """Return flat one-minute bars that begin where captures for tests do."""
    bars = bars_of([FLAT] * count)
    return replace(
        bars, time=BEGIN + np.arange(count) * MINUTE_NS, timeframe_ns=MINUTE_NS
    )


def captured(folder: Path, rows: list[Row], **execution: int) -> RunResult:
    """Return one trade over a capture, in at minute 1, out at minute 2."""
    whole = [*book(-1, 99.9, 100.1), *rows, *book(300_000, 99.9, 100.1)]
    path = written(folder, rows_of(whole))
    market = MarketRules(Decimal("0.1"), Decimal("0.001"), Decimal(0), Decimal(0))
    way = Execution(capture=path, **execution)
    return run(
        request_of(minutes(4), enter=[0], leave=[1], market=market, execution=way)
    )


def test_a_captured_book_fills_at_its_own_prices(tmp_path: Path) -> None:
    rows = [*book(50_000, 101.0, 101.2, 50), *book(110_000, 102.0, 102.5, 50)]
    result = captured(tmp_path, rows)
    trades = result.trades
    assert (trades.entry_price[0], trades.exit_price[0]) == (101.2, 102.0)
    # The stake is divided by the bar's open, as the contract has it.
    assert trades.quantity[0] == 10.0
    assert result.notes[0] == "The order book is a capture of real depth."


def test_an_order_meets_the_captured_book_of_when_it_arrives(tmp_path: Path) -> None:
    rows = [*book(50_000, 101.0, 101.2, 50), *book(60_020, 103.0, 103.2, 50)]
    early = captured(tmp_path, rows, order_latency_ns=19 * MS)
    late = captured(tmp_path, rows, order_latency_ns=21 * MS)
    assert (early.trades.entry_price[0], late.trades.entry_price[0]) == (101.2, 103.2)


def test_an_order_walks_through_a_captured_book_too(tmp_path: Path) -> None:
    rows = [*book(50_000, 101.0, 101.2, 4), (50_000, ASK, 102.2, 50.0)]
    price = captured(tmp_path, rows).trades.entry_price[0]
    assert price == pytest.approx((4 * 101.2 + 6 * 102.2) / 10)


def test_a_capture_that_does_not_cover_the_bars_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, rows_of(book(30_000, 99.9, 100.1)))
    way = Execution(capture=path)
    with pytest.raises(UnsupportedByEngine, match="the capture goes from 2023-11-14"):
        run(request_of(minutes(4), enter=[0], execution=way))


def test_a_capture_of_another_market_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedByEngine, match="half to twice the bar's open"):
        captured(tmp_path, book(50_000, 7.0, 7.1))


def test_a_book_that_is_empty_when_needed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedByEngine, match="empty on one side"):
        captured(tmp_path, [(50_000, ASK, 100.1, 0.0)])
    with pytest.raises(UnsupportedByEngine, match="empty on one side"):
        rows = [*book(50_000, 101, 101.2, 50), (110_000, CLEAR_BIDS, 0.1, 0.0)]
        captured(tmp_path, rows)


def test_a_capture_that_is_not_there_is_told(tmp_path: Path) -> None:
    way = Execution(capture=str(tmp_path / "none.npz"))
    with pytest.raises(CaptureInvalid, match=r"none\.npz"):
        run(request_of(minutes(4), enter=[0], execution=way))


def test_nothing_that_a_host_imports_brings_polars_which_does_not_survive_a_fork() -> (
    None
):
    code = (
        "import sys; import apps.engines.adapters.hftbacktest.adapter; "
        "sys.exit('polars' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)  # noqa: S603
    assert done.returncode == 0
