"""What each measure of a run means: data for people, without numpy."""

from __future__ import annotations

from apps.measures.spec import MetricSpec, MetricUnit

_BACON = (
    "Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd ed., "
    "Wiley 2008"
)
_THARP = "Tharp, Trade Your Way to Financial Freedom, McGraw-Hill 1999, ch. 7"
_HOUSE = "by definition, on the trades of the fill contract"
_DAILY = (
    "Returns of bars of up to a day are compounded to UTC calendar days (a day without "
    "bars is 0) and annualised with 365 days a year; longer bars by their own length."
)

CATALOGUE: tuple[MetricSpec, ...] = (
    MetricSpec(
        "net_profit",
        "Net profit",
        MetricUnit.QUOTE,
        "Sum of the closed trades' profits after fees.",
        "sum(profit)",
        _HOUSE,
    ),
    MetricSpec(
        "total_return",
        "Total return",
        MetricUnit.FRACTION,
        "Growth of equity over the whole run.",
        "equity_end / capital - 1",
        f"{_BACON}, ch. 2",
    ),
    MetricSpec(
        "buy_and_hold_return",
        "Buy and hold",
        MetricUnit.FRACTION,
        "Growth of one unit bought at the first open and held to the last close, free "
        "of fees and slippage: what doing nothing would have given.",
        "close_last / open_first - 1",
        f"{_BACON}, ch. 2",
    ),
    MetricSpec(
        "cagr",
        "Compound annual growth rate",
        MetricUnit.FRACTION_PER_YEAR,
        "The constant yearly growth that gives the total return, over calendar days "
        "from the first open to the last close. Undefined for runs under a day.",
        "(equity_end / capital) ** (365 / days) - 1",
        f"{_BACON}, ch. 2",
    ),
    MetricSpec(
        "volatility",
        "Annualised volatility",
        MetricUnit.FRACTION_PER_YEAR,
        f"Sample standard deviation of returns. {_DAILY}",
        "std(r, ddof=1) * sqrt(365)",
        f"{_BACON}, ch. 4",
    ),
    MetricSpec(
        "sharpe",
        "Sharpe ratio",
        MetricUnit.RATIO,
        f"Mean return per unit of deviation, riskless rate 0. {_DAILY} Undefined "
        "without variance.",
        "mean(r) / std(r, ddof=1) * sqrt(365)",
        "Sharpe, The Sharpe Ratio, Journal of Portfolio Management 21(1), 1994, "
        "pp. 49-58; Chan, Quantitative Trading, Wiley 2008, ch. 3",
    ),
    MetricSpec(
        "sortino",
        "Sortino ratio",
        MetricUnit.RATIO,
        f"Mean return per unit of downside deviation, target 0. {_DAILY} Undefined "
        "without a losing period.",
        "mean(r) / sqrt(mean(min(r, 0)²)) * sqrt(365)",
        "Sortino and Price, Performance Measurement in a Downside Risk Framework, "
        f"Journal of Investing 3(3), 1994, pp. 59-65; {_BACON}, p. 96",
    ),
    MetricSpec(
        "calmar",
        "Calmar ratio",
        MetricUnit.RATIO,
        "Compound annual growth per unit of maximum drawdown, over the whole run. "
        "Undefined without a drawdown.",
        "cagr / max_drawdown",
        "Young, Calmar Ratio: A Smoother Tool, Futures 20(1), 1991, p. 40",
    ),
    MetricSpec(
        "max_drawdown",
        "Maximum drawdown",
        MetricUnit.FRACTION,
        "The deepest fall of equity below its own peak so far, the capital being the "
        "first peak, at bar closes. Positive; above 1 where equity went below zero.",
        "max(1 - equity / max(equity so far))",
        "Magdon-Ismail and Atiya, Maximum Drawdown, Risk 17(10), 2004, pp. 99-102",
    ),
    MetricSpec(
        "max_drawdown_bars",
        "Longest drawdown in bars",
        MetricUnit.BARS,
        "The most bars from a peak of equity to the last one below it, recovered or "
        "not; not necessarily of the deepest fall.",
        "max(i - index of the latest peak)",
        "Chan, Quantitative Trading, Wiley 2008, ch. 3",
    ),
    MetricSpec(
        "max_drawdown_days",
        "Longest drawdown in days",
        MetricUnit.DAYS,
        "The most calendar days from a peak of equity to the last close below it, gaps "
        "in the series included.",
        "max(close time - close time of the latest peak)",
        "Chan, Quantitative Trading, Wiley 2008, ch. 3",
    ),
    MetricSpec(
        "ulcer_index",
        "Ulcer index",
        MetricUnit.FRACTION,
        "Root mean square of the drawdown at every bar: depth and length in one.",
        "sqrt(mean(drawdown²))",
        "Martin and McCann, The Investor's Guide to Fidelity Funds, Wiley 1989",
    ),
    MetricSpec(
        "trades",
        "Trades",
        MetricUnit.COUNT,
        "Closed trades.",
        "count(profit)",
        _HOUSE,
    ),
    MetricSpec(
        "win_rate",
        "Win rate",
        MetricUnit.FRACTION,
        "Share of trades with a profit after fees. Undefined without trades.",
        "count(profit > 0) / trades",
        _THARP,
    ),
    MetricSpec(
        "profit_factor",
        "Profit factor",
        MetricUnit.RATIO,
        "What was won for each unit lost. Undefined without a losing trade.",
        "sum(profit > 0) / |sum(profit < 0)|",
        "Kaufman, Trading Systems and Methods, 5th ed., Wiley 2013, ch. 21",
    ),
    MetricSpec(
        "expectancy",
        "Expectancy",
        MetricUnit.QUOTE,
        "Mean profit of a trade. Undefined without trades.",
        "mean(profit)",
        _THARP,
    ),
    MetricSpec(
        "expectancy_ratio",
        "Expectancy ratio",
        MetricUnit.RATIO,
        "Expectancy in units of the average loss. Undefined without a losing trade.",
        "expectancy / |average_loss|",
        _THARP,
    ),
    MetricSpec(
        "average_win",
        "Average win",
        MetricUnit.QUOTE,
        "Mean profit of the winning trades. Undefined without one.",
        "mean(profit > 0)",
        _THARP,
    ),
    MetricSpec(
        "average_loss",
        "Average loss",
        MetricUnit.QUOTE,
        "Mean result of the losing trades, a negative amount. Undefined without one.",
        "mean(profit < 0)",
        _THARP,
    ),
    MetricSpec(
        "best_trade",
        "Best trade",
        MetricUnit.QUOTE,
        "Highest profit of a trade. Undefined without trades.",
        "max(profit)",
        _HOUSE,
    ),
    MetricSpec(
        "worst_trade",
        "Worst trade",
        MetricUnit.QUOTE,
        "Lowest profit of a trade. Undefined without trades.",
        "min(profit)",
        _HOUSE,
    ),
    MetricSpec(
        "longest_losing_streak",
        "Longest losing streak",
        MetricUnit.COUNT,
        "Most losing trades one after the other, in order of entry.",
        "longest run of profit < 0",
        _HOUSE,
    ),
    MetricSpec(
        "exposure",
        "Exposure",
        MetricUnit.FRACTION,
        "Share of bars in which a position was open for any time; the bar whose open "
        "a signal exit filled at is not one.",
        "bars in position / bars",
        _HOUSE,
    ),
    MetricSpec(
        "turnover",
        "Turnover",
        MetricUnit.RATIO,
        "Traded notional of entries and exits per unit of average equity, over the "
        "whole run.",
        "sum(quantity * (entry_price + exit_price)) / mean(equity)",
        _HOUSE,
    ),
    MetricSpec(
        "fees_paid",
        "Fees paid",
        MetricUnit.QUOTE,
        "Sum of entry and exit fees.",
        "sum(entry_fee + exit_fee)",
        _HOUSE,
    ),
)
