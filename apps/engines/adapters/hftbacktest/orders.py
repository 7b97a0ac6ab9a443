"""The strategy of market orders, compiled: one order at a signal, through the book.

It knows what a person at the exchange would: the book as it was one feed latency ago, and
the fills that were reported. Money is counted here, by the fill contract, and not by
hftbacktest, whose book may be kept one tick wide (see `book`).
"""

from __future__ import annotations

from hftbacktest import BUY, FILLED, GTC, MARKET
from numba import njit

from apps.engines.adapters.hftbacktest.compiled import part
from apps.engines.adapters.hftbacktest.errors import (
    LEFT_OPEN,
    NO_BOOK,
    NOT_FILLED,
    OTHER_MARKET,
)
from apps.engines.adapters.hftbacktest.pricing import (
    on_grid,
    price_of,
    units_of,
)

SIGNAL, END_OF_DATA = 0, 4

# Columns of the trades' matrix of floats, and of its matrix of integers.
QUANTITY, ENTRY_PRICE, EXIT_PRICE, ENTRY_FEE, EXIT_FEE, PROFIT = 0, 1, 2, 3, 4, 5
ENTRY_BAR, EXIT_BAR, SIDE, REASON = 0, 1, 2, 3

# What is counted: trades, entries skipped by reason, orders beyond the book, and where
# in the decisions the run came to.
TRADES, NO_CASH, TOO_SMALL, TOO_BIG, SWEPT, AT = 0, 1, 2, 3, 4, 5
COUNTERS = 6

# A captured price that is not within these parts of the open is of another market.
LOWEST, HIGHEST = 0.5, 2.0

GO = -1  # an entry that nothing keeps back
HALF = 0.5

NOWHERE = 1 << 60  # upstream's marks of an empty side are beyond it, either way

WAIT = True  # for the answer to an order, before the time goes on


@part
def _advance(hbt, until):
    """Let the time pass until then; 0 when it did."""
    ahead = until - hbt.current_timestamp
    return hbt.elapse(ahead) if ahead > 0 else 0


@part
def _best(hbt, side):
    """Return the best price for an order as we know it, in ticks."""
    depth = hbt.depth(0)
    return depth.best_ask_tick if side > 0 else depth.best_bid_tick


@part
def _walk(hbt, side, amount, longest):
    """Return how many ticks beyond the best an order is filled on average.

    The levels are those that we see when we send it. What they do not hold is taken at
    the last of them, and said so.

    Returns:
        The ticks, in the order's disfavour, and whether the book held the order.
    """
    if longest == 0:
        return 0.0, True
    depth = hbt.depth(0)
    best = _best(hbt, side)
    left = amount
    paid = 0.0
    last = 0
    for away in range(longest):
        at = best + side * away
        held = depth.ask_qty_at_tick(at) if side > 0 else depth.bid_qty_at_tick(at)
        if held > 0.0:
            taken = min(held, left)
            paid += taken * away
            left -= taken
            last = away
            if left <= 0.0:
                return paid / amount, True
    return (paid + left * last) / amount, False


@part
def _send(hbt, number, side, amount, tick_size):
    """Send a market order, wait for its answer, return a code and the tick it had."""
    price = _best(hbt, side) * tick_size
    if side > 0:
        code = hbt.submit_buy_order(0, number, price, amount, GTC, MARKET, WAIT)
    else:
        code = hbt.submit_sell_order(0, number, price, amount, GTC, MARKET, WAIT)
    if code > 1:
        return code, 0
    order = hbt.orders(0).get(number)
    if order is None or order.status != FILLED:
        return NOT_FILLED, 0
    if abs(order.exec_qty - amount) > 0.0 or (order.side == BUY) != (side > 0):
        return NOT_FILLED, 0
    filled = order.exec_price_tick
    hbt.clear_inactive_orders(0)
    return (0, filled) if -NOWHERE < filled < NOWHERE else (NO_BOOK, 0)


@part
def _entry(hbt, side, shown, open_, cash, market, options, book, checked):
    """Return which counter an entry is skipped to, or `GO`; its steps; how far it walks.

    Args:
        hbt: The backtest, when the entry is sent.
        side: +1 to buy, -1 to sell short.
        shown: The best price that we know of, ticks.
        open_: The bar's open, by which a fixed stake is divided (rule 2).
        cash: What there is, quote units.
        market: See `trade`, as are the others.
        options: See `trade`.
        book: See `trade`.
        checked: See `trade`.
    """
    tick_n, tick_s, step_n, step_s, min_quantity, min_notional = market
    sizing, size, fee, slippage = options
    _, lot, longest, _ = book
    tick, step = (tick_n, tick_s), (step_n, step_s)
    price = price_of(shown, side, 0.0, slippage, tick)
    units = units_of(sizing, size, cash, open_, price, fee, step)
    quantity = on_grid(units, *step)
    if quantity <= 0.0:
        return TOO_SMALL, units, 0.0
    if checked and (quantity < min_quantity or quantity * price < min_notional):
        return TOO_SMALL, units, 0.0
    away, enough = _walk(hbt, side, units * lot, longest)
    price = price_of(shown, side, away, slippage, tick)
    if checked and quantity * price + fee * quantity * price > cash:
        return NO_CASH, units, away
    return GO if enough else TOO_BIG, units, away


@njit
def trade(  # noqa: PLR0912, PLR0915 - told in the order in which it happens
    hbt, decisions, end, market, options, book, capital, checked, floats, ints, counts
):
    """Play all decisions; what was traded is written to `floats` and `ints`.

    Args:
        hbt: The backtest, at its start.
        decisions: `when, bar, enter, leave_long, leave_short, opens`, m of each: the time
            on our clock, the bar, the side to enter or 0, whether to leave, the open;
            the last of them is the end, when what is open is closed.
        end: The bar in which what is open at the end is closed.
        market: `tick_n, tick_s, step_n, step_s, min_quantity, min_notional`.
        options: `sizing, size, fee, slippage`.
        book: `shift, lot, longest, captured`: by how many ticks asks are kept apart, how
            much one step is in the book's unit, how many ticks an order may walk (0: all
            is had at the best), whether its prices are to be held against the opens.
        capital: Cash at the start, quote units.
        checked: Whether cash and the market's minimums are looked at.
        floats: Where trades are written, float64, (trades, 6): see the constants.
        ints: Where trades are written, int64, (trades, 4): see the constants.
        counts: Counters, int64: see the constants.

    Returns:
        0, or why the run failed: see `errors`.
    """
    when, bars, enters, leaves_long, leaves_short, opens = decisions
    tick_n, tick_s, step_n, step_s, _, _ = market
    _, _, fee, slippage = options
    shift, lot, longest, captured = book
    tick = (tick_n, tick_s)
    tick_size = hbt.depth(0).tick_size
    cash = capital
    held = 0
    units = 0.0
    count = 0
    number = 0
    code = hbt.elapse(0)
    for k in range(len(when)):
        if code != 0:
            return code
        counts[AT] = k
        over = k == len(when) - 1
        side = enters[k]
        if held != 0:
            leaves = leaves_long[k] if held > 0 else leaves_short[k]
            side = -held if leaves or over else 0
        if side == 0:
            continue
        code = _advance(hbt, when[k])
        if code != 0:
            return code
        best = _best(hbt, side)
        if not -NOWHERE < best < NOWHERE:
            return NO_BOOK
        shown = best - shift if side > 0 else best
        if captured and not LOWEST <= on_grid(shown, *tick) / opens[k] <= HIGHEST:
            return OTHER_MARKET
        if held == 0:
            verdict, units, away = _entry(
                hbt, side, shown, opens[k], cash, market, options, book, checked
            )
            if verdict != GO:
                counts[verdict] += 1
                continue
        else:
            away, enough = _walk(hbt, side, units * lot, longest)
            counts[SWEPT] += 0 if enough else 1

        number += 1
        code, filled = _send(hbt, number, side, units * lot, tick_size)
        if code != 0:
            return code
        price = price_of(
            filled - shift if side > 0 else filled, side, away, slippage, tick
        )
        quantity = on_grid(units, step_n, step_s)
        paid = fee * quantity * price
        if held == 0:
            cash -= side * (quantity * price) + paid
            ints[count, ENTRY_BAR], ints[count, SIDE] = bars[k], side
            floats[count, QUANTITY] = quantity
            floats[count, ENTRY_PRICE] = price
            floats[count, ENTRY_FEE] = paid
            held = side
        else:
            cash += held * quantity * price - paid
            entry, entry_fee = floats[count, ENTRY_PRICE], floats[count, ENTRY_FEE]
            ints[count, EXIT_BAR] = end if over else bars[k]
            ints[count, REASON] = END_OF_DATA if over else SIGNAL
            floats[count, EXIT_PRICE] = price
            floats[count, EXIT_FEE] = paid
            floats[count, PROFIT] = held * quantity * (price - entry) - entry_fee - paid
            held = 0
            count += 1
            counts[TRADES] = count
    return LEFT_OPEN if abs(hbt.position(0)) > lot * HALF else code
