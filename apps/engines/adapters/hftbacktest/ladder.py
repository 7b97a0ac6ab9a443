"""Passes over a capture's rows, compiled: whether they can be played, and the best prices.

Rows are looked at as numbers: eight columns of 64 bits each, once as integers and once as
floats, in the order of hftbacktest's event dtype.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from apps.engines.adapters.hftbacktest.pricing import on_grid, round_units
from apps.engines.adapters.hftbacktest.rows import (
    BUY,
    CHANGE,
    CLEAR,
    EXCHANGE,
    KIND,
    LOCAL,
    SEEN,
    SELL,
    SIDES,
    SNAPSHOT,
    TRADE,
)

EV, EXCH_TS, LOCAL_TS, PX, QTY = 0, 1, 2, 3, 4

# What can be wrong with a row.
SOUND, UNSEEN, UNKNOWN, SIDELESS, PRICE, QUANTITY, TIME, EXCH_ORDER, LOCAL_ORDER = (
    range(9)
)

SMALLEST = 5e-324  # above nothing
# A price is a multiple of the tick when it lies so near to one, as a part of it.
ON_GRID = 1e-12

# What is counted on the way.
EXCH_ROWS, LOCAL_ROWS, DEPTHS, TRADES, LEAST, MOST, FIRST, LAST = range(8)
FIGURES = 8


@njit(cache=True, inline="always")
def _wrong(ev, kind, price, quantity):
    """Return what is wrong with a row, whatever its time; written so that NaN fails."""
    if ev & SEEN == 0:
        return UNSEEN
    if kind < CHANGE or kind > SNAPSHOT:
        return UNKNOWN
    side = ev & SIDES
    clear = kind == CLEAR
    # Only a clear may be of no side, which is of both.
    if side == SIDES or (side == 0 and not clear):
        return SIDELESS
    least = 0.0 if kind != TRADE else SMALLEST
    if not (clear or least <= quantity < np.inf):
        return QUANTITY
    if side != 0 and not 0.0 < price < np.inf:
        return PRICE
    return SOUND


@njit(cache=True)
def examine(ints, floats):
    """Return what is wrong with the first row that is not sound, that row, and figures.

    Args:
        ints: All rows as integers, int64, (n, 8), C-contiguous.
        floats: The same memory as floats, float64, (n, 8).

    Returns:
        One of the constants; the row; int64 figures: rows that the exchange sees, rows
        that we see, changes of depth and trades at the exchange, the least and the most
        latency in nanoseconds, the first and the last time at the exchange.
    """
    figures = np.zeros(FIGURES, dtype=np.int64)
    least, most = np.iinfo(np.int64).max, np.iinfo(np.int64).min
    exch_rows, local_rows, depths, trades = 0, 0, 0, 0
    exch_last, local_last, first = 0, 0, 0
    for row in range(len(ints)):
        ev = ints[row, EV]
        kind = ev & KIND
        wrong = _wrong(ev, kind, floats[row, PX], floats[row, QTY])
        if wrong != SOUND:
            return wrong, row, figures
        exch, local = ints[row, EXCH_TS], ints[row, LOCAL_TS]
        if exch <= 0 or local <= 0:
            return TIME, row, figures
        if ev & EXCHANGE:
            if exch < exch_last:
                return EXCH_ORDER, row, figures
            exch_last = exch
            if exch_rows == 0:
                first = exch
            exch_rows += 1
            if kind == TRADE:
                trades += 1
            else:
                depths += 1
        if ev & LOCAL:
            if local < local_last:
                return LOCAL_ORDER, row, figures
            local_last = local
            local_rows += 1
        least, most = min(least, local - exch), max(most, local - exch)
    figures[EXCH_ROWS], figures[LOCAL_ROWS] = exch_rows, local_rows
    figures[DEPTHS], figures[TRADES] = depths, trades
    figures[LEAST], figures[MOST] = least, most
    figures[FIRST], figures[LAST] = first, exch_last
    return SOUND, 0, figures


@njit(cache=True)
def best_prices(ints, floats, rank, levels):
    """Return the best bid and ask at the exchange after each moment.

    A moment is all rows of one time. Nothing is mended: where a bid is not below an ask,
    both stand as they are told.

    Args:
        ints: All rows as integers, int64, (n, 8), as for `examine`, which they passed.
        floats: The same memory as floats.
        rank: The place of each row's price among all prices that occur, int64, (n,).
        levels: How many prices occur.

    Returns:
        Times, int64, (k,); ranks of the best bid and ask, int64, (k, 2), -1 and `levels`
        where there is none.
    """
    bids, asks = np.zeros(levels + 1), np.zeros(levels + 1)
    bid, ask = -1, levels
    time = np.empty(len(ints), dtype=np.int64)
    best = np.empty((len(ints), 2), dtype=np.int64)
    count = 0
    for row in range(len(ints)):
        ev = ints[row, EV]
        kind = ev & KIND
        if ev & EXCHANGE == 0 or kind == TRADE:
            continue
        at = rank[row]
        quantity = floats[row, QTY]
        if kind == CLEAR:
            if ev & SIDES != SELL:
                bids[at if ev & SIDES else 0 :] = 0.0
            if ev & SIDES != BUY:
                asks[: at + 1 if ev & SIDES else levels] = 0.0
        elif ev & BUY:
            bids[at] = quantity
            bid = max(bid, at)
        else:
            asks[at] = quantity
            ask = min(ask, at)
        while bid >= 0 and bids[bid] == 0.0:
            bid -= 1
        while ask < levels and asks[ask] == 0.0:
            ask += 1
        if count == 0 or time[count - 1] != ints[row, EXCH_TS]:
            time[count] = ints[row, EXCH_TS]
            count += 1
        best[count - 1, 0], best[count - 1, 1] = bid, ask
    return time[:count].copy(), best[:count].copy()


@njit(cache=True)
def prices_fit(best, numerator, scale):
    """Return whether all best prices are multiples of a tick, and their range.

    Args:
        best: Best bid and ask, float64, (k, 2), NaN for none.
        numerator: The tick is `numerator / scale`; see `apps.engines.grid`.
        scale: Its other part.

    Returns:
        The first price that is no multiple, 0 where all are; the lowest and the highest
        price, infinite the wrong way round where there is none.
    """
    off, lowest, highest = 0.0, np.inf, -np.inf
    for side in range(2):
        last = np.nan
        for row in range(len(best)):
            price = best[row, side]
            # Best prices mostly stay what they are.
            if price == last or np.isnan(price):
                continue
            last = price
            lowest, highest = min(lowest, price), max(highest, price)
            near = on_grid(round_units(price, numerator, scale), numerator, scale)
            if off == 0.0 and abs(near - price) > ON_GRID * price:
                off = price
    return off, lowest, highest
