"""The market-making strategy, compiled: a grid of post-only quotes, renewed at intervals.

Each order has a number of its own: upstream's examples name an order by its price, and
abort when a price is quoted again while the answer to the order before is under way.

What is compiled here is compiled in every process that warms up, so it makes no arrays
and copies none: numba compiles a great deal for either.
"""

from __future__ import annotations

import numpy as np
from hftbacktest import BUY, CANCELED, EXPIRED, FILLED, GTX, LIMIT
from numba import njit

from apps.engines.adapters.hftbacktest.compiled import part

NOWHERE = 1 << 60  # upstream's marks of an empty side are beyond it, either way
BPS = 1e-4
HALF = 0.5

# Columns of a fill; of a record's integers, the fills known by then; of its floats.
FILL_TIME, FILL_SIDE, FILL_TICK, FILL_ORDER = 0, 1, 2, 3
COLUMNS = 4
MARK_TIME, MARK_FILLS = 0, 1
MARK_MID, MARK_POSITION = 0, 1
MARKS = 2
# What is counted, and where a run that was stopped goes on from.
SENT, REFUSED, FILLS, RECORDS, NUMBER, RECORDED_AT, STARTED = range(7)
COUNTERS = 7
# The run stopped, since the fills need more room; it goes on when called again.
FULL = -10

WAIT = False  # for the answer to an order, before the time goes on


@part
def _settle(hbt, fills, counts):
    """Write down the orders that were filled, and drop those that are done."""
    orders = hbt.orders(0).values()
    while orders.has_next():
        order = orders.get()
        if order.status == FILLED:
            row = counts[FILLS]
            fills[row, FILL_TIME] = order.exch_timestamp
            fills[row, FILL_SIDE] = 1 if order.side == BUY else -1
            fills[row, FILL_TICK] = order.exec_price_tick
            fills[row, FILL_ORDER] = order.order_id
            counts[FILLS] += 1
        elif order.status == EXPIRED:
            counts[REFUSED] += 1
    hbt.clear_inactive_orders(0)


@part
def _record(hbt, mid, time, marks, levels, counts):
    """Write down what we have, if there has been a middle to value it at."""
    row = counts[RECORDS]
    if row == len(marks) or not mid > 0.0:
        return
    marks[row, MARK_TIME] = time
    marks[row, MARK_FILLS] = counts[FILLS]
    levels[row, MARK_MID] = mid
    levels[row, MARK_POSITION] = hbt.position(0)
    counts[RECORDS] += 1


@part
def _side(hbt, side, ticks, quantity, room, placed, counts):
    """Bring one side's resting orders to the wanted prices; return a code.

    Args:
        hbt: The backtest.
        side: +1 for bids, -1 for asks.
        ticks: The wanted prices, nearest first, int64, (levels,).
        quantity: Each order's size.
        room: How many more orders of this side the inventory has room for.
        placed: Scratch, bool, (levels,).
        counts: Counters.
    """
    tick_size = hbt.depth(0).tick_size
    wanted = min(len(ticks), room)
    for k in range(wanted):
        placed[k] = False
    live = 0
    orders = hbt.orders(0).values()
    failed = 0
    while orders.has_next():
        order = orders.get()
        if (order.side == BUY) != (side > 0):
            continue
        live += 1
        if order.req == CANCELED:
            continue
        kept = False
        for k in range(wanted):
            if ticks[k] == order.price_tick and not placed[k]:
                placed[k] = True
                kept = True
                break
        if not kept and order.cancellable and failed == 0:
            # On to the end whatever comes, or upstream does not free what it goes by.
            failed = hbt.cancel(0, order.order_id, WAIT)
    for k in range(wanted):
        # What is being cancelled may still be filled: it takes room until it is gone.
        if failed != 0 or placed[k] or live >= room:
            continue
        counts[NUMBER] += 1
        number, price = counts[NUMBER], ticks[k] * tick_size
        if side > 0:
            failed = hbt.submit_buy_order(0, number, price, quantity, GTX, LIMIT, WAIT)
        else:
            failed = hbt.submit_sell_order(0, number, price, quantity, GTX, LIMIT, WAIT)
        live += 1
        counts[SENT] += 1
    return failed


@part
def _grid(middle, held, room, best_bid, best_ask, quoting, bids, asks):
    """Write down the wanted prices around the reservation price, in ticks."""
    half_bps, skew_bps, step_bps, _ = quoting
    fair = middle * (1.0 - BPS * skew_bps * held / room)
    away = max(1.0, np.floor(BPS * step_bps * middle + HALF))
    bid = min(np.floor(fair * (1.0 - BPS * half_bps)), best_ask - 1.0)
    ask = max(np.ceil(fair * (1.0 + BPS * half_bps)), best_bid + 1.0)
    for k in range(len(bids)):
        bids[k] = np.int64(max(1.0, bid - k * away))
        asks[k] = np.int64(ask + k * away)


@njit
def quote(hbt, quoting, timing, room, scratch, fills, marks, levels, counts):
    """Quote over a whole capture.

    Args:
        hbt: The backtest, at its start or where it stopped.
        quoting: `half_spread_bps, skew_bps, grid_step_bps, quantity`.
        timing: `interval, record_interval, end`, nanoseconds; the end is of the data.
        room: How many orders' worth of inventory each side may have.
        scratch: Two arrays of int64 and one of bool, as long as the grid has levels.
        fills: Where fills are written, int64, (k, 4): see the constants.
        marks: Where records' integers are written, int64, (m, 2): see the constants.
        levels: Where records' floats are written, float64, (m, 2): see the constants.
        counts: Counters, int64: see the constants.

    Returns:
        1 when the whole capture was played; `FULL`; or why it failed.
    """
    interval, record_interval, end = timing
    bids, asks, placed = scratch
    quantity = quoting[3]
    tick_size = hbt.depth(0).tick_size
    mid = 0.0
    code = 0
    if counts[STARTED] == 0:
        code = hbt.elapse(0)
        counts[STARTED] = 1
    while code == 0:
        if counts[FILLS] + len(hbt.orders(0)) > len(fills):
            return FULL
        _settle(hbt, fills, counts)
        depth = hbt.depth(0)
        best_bid, best_ask = depth.best_bid_tick, depth.best_ask_tick
        known = best_bid > -NOWHERE and best_ask < NOWHERE
        middle = HALF * (best_bid + best_ask) if known else 0.0
        mid = middle * tick_size if known else mid
        now = hbt.current_timestamp
        if now - counts[RECORDED_AT] >= record_interval:
            _record(hbt, mid, now, marks, levels, counts)
            counts[RECORDED_AT] = now
        if known:
            held = np.int64(np.floor(hbt.position(0) / quantity + HALF))
            _grid(middle, held, room, best_bid, best_ask, quoting, bids, asks)
            code = _side(hbt, 1, bids, quantity, room - held, placed, counts)
            if code == 0:
                code = _side(hbt, -1, asks, quantity, room + held, placed, counts)
        if code == 0:
            code = hbt.elapse(interval)
    if code == 1:
        if counts[FILLS] + len(hbt.orders(0)) > len(fills):
            return FULL
        _settle(hbt, fills, counts)
        last = marks[counts[RECORDS] - 1, MARK_TIME] if counts[RECORDS] > 0 else 0
        _record(hbt, mid, max(end, last + 1), marks, levels, counts)
    return code
