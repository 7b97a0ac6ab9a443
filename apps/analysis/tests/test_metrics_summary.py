"""The summary of a run, checked by hand on runs small enough to do so."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from apps.analysis.tests.runs import bars_make, result_make
from apps.measures.catalogue import CATALOGUE
from apps.measures.returns import DAY_NS
from apps.measures.summary import metrics_compute

HOUR_NS = DAY_NS // 24


def test_a_summary_has_exactly_the_measures_of_the_catalogue() -> None:
    bars = bars_make([10.0, 11.0], timeframe_ns=DAY_NS)
    summary = metrics_compute(bars, result_make([100.0, 101.0]), 100.0)
    assert set(summary) == {spec.name for spec in CATALOGUE}
    assert len(CATALOGUE) == len(summary)


def test_a_run_of_two_trades_gives_the_figures_worked_out_by_hand() -> None:
    bars = bars_make([10.0, 12.0, 9.0, 12.0], timeframe_ns=DAY_NS)
    result = result_make(
        [110.0, 88.0, 88.0, 121.0],
        trades=[(0, 1, -12.0, "stop_loss"), (3, 3, 33.0, "end_of_data")],
    )
    summary = metrics_compute(bars, result, 100.0)
    returns = np.array([0.1, -0.2, 0.0, 0.375])
    assert summary["net_profit"] == 21.0
    assert summary["total_return"] == pytest.approx(0.21)
    assert summary["buy_and_hold_return"] == pytest.approx(0.2)
    assert summary["cagr"] == pytest.approx(1.21 ** (365 / 4) - 1)
    assert summary["volatility"] == pytest.approx(returns.std(ddof=1) * 365**0.5)
    assert summary["sharpe"] == pytest.approx(
        returns.mean() / returns.std(ddof=1) * 365**0.5
    )
    assert summary["sortino"] == pytest.approx(returns.mean() / 0.1 * 365**0.5)
    assert summary["max_drawdown"] == pytest.approx(0.2)
    assert summary["max_drawdown_bars"] == 2
    assert summary["max_drawdown_days"] == 2
    assert summary["ulcer_index"] == pytest.approx(math.sqrt((0.2**2 + 0.2**2) / 4))
    assert summary["exposure"] == 0.75
    assert summary["trades"] == 2
    assert summary["win_rate"] == 0.5
    assert summary["profit_factor"] == pytest.approx(33 / 12)
    assert summary["expectancy"] == 10.5
    assert summary["expectancy_ratio"] == pytest.approx(10.5 / 12)
    assert (summary["average_win"], summary["average_loss"]) == (33.0, -12.0)
    assert (summary["best_trade"], summary["worst_trade"]) == (33.0, -12.0)
    assert summary["longest_losing_streak"] == 1
    assert summary["turnover"] == pytest.approx((12 + 9 + 12 + 12) / 101.75)
    assert summary["fees_paid"] == 4.0


def test_a_loss_on_the_first_bar_is_a_drawdown_from_the_capital() -> None:
    bars = bars_make([10.0, 10.0, 10.0], timeframe_ns=HOUR_NS)
    summary = metrics_compute(bars, result_make([75.0, 80.0, 90.0]), 100.0)
    assert summary["max_drawdown"] == 0.25
    assert summary["max_drawdown_bars"] == 3
    assert summary["max_drawdown_days"] == 3 / 24


def test_a_bar_whose_open_closed_the_position_by_signal_is_no_exposure() -> None:
    bars = bars_make([10.0] * 5, timeframe_ns=HOUR_NS)
    equity = [100.0] * 5
    by_signal = result_make(equity, trades=[(1, 3, 0.0, "signal")])
    by_stop = result_make(equity, trades=[(1, 3, 0.0, "stop_loss")])
    assert metrics_compute(bars, by_signal, 100.0)["exposure"] == 2 / 5
    assert metrics_compute(bars, by_stop, 100.0)["exposure"] == 3 / 5


def test_bars_within_a_day_count_as_one_return_of_that_day() -> None:
    equity = np.array([101.0, 99.0, 104.0, 103.0, 107.0, 102.0])
    half_days = bars_make([10.0] * 6, timeframe_ns=DAY_NS // 2)
    days = bars_make([10.0] * 3, timeframe_ns=DAY_NS)
    fine = metrics_compute(half_days, result_make(equity), 100.0)
    coarse = metrics_compute(days, result_make(equity[1::2]), 100.0)
    for name in ("volatility", "sharpe", "sortino", "cagr"):
        assert fine[name] == pytest.approx(coarse[name])


def test_a_day_without_bars_counts_as_a_day_without_return() -> None:
    whole = bars_make([10.0] * 4, timeframe_ns=DAY_NS)
    gappy = bars_make([10.0] * 3, timeframe_ns=DAY_NS, steps=[0, 1, 3])
    same = ("volatility", "sharpe", "sortino", "cagr", "calmar")
    with_bar = metrics_compute(whole, result_make([102.0, 99.0, 99.0, 103.0]), 100.0)
    without = metrics_compute(gappy, result_make([102.0, 99.0, 103.0]), 100.0)
    assert [without[name] for name in same] == [with_bar[name] for name in same]


def test_weekly_bars_are_annualised_by_their_own_length() -> None:
    equity = [110.0, 100.0, 120.0]
    week = bars_make([10.0] * 3, timeframe_ns=7 * DAY_NS)
    summary = metrics_compute(week, result_make(equity), 100.0)
    returns = np.array([0.1, 100 / 110 - 1, 0.2])
    assert summary["volatility"] == pytest.approx(
        returns.std(ddof=1) * (365 / 7) ** 0.5
    )


def test_a_run_without_trades_has_counts_of_zero_and_no_ratios() -> None:
    bars = bars_make([10.0, 11.0, 12.0], timeframe_ns=DAY_NS)
    summary = metrics_compute(bars, result_make([100.0] * 3), 100.0)
    undefined = {name for name, value in summary.items() if value is None}
    assert undefined == {
        "sharpe", "sortino", "calmar", "win_rate", "profit_factor", "expectancy",
        "expectancy_ratio", "average_win", "average_loss", "best_trade", "worst_trade",
    }  # fmt: skip
    assert {summary[name] for name in ("trades", "exposure", "turnover")} == {0.0}


def test_an_account_that_went_below_zero_has_no_ratios_but_a_drawdown() -> None:
    bars = bars_make([10.0, 30.0, 10.0], timeframe_ns=DAY_NS)
    summary = metrics_compute(bars, result_make([50.0, -20.0, -20.0]), 100.0)
    assert summary["sharpe"] is None
    assert summary["max_drawdown"] == pytest.approx(1.2)
    assert summary["cagr"] == -1.0


@pytest.mark.parametrize(
    ("closes", "equity", "capital", "said"),
    [
        ([], [], 100.0, "bars are empty"),
        ([1.0], [100.0], 0.0, "capital is 0.0"),
        ([1.0, 2.0], [100.0], 100.0, "1 values for 2 bars"),
        ([1.0, 2.0], [100.0, math.nan], 100.0, r"equity\[1\] is nan"),
    ],
)
def test_a_run_that_makes_no_sense_is_refused(
    closes: list[float], equity: list[float], capital: float, said: str
) -> None:
    bars = bars_make(closes, timeframe_ns=DAY_NS)
    with pytest.raises(ValueError, match=said):
        metrics_compute(bars, result_make(equity), capital)


@pytest.mark.parametrize("seed", range(5))
def test_no_measure_is_ever_nan_or_infinite(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = 300
    equity = 1000 * np.exp(np.cumsum(rng.normal(0, 0.05, count)))
    entries = np.arange(0, count - 2, 3)
    trades = [(int(i), int(i) + 1, float(rng.normal(0, 5)), "signal") for i in entries]
    bars = bars_make(list(equity), timeframe_ns=HOUR_NS)
    summary = metrics_compute(bars, result_make(equity, trades=trades), 1000.0)
    assert all(value is not None and math.isfinite(value) for value in summary.values())


def test_half_a_million_bars_are_summed_up_without_a_pause() -> None:
    count = 525_600
    rng = np.random.default_rng(1)
    equity = 1000 * np.exp(np.cumsum(rng.normal(0, 1e-4, count)))
    trades = [(i, i + 5, 1.0, "signal") for i in range(0, count - 10, 500)]
    bars = bars_make(equity, timeframe_ns=60_000_000_000)
    result = result_make(equity, trades=trades)
    began = time.process_time()
    metrics_compute(bars, result, 1000.0)
    # About 40 ms; the bound only catches a loop per bar on a busy machine.
    assert time.process_time() - began < 0.5


def test_the_catalogue_can_be_read_without_numpy() -> None:
    script = (
        "import sys; from apps.measures.catalogue import CATALOGUE; "
        "assert CATALOGUE; assert 'numpy' not in sys.modules, 'numpy was imported'"
    )
    subprocess.run(  # noqa: S603
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[3],
        check=True,
        timeout=60,
    )


def test_every_measure_of_the_catalogue_is_described_once() -> None:
    assert len({spec.name for spec in CATALOGUE}) == len(CATALOGUE)
    assert len({spec.title for spec in CATALOGUE}) == len(CATALOGUE)
    for spec in CATALOGUE:
        assert spec.name.isidentifier()
        assert all((spec.description, spec.formula, spec.source))
        assert spec.description.endswith(".")
