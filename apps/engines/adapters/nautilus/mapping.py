"""From NautilusTrader's fills to trades."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apps.engines.contracts import ExitReason, Trades
from apps.engines.errors import EngineCrashed
from apps.engines.gaps import gaps_spanned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.engines.adapters.nautilus.levels import Levels
    from apps.engines.adapters.nautilus.strategy import Fill
    from apps.engines.contracts import Bars, FloatArray, IntArray

REASONS = tuple(ExitReason)
# Sums of float64 against sums of 16 decimals.
RELATIVE = 1e-9


def trades_from(levels: Levels, fills: Sequence[Fill]) -> Trades:
    """Return fills, entries and exits in turn, as trades.

    Args:
        levels: The contract's arithmetic for the request that was run.
        fills: As NautilusTrader reported them, at prices before slippage.
    """
    bars = levels.request.bars
    entries, exits = fills[0::2], fills[1::2]
    quantity = np.array([fill.quantity for fill in entries], dtype=np.float64)
    raw_entry = np.array([fill.price for fill in entries], dtype=np.float64)
    raw_exit = np.array([fill.price for fill in exits], dtype=np.float64)
    entry, exit_ = levels.filled(raw_entry, 1.0), levels.filled(raw_exit, -1.0)
    # What was charged holds the slippage, which is in our prices.
    entry_fee = _charges(entries) - quantity * np.abs(entry - raw_entry)
    exit_fee = _charges(exits) - quantity * np.abs(exit_ - raw_exit)
    entry_bar, exit_bar = bars_of(bars, entries), bars_of(bars, exits)
    return Trades(
        entry_bar=entry_bar,
        exit_bar=exit_bar,
        side=np.ones(len(entries), dtype=np.int8),
        quantity=quantity,
        entry_price=entry,
        exit_price=exit_,
        entry_fee=entry_fee,
        exit_fee=exit_fee,
        profit=quantity * (exit_ - entry) - entry_fee - exit_fee,
        exit_reason=np.array(
            [REASONS.index(fill.reason) for fill in exits if fill.reason is not None],
            dtype=np.int8,
        ),
        gaps=gaps_spanned(bars, entry_bar, exit_bar),
    )


def bars_of(bars: Bars, fills: Sequence[Fill]) -> IntArray:
    """Return in which bar each fill was; a bar lasts from its open until its close."""
    times = np.array([fill.time for fill in fills], dtype=np.int64)
    index: IntArray = np.searchsorted(bars.time, times - 1, side="right") - 1
    return np.minimum(index, len(bars) - 1)


def books_check(
    balance: float, capital: float, trades: Trades, rounding: float = 0.0
) -> None:
    """Check our books against NautilusTrader's own account.

    Args:
        balance: What its account holds at the end, quote units.
        capital: What it began with.
        trades: What we made of its fills.
        rounding: By how much its money may be off, quote units.

    Raises:
        EngineCrashed: They differ.
    """
    expected = capital + trades.profit.sum()
    turnover = capital + (trades.quantity * trades.entry_price).sum()
    if abs(balance - expected) > RELATIVE * turnover + rounding:
        msg = f"nautilus' account ends at {balance!r}, its fills at {expected!r}."
        raise EngineCrashed(msg)


def _charges(fills: Sequence[Fill]) -> FloatArray:
    return np.array([fill.charge for fill in fills], dtype=np.float64)
