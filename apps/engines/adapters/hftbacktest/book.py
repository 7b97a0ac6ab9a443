"""An order book made of bars: what a market order meets where no depth was captured.

For each bar with a signal the book stands at the bar's open, and once more at the moment
at which an order of that bar arrives. Bids lie at the price less half the spread and asks
at the price plus half, rounded outwards to the tick, with further levels one tick apart.

Inside a bar the price goes in straight lines from the open to the extreme that is against
the order, to the other extreme, to the close, a third of the bar's time each: up first for
a purchase, down first for a sale, as rule 4 has it for a position. So latency costs, and
does not give. A bar whose signals would do either goes down first.

Prices are counted in ticks and quantities in steps. A book in which bid and ask are equal
is none to hftbacktest, which lets the newer side push the other away; so all asks are kept
one tick higher than they are, and what is bought is read back one tick lower (`SHIFT`).
With no spread both sides then fill at the price itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from apps.engines.adapters.hftbacktest.config import PLENTY
from apps.engines.adapters.hftbacktest.rows import (
    BUY,
    CLEAR,
    SEEN,
    SELL,
    SNAPSHOT,
    rows_make,
)
from apps.engines.grid import ceil_units, floor_units, grid_of, round_units

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from apps.engines.adapters.hftbacktest.decisions import Decisions
    from apps.engines.contracts import Execution, FloatArray, IntArray, RunRequest

SHIFT = 1
HALF_BPS = 0.5 / 10_000


@dataclass(frozen=True, slots=True)
class _Moments:
    """When the book is set, at what price, and how far its sides lie from that."""

    time: IntArray
    price: FloatArray
    half: FloatArray


def book_events(
    request: RunRequest, decisions: Decisions, execution: Execution, least: int
) -> NDArray[Any]:
    """Return the book's events, in order, for both sides of the line.

    Args:
        request: Whose bars and market.
        decisions: In which bars the book is needed.
        execution: Spread, levels, depth and latencies.
        least: The narrowest spread, ticks.
    """
    moments = _moments(request, decisions, execution)
    tick, step = (
        grid_of(request.market.price_tick),
        grid_of(request.market.quantity_step),
    )
    asks = ceil_units(moments.price + moments.half, tick.numerator, tick.scale)
    bids = floor_units(moments.price - moments.half, tick.numerator, tick.scale)
    asks = np.maximum(asks, bids + least)
    held = np.full(len(asks), PLENTY)
    if execution.level_depth is not None:
        held = floor_units(
            execution.level_depth / moments.price, step.numerator, step.scale
        )
    levels = 1 if execution.level_depth is None else execution.levels
    return _rows(moments.time, execution.feed_latency_ns, bids, asks, held, levels)


def _moments(
    request: RunRequest, decisions: Decisions, execution: Execution
) -> _Moments:
    bars, at = request.bars, decisions.bar
    opened, price = bars.time[at], bars.open[at]
    half = price * (execution.spread_bps * HALF_BPS)
    delay = execution.feed_latency_ns + execution.order_latency_ns
    if delay > 0:
        later = _inside(request, decisions, delay / bars.timeframe_ns)
        opened = np.column_stack((opened, opened + delay)).ravel()
        price = np.column_stack((price, later)).ravel()
        half = np.repeat(half, 2)
    # What is open at the end is closed in a book at the last close; one more after it,
    # so that the data does not end before the last order's answer.
    end = bars.time[-1] + bars.timeframe_ns
    last = np.array([end, end + delay + execution.order_latency_ns + 1])
    close = bars.close[-1:].repeat(2)
    return _Moments(
        np.concatenate((opened, last)),
        np.concatenate((price, close)),
        np.concatenate((half, close * (execution.spread_bps * HALF_BPS))),
    )


def _inside(request: RunRequest, decisions: Decisions, passed: float) -> FloatArray:
    """Return the price inside each bar when a part of its time has passed."""
    bars, at = request.bars, decisions.bar
    buys = (decisions.enter > 0) | decisions.leave_short
    sells = (decisions.enter < 0) | decisions.leave_long
    up = buys & ~sells
    high, low = bars.high[at], bars.low[at]
    path = np.stack(
        (
            bars.open[at],
            np.where(up, high, low),
            np.where(up, low, high),
            bars.close[at],
        )
    )
    legs = len(path) - 1
    leg = min(int(passed * legs), legs - 1)
    part = passed * legs - leg
    price = path[leg] + part * (path[leg + 1] - path[leg])
    tick = grid_of(request.market.price_tick)
    units = np.maximum(round_units(price, tick.numerator, tick.scale), 1.0)
    inside: FloatArray = units * tick.numerator / tick.scale
    return inside


def _rows(
    time: IntArray,
    feed_ns: int,
    bids: FloatArray,
    asks: FloatArray,
    held: FloatArray,
    levels: int,
) -> NDArray[Any]:
    """Return, for each moment, that the book is cleared and then set level by level."""
    rows = rows_make(len(time), 1 + 2 * levels)
    away = np.arange(levels)
    rows["exch_ts"] = time[:, None]
    rows["local_ts"] = time[:, None] + feed_ns
    rows["ev"][:, 0] = SEEN | CLEAR
    rows["ev"][:, 1 : 1 + levels] = SEEN | SNAPSHOT | BUY
    rows["ev"][:, 1 + levels :] = SEEN | SNAPSHOT | SELL
    # There is no bid below the first tick.
    rows["px"][:, 1 : 1 + levels] = np.maximum(bids[:, None] - away, 1.0)
    rows["px"][:, 1 + levels :] = asks[:, None] + away + SHIFT
    rows["qty"][:, 1:] = held[:, None]
    return rows.ravel()
