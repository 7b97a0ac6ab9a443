"""Cash plus position at each close, from trades; for engines that give only trades."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from apps.engines.contracts import Bars, FloatArray, IntArray, Trades


HALF = 0.5  # a count of 0 or 1, told apart whatever its rounding


def equity_curve(bars: Bars, trades: Trades, capital: float) -> FloatArray:
    """Return equity at each bar's close, quote units, float64, n bars.

    Args:
        bars: The series that was run.
        trades: Trades that do not overlap, in order.
        capital: Cash at the start, quote units.
    """
    size = len(bars) + 1
    # At an entry the position begins and its fee is paid; at an exit the position ends
    # and the trade's profit, fees included, takes the place of both.
    position = trades.side * trades.quantity
    held = _stepped(size, (trades.entry_bar, position), (trades.exit_bar, -position))
    basis = _stepped(
        size,
        (trades.entry_bar, position * trades.entry_price + trades.entry_fee),
        (trades.exit_bar, -(position * trades.entry_price + trades.entry_fee)),
    )
    settled = _stepped(size, (trades.exit_bar, trades.profit))
    held_count = _stepped(
        size,
        (trades.entry_bar, np.ones(len(trades))),
        (trades.exit_bar, -np.ones(len(trades))),
    )
    # Summing up leaves residues of the order of 1e-12 where nothing is held.
    open_value = np.where(held_count > HALF, held * bars.close - basis, 0.0)
    curve: FloatArray = capital + settled + open_value
    return curve


def _stepped(size: int, *changes: tuple[IntArray, FloatArray]) -> FloatArray:
    total = np.zeros(size)
    for at, amount in changes:
        np.add.at(total, at, amount)
    summed: FloatArray = np.cumsum(total[:-1])
    return summed
