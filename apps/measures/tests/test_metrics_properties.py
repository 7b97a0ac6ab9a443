"""What holds of the measures for any input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray

from apps.measures import drawdown, moments, ratios, relative, returns, trades

type Array = NDArray[np.float64]

quick = settings(max_examples=50, deadline=None)


def _array(minimum: float, maximum: float, size: int = 60) -> st.SearchStrategy[Array]:
    # A grid of 1e-6 keeps squares and quotients clear of rounding.
    steps = st.integers(round(minimum * 1e6), round(maximum * 1e6))
    return st.lists(steps, min_size=2, max_size=size).map(
        lambda values: np.array(values, dtype=np.float64) / 1e6
    )


rates = _array(-0.5, 0.5)
curves = _array(0.01, 1000.0)
profits = _array(-500.0, 500.0)


@quick
@given(rates, st.sampled_from([0.25, 0.5, 2.0]))
def test_ratios_do_not_depend_on_the_scale_of_returns(r: Array, scale: float) -> None:
    for measure in (ratios.sharpe, ratios.sortino):
        plain = measure(r, periods_per_year=365)
        scaled = measure(scale * r, periods_per_year=365)
        assert scaled == (None if plain is None else pytest.approx(plain, abs=1e-9))
    assert moments.skewness(scale * r) == pytest.approx(moments.skewness(r))


@quick
@given(rates, st.sampled_from([1.0, 12.0, 365.0]))
def test_ratios_grow_with_the_root_of_the_periods_a_year(r: Array, n: float) -> None:
    for measure in (ratios.sharpe, ratios.sortino):
        once, many = measure(r, periods_per_year=1), measure(r, periods_per_year=n)
        assert many == (None if once is None else pytest.approx(once * np.sqrt(n)))


@quick
@given(curves)
def test_drawdown_of_positive_equity_lies_within_zero_and_one(curve: Array) -> None:
    falls = drawdown.drawdowns(curve)
    assert (falls >= 0).all()
    assert (falls < 1).all()
    deepest = drawdown.deepest_drawdown(curve)
    assert deepest is not None
    assert deepest.fraction == falls.max()
    assert deepest.peak <= deepest.trough
    ulcer = drawdown.ulcer_index(falls)
    assert ulcer is not None
    assert 0 <= ulcer <= deepest.fraction + 1e-12


@quick
@given(curves)
def test_longest_drawdown_is_what_counting_bar_by_bar_gives(curve: Array) -> None:
    peak, since, longest = curve[0], 0, 0
    for index, value in enumerate(curve):
        if value >= peak:
            peak, since = value, index
        longest = max(longest, index - since)
    found = drawdown.longest_drawdown(curve, np.arange(len(curve)) * 7)
    assert (found.bars, found.duration_ns) == (longest, 7 * longest)


@quick
@given(curves)
def test_compounded_returns_give_the_total_return(curve: Array) -> None:
    steps = returns.simple_returns(curve)
    time = np.arange(len(steps), dtype=np.int64) * (returns.DAY_NS // 5)
    daily = returns.compound_by_day(time, steps)
    total = returns.total_return(curve[0], curve[-1])
    assert total is not None
    # As factors: near a total of zero the difference is nothing but rounding.
    assert np.prod(1 + daily) == pytest.approx(1 + total)
    assert len(daily) == (len(steps) - 1) // 5 + 1


@quick
@given(rates)
def test_both_sides_of_the_target_make_up_the_mean(r: Array) -> None:
    up, down = moments.upside_potential(r), moments.downside_potential(r)
    assert up is not None
    assert down is not None
    assert up - down == pytest.approx(r.mean(), abs=1e-12)
    shares = (moments.upside_frequency(r), moments.downside_frequency(r))
    assert shares[0] is not None
    assert shares[1] is not None
    assert shares[0] + shares[1] == pytest.approx((r != 0).mean())


@quick
@given(rates)
def test_total_risk_is_the_volatility_of_the_returns(r: Array) -> None:
    benchmark = np.sin(np.arange(len(r)))
    split = relative.risk_split(r, benchmark, periods_per_year=12)
    assert split is not None
    whole = returns.volatility(r, periods_per_year=12, ddof=0)
    assert split.total == pytest.approx(whole, abs=1e-9)


@quick
@given(profits)
def test_trade_measures_agree_with_each_other(p: Array) -> None:
    rate, mean = trades.win_rate(p), trades.expectancy(p)
    assert rate is not None
    assert 0 <= rate <= 1
    won, lost = trades.average_win(p) or 0.0, trades.average_loss(p) or 0.0
    lost_share = float((p < 0).mean())
    assert mean == pytest.approx(rate * won + lost_share * lost, abs=1e-9)
    worst, best = trades.worst_trade(p), trades.best_trade(p)
    assert worst is not None
    assert best is not None
    assert worst <= p.mean() + 1e-9
    assert best >= p.mean() - 1e-9
    assert 0 <= trades.longest_losing_streak(p) <= np.count_nonzero(p < 0)


@quick
@given(profits, st.sampled_from([0.5, 3.0]))
def test_trade_ratios_do_not_depend_on_the_currency(p: Array, scale: float) -> None:
    for measure in (trades.win_rate, trades.profit_factor, trades.expectancy_ratio):
        plain, scaled = measure(p), measure(scale * p)
        assert scaled == (None if plain is None else pytest.approx(plain))


@pytest.mark.parametrize(
    ("outcomes", "longest"),
    [("", 0), ("wlwllw", 2), ("lll", 3), ("lewll", 2), ("llell", 2), ("www", 0)],
)
def test_losing_streak_is_broken_by_a_win_or_an_even_trade(
    outcomes: str, longest: int
) -> None:
    profit = {"w": 1.0, "l": -1.0, "e": 0.0}
    streak = trades.longest_losing_streak(np.array([profit[o] for o in outcomes]))
    assert streak == longest


@pytest.mark.parametrize("constant", [0.0, 0.001, -0.2])
def test_a_constant_return_has_no_ratio_to_its_deviation(constant: float) -> None:
    curve = 1000.0 * np.power(1 + constant, np.arange(50, dtype=np.float64))
    assert ratios.sharpe(returns.simple_returns(curve), periods_per_year=365) is None


def test_measures_of_nothing_are_none() -> None:
    empty = np.empty(0)
    for measure in (
        moments.downside_deviation,
        moments.mean_absolute_deviation,
        moments.skewness,
        ratios.gain_loss_ratio,
        ratios.skewness_kurtosis_ratio,
        trades.win_rate,
        trades.profit_factor,
        trades.expectancy,
        trades.expectancy_ratio,
        drawdown.ulcer_index,
    ):
        assert measure(empty) is None
    assert ratios.sharpe(empty, periods_per_year=365) is None
    assert ratios.burke_ratio(empty, periods_per_year=365) is None
    assert drawdown.deepest_drawdown(empty) is None


def test_a_return_on_nothing_is_refused_by_position() -> None:
    with pytest.raises(ValueError, match=r"curve\[2\] is 0.0"):
        returns.simple_returns(np.array([10.0, 5.0, 0.0, 1.0]))


@pytest.mark.parametrize(
    ("start", "end", "days", "rate"),
    [(100, 110, 0.5, None), (0, 10, 365, None), (100, -5, 365, -1.0)],
)
def test_growth_a_year_has_no_figure_where_there_is_none(
    start: float, end: float, days: float, rate: float | None
) -> None:
    assert returns.cagr(start, end, days) == rate


def test_growth_a_year_beyond_float64_is_none() -> None:
    assert returns.cagr(1.0, 1e9, 1.0) is None
