"""Market making on bare hftbacktest: what a person without Parallax would write.

The strategy is the one that Parallax plays, over the same file, and keeps no more than
how many orders it sent and how many of them were filled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from hftbacktest import (
    BUY,
    CANCELED,
    FILLED,
    GTX,
    LIMIT,
    BacktestAsset,
    HashMapMarketDepthBacktest,
)
from numba import njit

if TYPE_CHECKING:
    from apps.engines.market_making import MarketMakingRequest

NO_BOOK = 1 << 60
WAIT = False
BIDS, ASKS = True, False


@njit
def _grid(hbt, held, room, options, bids, asks):  # type: ignore[no-untyped-def]
    half, skew, step, _ = options
    depth = hbt.depth(0)
    best_bid, best_ask = depth.best_bid_tick, depth.best_ask_tick
    if best_bid < -NO_BOOK or best_ask > NO_BOOK:
        return False
    middle = (best_bid + best_ask) / 2
    fair = middle * (1 - 1e-4 * skew * held / room)
    away = max(1.0, np.floor(1e-4 * step * middle + 0.5))
    bid = min(np.floor(fair * (1 - 1e-4 * half)), best_ask - 1)
    ask = max(np.ceil(fair * (1 + 1e-4 * half)), best_bid + 1)
    for k in range(len(bids)):
        bids[k], asks[k] = bid - k * away, ask + k * away
    return True


@njit
def _renew(hbt, buys, ticks, quantity, room, number):  # type: ignore[no-untyped-def]
    wanted = min(len(ticks), room)
    placed = np.zeros(len(ticks), dtype=np.bool_)
    live = 0
    orders = hbt.orders(0).values()
    while orders.has_next():
        order = orders.get()
        if (order.side == BUY) != buys:
            continue
        live += 1
        if order.req == CANCELED:
            continue
        kept = False
        for k in range(wanted):
            if ticks[k] == order.price_tick and not placed[k]:
                placed[k] = kept = True
                break
        if not kept and order.cancellable:
            hbt.cancel(0, order.order_id, WAIT)
    tick_size = hbt.depth(0).tick_size
    for k in range(wanted):
        if placed[k] or live >= room:
            continue
        number += 1
        live += 1
        price = ticks[k] * tick_size
        if buys:
            hbt.submit_buy_order(0, number, price, quantity, GTX, LIMIT, WAIT)
        else:
            hbt.submit_sell_order(0, number, price, quantity, GTX, LIMIT, WAIT)
    return number


@njit
def _play(hbt, options, interval, room, bids, asks):  # type: ignore[no-untyped-def]
    sent, filled = 0, 0
    quantity = options[3]
    code = hbt.elapse(0)
    while code == 0:
        orders = hbt.orders(0).values()
        while orders.has_next():
            filled += orders.get().status == FILLED
        hbt.clear_inactive_orders(0)
        held = int(np.floor(hbt.position(0) / quantity + 0.5))
        if _grid(hbt, held, room, options, bids, asks):
            sent = _renew(hbt, BIDS, bids, quantity, room - held, sent)
            sent = _renew(hbt, ASKS, asks, quantity, room + held, sent)
        code = hbt.elapse(interval)
    orders = hbt.orders(0).values()
    while orders.has_next():
        filled += orders.get().status == FILLED
    return sent, filled


def bare_run(request: MarketMakingRequest) -> tuple[int, int]:
    """Play a request's quotes on its capture, from the file on.

    Returns:
        How many orders were sent, and how many of them filled.
    """
    quoting = request.quoting
    asset: Any = (
        BacktestAsset()
        .data(request.capture)
        .linear_asset(1.0)
        .tick_size(float(request.market.price_tick))
        .lot_size(float(request.market.quantity_step))
        .no_partial_fill_exchange()
        .trading_value_fee_model(request.maker_fee, request.taker_fee)
        .constant_order_latency(request.entry_latency_ns, request.response_latency_ns)
        .power_prob_queue_model(request.queue_power)
    )
    backtest = HashMapMarketDepthBacktest([asset])
    options = (
        quoting.half_spread_bps,
        quoting.skew_bps,
        quoting.grid_step_bps,
        quoting.order_quantity,
    )
    room = int(quoting.max_position / quoting.order_quantity)
    levels = np.zeros((2, quoting.grid_levels), dtype=np.int64)
    try:
        sent, filled = _play(backtest, options, quoting.interval_ns, room, *levels)
    finally:
        backtest.close()
    return sent, filled
