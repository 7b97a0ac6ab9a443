"""The measures against figures that others printed or test for.

The cases lie beside the repository (`shared/cases/metrics_reference.json`): Bacon's
portfolio as printed in PerformanceAnalytics, Chan's book, freqtrade, NautilusTrader.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from apps.measures import moments, ratios, relative, trades
from apps.measures.drawdown import (
    deepest_drawdown,
    drawdowns,
    longest_drawdown,
    ulcer_index,
)
from apps.measures.returns import (
    DAY_NS,
    annual_return,
    cagr,
    compound_by_day,
    simple_returns,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.engines.contracts import FloatArray, IntArray

CASES = Path(__file__).parents[3] / ".." / "shared" / "cases" / "metrics_reference.json"

pytestmark = pytest.mark.skipif(
    not CASES.exists(), reason="shared/cases/metrics_reference.json is not here"
)

MONTHS = 12
TRADING_DAYS = 252
TARGET = 0.005

# Position of each case that is not compared, with the reason.
LEFT_OUT = {
    ("freqtrade", 11): "needs freqtrade's own trade file and divides the summed trade "
    "profits by the deviation of trades, where ours are daily returns",
}
# Printed with a factor of ten missing: 0.0375 a month * sqrt(12) is 0.130, not 0.013.
PRINTED_TEN_TIMES_TOO_SMALL = {"systematic_risk", "total_risk"}


def _load(section: str) -> dict[str, Any]:
    if not CASES.exists():
        return {"cases": []}
    return cast("dict[str, Any]", json.loads(CASES.read_text())[section])


BACON, CHAN = _load("bacon"), _load("chan")
FREQTRADE, NAUTILUS = _load("freqtrade"), _load("nautilus")


def _martin(returns: FloatArray) -> float | None:
    growth = annual_return(returns, periods_per_year=MONTHS)
    curve = np.concatenate(([1.0], np.cumprod(1 + returns)))
    ulcer = ulcer_index(drawdowns(curve)[1:])
    assert growth is not None
    assert ulcer is not None
    return ratios.martin_ratio(growth, ulcer)


def _split(name: str) -> Callable[[FloatArray, FloatArray], float | None]:
    def measure(returns: FloatArray, benchmark: FloatArray) -> float | None:
        split = relative.risk_split(returns, benchmark, periods_per_year=MONTHS)
        return cast("float", getattr(split, name))

    return measure


def _below(
    measure: Callable[..., float | None],
) -> Callable[[FloatArray, FloatArray], float | None]:
    return lambda r, _: measure(r, target=TARGET)


BACON_MEASURES: dict[str, Callable[[FloatArray, FloatArray], float | None]] = {
    "downside_deviation": _below(moments.downside_deviation),
    "downside_potential": _below(moments.downside_potential),
    "upside_risk": _below(moments.upside_risk),
    "upside_potential": _below(moments.upside_potential),
    "omega_sharpe": _below(ratios.omega_sharpe),
    "mean_absolute_deviation": lambda r, _: moments.mean_absolute_deviation(r),
    "downside_frequency": _below(moments.downside_frequency),
    "upside_frequency": _below(moments.upside_frequency),
    "bernardo_ledoit_gain_loss": lambda r, _: ratios.gain_loss_ratio(r),
    "d_ratio": lambda r, _: ratios.d_ratio(r),
    "adjusted_sharpe": lambda r, _: ratios.adjusted_sharpe(r, periods_per_year=MONTHS),
    "martin_ratio": lambda r, _: _martin(r),
    "skewness_kurtosis_ratio": lambda r, _: ratios.skewness_kurtosis_ratio(r),
    "sortino_per_period": lambda r, _: ratios.sortino(
        r, periods_per_year=1, target=TARGET
    ),
    "burke": lambda r, _: ratios.burke_ratio(r, periods_per_year=MONTHS),
    "msquared": lambda r, b: relative.m_squared(r, b, periods_per_year=MONTHS),
    "specific_risk": _split("specific"),
    "systematic_risk": _split("systematic"),
    "total_risk": _split("total"),
}


def _printed_digits(number: float) -> int:
    return len(f"{number!r}".partition(".")[2])


@pytest.mark.parametrize(
    "case", BACON["cases"], ids=lambda case: case["metric"].split()[0]
)
def test_bacons_portfolio_gives_the_printed_figure(case: dict[str, Any]) -> None:
    name, printed = case["metric"].split()[0], case["expected"]
    scale = 10 if name in PRINTED_TEN_TIMES_TOO_SMALL else 1
    value = BACON_MEASURES[name](
        np.array(BACON["series"]["portfolio"]), np.array(BACON["series"]["benchmark"])
    )
    assert value is not None
    half_a_unit = 0.5 * 10.0 ** -_printed_digits(printed)
    assert abs(value / scale - printed) <= half_a_unit


def _ige() -> FloatArray:
    return np.array(CHAN["ige_adj_close"])


def _pair_returns() -> FloatArray:
    spy = simple_returns(np.array(CHAN["spy_adj_close"]))
    return (simple_returns(_ige()) - spy) / 2


def _chan_sharpe(curve: FloatArray) -> float | None:
    return ratios.sharpe(
        simple_returns(curve),
        periods_per_year=TRADING_DAYS,
        risk_free=0.04 / TRADING_DAYS,
    )


def _broker(cash: float, commission: float) -> FloatArray:
    """Value of an account that holds one share of IGE from the first close on."""
    held = _ige() - _ige()[0] + cash - commission
    held[-1] -= commission
    return np.concatenate(([cash], held))


def _days() -> IntArray:
    return np.array(CHAN["dates"], dtype="datetime64[ns]").astype(np.int64)


def _pair_drawdown() -> float:
    deepest = deepest_drawdown(np.concatenate(([1.0], np.cumprod(1 + _pair_returns()))))
    assert deepest is not None
    return -deepest.fraction


def _ige_drawdown() -> float:
    deepest = deepest_drawdown(_ige())
    assert deepest is not None
    return -deepest.fraction


CHAN_MEASURES: tuple[Callable[[], float | None], ...] = (
    lambda: _chan_sharpe(_ige()),
    lambda: ratios.sharpe(_pair_returns(), periods_per_year=TRADING_DAYS),
    _pair_drawdown,
    _ige_drawdown,
    lambda: longest_drawdown(_ige(), _days()).duration_ns / DAY_NS,
    lambda: _chan_sharpe(_broker(42.09, 0.0)),
    # The account holds just what the share and its commission cost.
    lambda: _chan_sharpe(_broker(42.59, 0.5)),
)


@pytest.mark.parametrize("position", range(len(CHAN["cases"])))
def test_chans_examples_give_the_printed_figure(position: int) -> None:
    printed = CHAN["cases"][position]["expected"]
    value = CHAN_MEASURES[position]()
    assert value is not None
    assert abs(value - printed) <= 0.5 * 10.0 ** -_printed_digits(float(printed))


def _freqtrade(metric: str) -> list[dict[str, Any]]:
    return [case for case in FREQTRADE["cases"] if case["metric"] == metric]


@pytest.mark.parametrize("case", _freqtrade("cagr"))
def test_growth_a_year_is_freqtrades(case: dict[str, Any]) -> None:
    inputs = case["inputs"]
    rate = cagr(inputs["start"], inputs["end"], inputs["days"])
    assert rate is not None
    assert round(rate, case["round"]) == case["expected"]


def test_expectancy_and_its_ratio_are_freqtrades() -> None:
    (plain,), (ratio,) = _freqtrade("expectancy"), _freqtrade("expectancy_ratio")
    profits = np.array(plain["inputs"]["profit_abs"], dtype=np.float64)
    assert trades.expectancy(profits) == pytest.approx(plain["expected"])
    assert trades.expectancy_ratio(profits) == pytest.approx(ratio["expected"])


@pytest.mark.parametrize(
    "case", _freqtrade("max_drawdown_abs") + _freqtrade("max_drawdown_rel")
)
def test_deepest_drawdown_over_trades_is_freqtrades(case: dict[str, Any]) -> None:
    inputs, expected = case["inputs"], case["expected"]
    profits = np.array(inputs.get("profit_abs", inputs.get("profit")))
    deepest = deepest_drawdown(
        inputs["starting_balance"] + np.cumsum(profits),
        relative=inputs.get("relative", False),
    )
    assert deepest is not None
    assert deepest.amount == pytest.approx(expected["abs"])
    assert deepest.fraction == pytest.approx(expected["rel"], abs=5e-7)
    if "high_day" in expected:
        assert (deepest.peak, deepest.trough) == (
            expected["high_day"],
            expected["low_day"],
        )


@pytest.mark.parametrize("case", NAUTILUS["cases"], ids=lambda case: case["metric"])
def test_intraday_returns_are_annualised_as_nautilus_does(case: dict[str, Any]) -> None:
    returns = np.array(case["inputs"]["returns"])
    start = np.datetime64(case["inputs"]["start"], "ns").astype(np.int64)
    daily = compound_by_day(start + np.arange(len(returns)) * DAY_NS // 2, returns)
    measure = ratios.sharpe if "sharpe" in case["metric"] else ratios.sortino
    value = measure(daily, periods_per_year=TRADING_DAYS)
    assert value == pytest.approx(case["expected"], rel=1e-12)


def test_every_case_of_the_file_is_compared_or_left_out_with_a_reason() -> None:
    metrics = ("cagr", "expectancy", "expectancy_ratio")
    falls = ("max_drawdown_abs", "max_drawdown_rel")
    compared = sum(len(_freqtrade(metric)) for metric in metrics + falls)
    assert compared + len(LEFT_OUT) == len(FREQTRADE["cases"])
    assert len(BACON_MEASURES) == len(BACON["cases"])
    assert len(CHAN_MEASURES) == len(CHAN["cases"])
