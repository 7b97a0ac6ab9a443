"""The fill contract as a kernel: what a bar backtest means, in one function.

Everything is told in the order in which it happens. Flat, the next entry signal is looked
for; held, the exit. Signals that were known at the close of bar i - 1 are acted on at the
open of bar i; then the stop, then the target, and at the bar's close the trailing stop
moves.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from apps.engines import grid

floor_units = njit(cache=True)(grid.floor_units)
ceil_units = njit(cache=True)(grid.ceil_units)
round_units = njit(cache=True)(grid.round_units)
on_grid = njit(cache=True)(grid.on_grid)

FIXED_QUOTE, PERCENT_OF_EQUITY, RISK_PER_TRADE = 0, 1, 2
SIGNAL, STOP_LOSS, TAKE_PROFIT, TRAILING_STOP, END_OF_DATA = 0, 1, 2, 3, 4
INSUFFICIENT_CASH, BELOW_MINIMUM = 0, 1

BLOCK = 64  # flags that are looked at together

# Columns of the trades' matrix of floats, and of its matrix of integers.
QUANTITY, ENTRY_PRICE, EXIT_PRICE, ENTRY_FEE, EXIT_FEE, PROFIT = 0, 1, 2, 3, 4, 5
ENTRY_BAR, EXIT_BAR, SIDE, REASON = 0, 1, 2, 3


@njit(cache=True, inline="always")
def _fill(price, direction, slippage, tick):
    """Move a price against us by the slippage, then to the nearest tick (rule 2)."""
    if slippage == 0.0:
        return price
    moved = price * (1.0 + direction * slippage)
    return on_grid(round_units(moved, *tick), *tick)


@njit(cache=True, inline="always")
def _level(price, side, gain, tick):
    """Return the price at which a position has gained a fraction of it (rule 3)."""
    reached = price * (1.0 + side * gain)
    if side > 0:
        return on_grid(ceil_units(reached, *tick), *tick)
    return on_grid(floor_units(reached, *tick), *tick)


@njit(cache=True, inline="always")
def _size(sizing, size, cash, raw, fill, side, stop_loss, fee, tick, step):
    """Return the quantity of an entry, on the step (rule 2).

    A fixed stake is divided by the open itself; what depends on equity includes the fee
    and the slippage, so that all of the equity can be put in.
    """
    if sizing == FIXED_QUOTE:
        wanted = size / raw
    else:
        affordable = cash / (fill * (1.0 + fee))
        if sizing == PERCENT_OF_EQUITY:
            wanted = size * affordable
        else:
            risk = abs(fill - _level(fill, side, -stop_loss, tick))
            # A stop that the tick puts at the entry loses nothing at any size.
            wanted = affordable if risk == 0.0 else min(size * cash / risk, affordable)
    return on_grid(floor_units(wanted, *step), *step)


@njit(cache=True, inline="always")
def _next(flags, start, end):
    """Return where the first flag is set in `start` to `end`; `end` where none is.

    Flags are bytes. Over slices, since numba checks an index for being negative.
    """
    while start + BLOCK <= end:
        found = np.uint8(0)
        for flag in flags[start : start + BLOCK]:
            found |= flag
        if found:
            break
        start += BLOCK
    for flag in flags[start:end]:
        if flag:
            return start
        start += 1
    return end


@njit(cache=True, inline="always")
def _exit(open_, high, low, close, leave, first, side, entry, exits, tick):
    """Return the bar of a position's exit, its price before slippage, and its reason."""
    last = len(open_) - 1
    stop_loss, take_profit, trailing = exits
    if stop_loss == 0.0 and take_profit == 0.0 and trailing == 0.0:
        bar = _next(leave.view(np.uint8), first, last) + 1
        if bar > last:
            return last, close[last], END_OF_DATA
        return bar, open_[bar], SIGNAL
    stop = _level(entry, side, -stop_loss, tick)
    trail = _level(entry, side, -trailing, tick)
    target = _level(entry, side, take_profit, tick)
    best = entry
    for i in range(first, last + 1):
        # An exit signal acts at the open; the entry's own bar is past its open.
        if i > first and leave[i - 1]:
            return i, open_[i], SIGNAL
        worst, favourable = (low[i], high[i]) if side > 0 else (high[i], low[i])
        # The stop, or the trailing stop where that is nearer, comes before the target
        # when one bar holds both (rule 4).
        level, reason = 0.0, SIGNAL
        if stop_loss > 0.0:
            level, reason = stop, STOP_LOSS
        if trailing > 0.0 and (level == 0.0 or side * (trail - level) > 0.0):
            level, reason = trail, TRAILING_STOP
        if level > 0.0 and side * (worst - level) <= 0.0:
            beyond = side * (open_[i] - level) <= 0.0
            return i, open_[i] if beyond else level, reason
        if take_profit > 0.0 and side * (favourable - target) >= 0.0:
            beyond = side * (open_[i] - target) >= 0.0
            return i, open_[i] if beyond else target, TAKE_PROFIT
        if trailing > 0.0:
            # The trailing stop moves at the close of a bar, never inside it (rule 5).
            best = max(best, high[i]) if side > 0 else min(best, low[i])
            moved = _level(best, side, -trailing, tick)
            trail = max(trail, moved) if side > 0 else min(trail, moved)
    return last, close[last], END_OF_DATA


@njit(cache=True)
def simulate(  # noqa: PLR0913, PLR0917
    open_,
    high,
    low,
    close,
    enter_long,
    leave_long,
    enter_short,
    leave_short,
    tick_n,
    tick_s,
    step_n,
    step_s,
    min_quantity,
    min_notional,
    sizing,
    size,
    stop_loss,
    take_profit,
    trailing,
    fee,
    slippage,
    capital,
    floats,
    ints,
    skipped,
):
    """Run one backtest by the fill contract.

    Args:
        open_: Prices of the bars, float64, n of each, as are `high`, `low`, `close`.
        high: See `open_`.
        low: See `open_`.
        close: See `open_`.
        enter_long: Signals known at each close, bool, n of each.
        leave_long: See `enter_long`.
        enter_short: See `enter_long`.
        leave_short: See `enter_long`.
        tick_n: The price's grid, numerator and scale (`apps.engines.grid`).
        tick_s: See `tick_n`.
        step_n: The quantity's grid, numerator and scale.
        step_s: See `step_n`.
        min_quantity: The smallest order, base units.
        min_notional: The smallest order, quote units.
        sizing: 0 a fixed stake, 1 a fraction of equity, 2 risk per trade.
        size: The stake in quote units, or the fraction.
        stop_loss: Fraction of the entry price; 0 is off, as it is below.
        take_profit: Likewise.
        trailing: Likewise.
        fee: Fraction of each fill's notional.
        slippage: Fraction of each fill's price.
        capital: Cash at the start, quote units.
        floats: Where trades are written, float64, (trades, 6): see the constants.
        ints: Where trades are written, int64, (trades, 4): see the constants.
        skipped: Two counters, int64: no cash, below the minimum.

    Returns:
        The number of trades.
    """
    last = len(open_) - 1
    # Entries of both sides on one bar are neither; bytes are compared many at once.
    enter = enter_long.view(np.uint8) ^ enter_short.view(np.uint8)
    tick, step = (tick_n, tick_s), (step_n, step_s)
    exits = (stop_loss, take_profit, trailing)
    cash = capital
    count = 0
    i = 1
    while True:
        # Flat: on to the next entry signal; the last bar takes none (rule 6).
        i = _next(enter, i - 1, last - 1) + 1
        if i >= last:
            return count

        side = 1 if enter_long[i - 1] else -1
        entry = _fill(open_[i], side, slippage, tick)
        quantity = _size(
            sizing, size, cash, open_[i], entry, side, stop_loss, fee, tick, step
        )
        notional = quantity * entry
        entry_fee = fee * quantity * entry
        too_small = quantity < min_quantity or notional < min_notional
        too_small = too_small or quantity <= 0.0
        if too_small or notional + entry_fee > cash:
            skipped[BELOW_MINIMUM if too_small else INSUFFICIENT_CASH] += 1
            i += 1
            continue
        cash -= side * notional + entry_fee
        ints[count, ENTRY_BAR], ints[count, SIDE] = i, side
        floats[count, QUANTITY] = quantity
        floats[count, ENTRY_PRICE] = entry
        floats[count, ENTRY_FEE] = entry_fee

        # Held: on to the exit.
        leave = leave_long if side > 0 else leave_short
        i, raw, reason = _exit(
            open_, high, low, close, leave, i, side, entry, exits, tick
        )
        price = _fill(raw, -side, slippage, tick)
        exit_fee = fee * quantity * price
        cash += side * quantity * price - exit_fee
        profit = side * quantity * (price - entry) - entry_fee - exit_fee
        ints[count, EXIT_BAR], ints[count, REASON] = i, reason
        floats[count, EXIT_PRICE] = price
        floats[count, EXIT_FEE] = exit_fee
        floats[count, PROFIT] = profit
        count += 1
        i += 1  # no new entry at the open of the bar that held the exit (rule 5)


@njit(cache=True)
def equity(close, floats, ints, count, capital):
    """Return cash plus the position at each close, quote units, float64, n."""
    n = len(close)
    out = np.empty(n)
    cash = capital
    trade = 0
    for i in range(n):
        while trade < count and ints[trade, EXIT_BAR] == i:
            cash += floats[trade, PROFIT]
            trade += 1
        value = cash
        if trade < count and ints[trade, ENTRY_BAR] <= i:
            moved = close[i] - floats[trade, ENTRY_PRICE]
            value = cash + ints[trade, SIDE] * floats[trade, QUANTITY] * moved
            value -= floats[trade, ENTRY_FEE]
        out[i] = value
    return out


@njit(cache=True)
def simulate_many(prices, enter_long, leave_long, market, options, capital):
    """Run many long-only backtests over the same bars, one after the other.

    Args:
        prices: `open_, high, low, close`, float64, n of each.
        enter_long: Signals, bool, (runs, n), C-contiguous.
        leave_long: Likewise.
        market: `tick_n, tick_s, step_n, step_s, min_quantity, min_notional`.
        options: `sizing, size, stop_loss, take_profit, trailing, fee, slippage`.
        capital: Cash at the start of each run, quote units.

    Returns:
        The floats (trades, 6) and integers (trades, 4) of all runs' trades, one run
        after the other; each run's number of trades; its skipped entries (runs, 2).
    """
    runs, bars = enter_long.shape
    # A trade needs an entry signal, so there cannot be more of them.
    room = int(enter_long.reshape(-1).view(np.uint8).sum())
    floats = np.empty((room, 6))
    ints = np.empty((room, 4), dtype=np.int64)
    counts = np.zeros(runs, dtype=np.int64)
    skipped = np.zeros((runs, 2), dtype=np.int64)
    none = np.zeros(bars, dtype=np.bool_)
    total = 0
    for run in range(runs):
        counts[run] = simulate(
            *prices,
            enter_long[run],
            leave_long[run],
            none,
            none,
            *market,
            *options,
            capital,
            floats[total:],
            ints[total:],
            skipped[run],
        )
        total += counts[run]
    return floats[:total], ints[:total], counts, skipped
