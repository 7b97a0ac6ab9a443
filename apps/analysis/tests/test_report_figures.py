"""What a page draws and writes: true to the bars, the trades and the figures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from apps.analysis.report import numbers, report_render
from apps.analysis.report.candles import MINUTE_NS, candles_make, length_name
from apps.analysis.report.payload import MOST_TRADES
from apps.analysis.tests.reports import (
    HEADING,
    Page,
    payload,
    render,
    report_make,
    run_make,
    walk,
)
from apps.analysis.tests.runs import bars_make, result_make

if TYPE_CHECKING:
    from apps.engines.contracts import RunResult


def _unlike(count: int, trades: int) -> dict[str, RunResult]:
    """Return five runs with nothing in common."""
    runs = {}
    for number in range(5):
        rng = np.random.default_rng(number)
        starts = np.sort(rng.choice(count - 60, trades, replace=False))
        rows = [
            (int(i), int(i) + 50, float(rng.normal(0, 9)), "signal") for i in starts
        ]
        run = result_make(walk(count + number, 1e4, 1e-3)[:count], trades=rows)
        prices = np.round(rng.uniform(9_000, 90_000, (2, trades)), 2)
        one = replace(run.trades, entry_price=prices[0], exit_price=prices[1])
        runs[f"engine {number}"] = replace(run, trades=one)
    return runs


@pytest.mark.parametrize(
    ("count", "trades", "most"), [(35_040, 1_500, 1.5e6), (525_600, 9_000, 3e6)]
)
def test_a_page_stays_small(count: int, trades: int, most: float) -> None:
    bars = bars_make(walk(count, 60_000.0), timeframe_ns=MINUTE_NS)
    runs = _unlike(count, trades)
    page = render(bars, runs, report_make(runs, bars, differing=9))
    assert len(page.encode()) < most
    drawn = payload(page)
    assert len(drawn["candles"]["open"]) <= 4_000
    assert all(len(one["entry"]) <= MOST_TRADES for one in drawn["trades"])
    assert [one["total"] for one in drawn["trades"]] == [trades] * 5
    assert f"from {count:,} 1-minute bars" in Page(page).words


def test_engines_with_equal_results_share_what_is_drawn() -> None:
    bars, run = run_make()
    runs = dict.fromkeys(("reference", "vectorbt", "nautilus"), run)
    page = render(bars, runs, report_make(runs, bars))
    drawn = payload(page)
    assert len(drawn["curves"]) == len(drawn["trades"]) == 1
    assert [one["curve"] for one in drawn["engines"]] == [0, 0, 0]
    assert "lies on reference" in Page(page).words


def test_what_is_drawn_is_what_was_traded() -> None:
    bars, run = run_make()
    drawn = payload(render(bars, {"reference": run}))
    divisor = 10 ** drawn["decimals"]
    opened, closed = (np.array(drawn["candles"][name]) for name in ("open", "close"))
    np.testing.assert_allclose(np.cumsum(opened + closed) / divisor, bars.close)
    (curve,), (trades,) = drawn["curves"], drawn["trades"]
    equity = np.cumsum(curve["equity"]) / 10 ** curve["decimals"]
    np.testing.assert_allclose(
        equity, run.equity, atol=0.5 * 10.0 ** -curve["decimals"]
    )
    seconds = bars.time // 1_000_000_000
    assert np.cumsum(trades["entry"]).tolist() == seconds[run.trades.entry_bar].tolist()
    prices = np.cumsum(trades["entry_price"]) / 10 ** trades["decimals"]
    np.testing.assert_allclose(prices, run.trades.entry_price)


def test_the_deepest_drawdown_is_drawn_though_candles_are_few() -> None:
    count = 50_000
    bars = bars_make(walk(count), timeframe_ns=MINUTE_NS)
    run = result_make(walk(count, 1000.0, 0.003))
    page = report_render(
        heading=HEADING, bars=bars, runs={"a": run}, metrics={}, report=None
    )
    (curve,) = payload(page)["curves"]
    deepest = float((1 - run.equity / np.maximum.accumulate(run.equity)).max())
    assert max(np.cumsum(curve["drawdown"])) == round(deepest * 1e5)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=300),
    st.integers(1, 50),
    st.sampled_from([1, 5, 60, 1440, 3 * 1440]),
)
def test_fewer_candles_are_true_candles(
    steps: list[int], most: int, minutes: int
) -> None:
    closes = walk(len(steps))
    bars = bars_make(
        closes, timeframe_ns=minutes * MINUTE_NS, steps=np.cumsum(steps).tolist()
    )
    candles = candles_make(bars, most=most)
    assert len(candles) <= most
    assert (np.diff(candles.time) > 0).all()
    for number, start in enumerate(candles.start):
        stop = [*candles.start[1:], len(bars)][number]
        inside = slice(start, stop)
        assert candles.open[number] == bars.open[start]
        assert candles.close[number] == bars.close[stop - 1]
        assert candles.high[number] == bars.high[inside].max()
        assert candles.low[number] == bars.low[inside].min()
        ends = candles.time[number] + candles.width_ns
        assert candles.time[number] <= bars.time[start]
        assert bars.time[stop - 1] < ends


@pytest.mark.parametrize(
    ("minutes", "name"), [(15, "15-minute"), (240, "4-hour"), (10_080, "1-week")]
)
def test_a_length_has_its_name(minutes: int, name: str) -> None:
    assert length_name(minutes * MINUTE_NS) == name


@given(st.integers(0, 10_000), st.integers(1, 10_000))
def test_a_share_is_whole_or_none_only_when_it_is(part: int, whole: int) -> None:
    text = numbers.share(min(part, whole), whole)
    assert (text == "100%") == (part >= whole)
    assert (text == "0%") == (part == 0)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, numbers.NONE),
        (float("nan"), numbers.NONE),
        (0.0, "0.00"),
        (-0.0, "0.00"),
        (-1234.5, f"{numbers.MINUS}1,234.50"),
        (1234567.8, "1,234,568"),
        (3e13, "3e+13"),
        (0.00012346, "0.0001235"),
        (1e-9, f"1e{numbers.MINUS}09"),
    ],
)
def test_an_amount_has_the_digits_it_is_worth(value: float | None, text: str) -> None:
    assert numbers.money(value) == text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("total_return", 0.1234, "+12.34%"),
        ("max_drawdown", 0.1234, "12.34%"),
        ("trades", 1234.0, "1,234"),
        ("sharpe", -0.5, f"{numbers.MINUS}0.50"),
        ("no such measure", 2.0, "2.00"),
    ],
)
def test_a_measure_is_written_in_its_unit(name: str, value: float, text: str) -> None:
    assert numbers.measure(name, value) == text
