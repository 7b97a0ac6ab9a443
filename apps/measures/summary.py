"""The measures of one backtest, by the names of the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apps.measures import trades as of_trades
from apps.measures.drawdown import (
    deepest_drawdown,
    drawdowns,
    longest_drawdown,
    ulcer_index,
)
from apps.measures.ratios import calmar, sharpe, sortino
from apps.measures.returns import (
    DAY_NS,
    DAYS_PER_YEAR,
    cagr,
    compound_by_day,
    simple_returns,
    total_return,
    volatility,
)

if TYPE_CHECKING:
    from apps.engines.contracts import Bars, FloatArray, IntArray, RunResult, Trades


def metrics_compute(
    bars: Bars, result: RunResult, capital: float
) -> dict[str, float | None]:
    """Compute every measure of the catalogue for one run.

    Equity starts at `capital` at the first bar's open; each further value holds at its
    bar's close. For bars of up to a day the returns of the bars are compounded to UTC
    calendar days first, a day without bars having returned 0, and ratios are annualised
    with 365 periods a year, because crypto trades every day; longer bars are annualised
    by their own length. Riskless and target returns are 0, deviations a sample's.

    Args:
        bars: The series that was traded, n bars.
        result: What the engine made of it.
        capital: Quote units before the first bar, positive.

    Raises:
        ValueError: The series is empty, `capital` is not positive, or the equity is of
            another length than the bars or is not finite throughout.

    Returns:
        One entry per name in `catalogue.CATALOGUE`: a finite number, or None where the
        measure is undefined for this run (such as a ratio without variance).
    """
    _check(bars, result.equity, capital)
    curve = np.concatenate(([float(capital)], result.equity))
    moments = np.concatenate((bars.time[:1], bars.time + bars.timeframe_ns))
    return {
        "net_profit": float(result.trades.profit.sum()),
        "total_return": total_return(capital, float(curve[-1])),
        "buy_and_hold_return": total_return(float(bars.open[0]), float(bars.close[-1])),
        **_growth_and_risk(curve, moments, bars),
        **_trading(result.trades, result.equity),
    }


def _growth_and_risk(
    curve: FloatArray, moments: IntArray, bars: Bars
) -> dict[str, float | None]:
    days = float(moments[-1] - moments[0]) / DAY_NS
    growth = cagr(float(curve[0]), float(curve[-1]), days)
    deepest = deepest_drawdown(curve)
    underwater = longest_drawdown(curve, moments)
    fraction = deepest.fraction if deepest is not None else 0.0
    return {
        "cagr": growth,
        **_ratios(curve, bars),
        "calmar": None if growth is None else calmar(growth, fraction),
        "max_drawdown": fraction,
        "max_drawdown_bars": float(underwater.bars),
        "max_drawdown_days": underwater.duration_ns / DAY_NS,
        "ulcer_index": ulcer_index(drawdowns(curve)[1:]),
    }


def _ratios(curve: FloatArray, bars: Bars) -> dict[str, float | None]:
    if not curve.min() > 0:
        # An account that was worth nothing has no rate of return from there on.
        return {"volatility": None, "sharpe": None, "sortino": None}
    returns = simple_returns(curve)
    periods: float = DAYS_PER_YEAR
    if bars.timeframe_ns <= DAY_NS:
        returns = compound_by_day(bars.time, returns)
    else:
        periods = DAYS_PER_YEAR * DAY_NS / bars.timeframe_ns
    return {
        "volatility": volatility(returns, periods_per_year=periods),
        "sharpe": sharpe(returns, periods_per_year=periods),
        "sortino": sortino(returns, periods_per_year=periods),
    }


def _trading(trades: Trades, equity: FloatArray) -> dict[str, float | None]:
    profits = trades.profit
    return {
        "trades": float(len(trades)),
        "win_rate": of_trades.win_rate(profits),
        "profit_factor": of_trades.profit_factor(profits),
        "expectancy": of_trades.expectancy(profits),
        "expectancy_ratio": of_trades.expectancy_ratio(profits),
        "average_win": of_trades.average_win(profits),
        "average_loss": of_trades.average_loss(profits),
        "best_trade": of_trades.best_trade(profits),
        "worst_trade": of_trades.worst_trade(profits),
        "longest_losing_streak": float(of_trades.longest_losing_streak(profits)),
        "exposure": of_trades.exposure(trades, len(equity)),
        "turnover": of_trades.turnover(trades, equity),
        "fees_paid": of_trades.fees_paid(trades),
    }


def _check(bars: Bars, equity: FloatArray, capital: float) -> None:
    if len(bars) == 0:
        raise ValueError("bars are empty; a run has at least one bar")
    if not capital > 0:
        message = f"capital is {capital}; a run starts with more than 0 quote units"
        raise ValueError(message)
    if len(equity) != len(bars):
        message = f"equity has {len(equity)} values for {len(bars)} bars; one per bar"
        raise ValueError(message)
    wrong = np.flatnonzero(~np.isfinite(equity))
    if len(wrong):
        message = (
            f"equity[{wrong[0]}] is {equity[wrong[0]]} ({len(wrong)} such values); "
            "every value must be finite"
        )
        raise ValueError(message)
