"""What the closed trades say, from their profits and their bars.

Profits are in quote units, after fees, one per trade in order of entry. A trade with
exactly no profit is neither won nor lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apps.engines.contracts import ExitReason
from apps.measures.quotient import finite, quotient

if TYPE_CHECKING:
    from apps.engines.contracts import FloatArray, Trades

# A signal exit fills at the open of its bar; every other exit fills inside it.
_SIGNAL = list(ExitReason).index(ExitReason.SIGNAL)


def win_rate(profits: FloatArray) -> float | None:
    """Return the share of trades with a profit, or None without trades."""
    return quotient(float(np.count_nonzero(profits > 0)), len(profits))


def profit_factor(profits: FloatArray) -> float | None:
    """Return the sum of profits over the sum of losses, or None without a loss.

    Kaufman, *Trading Systems and Methods*, 5th ed., Wiley 2013, ch. 21.
    """
    gross_loss = float(np.maximum(-profits, 0.0).sum())
    return quotient(float(np.maximum(profits, 0.0).sum()), gross_loss)


def expectancy(profits: FloatArray) -> float | None:
    """Return the mean profit of a trade, quote units, or None without trades.

    `win_rate * average_win + loss_rate * average_loss`: Tharp, *Trade Your Way to
    Financial Freedom*, McGraw-Hill 1999, ch. 7.
    """
    return finite(profits.mean()) if len(profits) else None


def expectancy_ratio(profits: FloatArray) -> float | None:
    """Return the mean profit in units of the average loss, or None without a loss.

    Tharp (1999), ch. 7: expectancy per unit risked, the average loss standing for it.
    """
    mean, loss = expectancy(profits), average_loss(profits)
    return None if mean is None or loss is None else quotient(mean, -loss)


def average_win(profits: FloatArray) -> float | None:
    """Return the mean profit of the winning trades, or None without one."""
    won = profits[profits > 0]
    return finite(won.mean()) if len(won) else None


def average_loss(profits: FloatArray) -> float | None:
    """Return the mean result of the losing trades, negative, or None without one."""
    lost = profits[profits < 0]
    return finite(lost.mean()) if len(lost) else None


def best_trade(profits: FloatArray) -> float | None:
    """Return the highest profit of a trade, or None without trades."""
    return finite(profits.max()) if len(profits) else None


def worst_trade(profits: FloatArray) -> float | None:
    """Return the lowest profit of a trade, or None without trades."""
    return finite(profits.min()) if len(profits) else None


def longest_losing_streak(profits: FloatArray) -> int:
    """Return the length of the longest unbroken run of losing trades."""
    index = np.arange(1, len(profits) + 1)
    latest_other = np.maximum.accumulate(np.where(profits < 0, 0, index))
    return int((index - latest_other).max(initial=0))


def fees_paid(trades: Trades) -> float:
    """Return the sum of all entry and exit fees, quote units."""
    return float(trades.entry_fee.sum() + trades.exit_fee.sum())


def turnover(trades: Trades, equity: FloatArray) -> float | None:
    """Return the traded notional of entries and exits over the mean equity.

    Over the whole run, not a year. None where the mean equity is not positive.

    Args:
        trades: The closed trades.
        equity: Equity at each bar's close, quote units, shape (bars,).
    """
    traded = float((trades.quantity * (trades.entry_price + trades.exit_price)).sum())
    average = float(equity.mean()) if len(equity) else 0.0
    return quotient(traded, average) if average > 0 else None


def exposure(trades: Trades, bars: int) -> float | None:
    """Return the share of bars in which a position was open for any time.

    From the bar of the entry through that of the exit, less the latter where a signal
    closed the position at its open.

    Args:
        trades: The closed trades.
        bars: Length of the series.

    Returns:
        A fraction within [0, 1], or None without bars.
    """
    after = trades.exit_bar + (trades.exit_reason != _SIGNAL)
    steps = np.zeros(bars + 1, dtype=np.int64)
    np.add.at(steps, trades.entry_bar, 1)
    np.subtract.at(steps, after, 1)
    return quotient(float(np.count_nonzero(steps.cumsum()[:bars] > 0)), bars)
