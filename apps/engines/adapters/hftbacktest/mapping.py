"""From a request to the compiled strategy's arguments, and from its matrices to trades."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.engines.adapters.hftbacktest.config import (
    LONGEST_WALK,
    NATIVE_FEED_NS,
    NATIVE_ORDER_NS,
    UNIT,
)
from apps.engines.adapters.hftbacktest.pricing import FIXED_QUOTE, PERCENT_OF_EQUITY
from apps.engines.contracts import Mode, SizingKind, Trades
from apps.engines.gaps import gaps_spanned
from apps.engines.grid import grid_of

if TYPE_CHECKING:
    from apps.engines.adapters.hftbacktest.decisions import Decisions
    from apps.engines.contracts import Bars, Execution, FloatArray, IntArray, RunRequest

SIZING_CODES = {
    SizingKind.FIXED_QUOTE: FIXED_QUOTE,
    SizingKind.PERCENT_OF_EQUITY: PERCENT_OF_EQUITY,
}


def execution_of(request: RunRequest) -> Execution:
    """Return the way to the market; a native run that names none has upstream's."""
    asked = request.execution
    if request.mode is Mode.EXACT or asked.feed_latency_ns or asked.order_latency_ns:
        return asked
    return replace(
        asked, feed_latency_ns=NATIVE_FEED_NS, order_latency_ns=NATIVE_ORDER_NS
    )


def decision_arguments(
    request: RunRequest, decisions: Decisions, execution: Execution
) -> tuple[Any, ...]:
    """Return the decisions' columns and the end, as the compiled strategy takes them."""
    bars, at = request.bars, decisions.bar
    over = bars.time[-1:] + bars.timeframe_ns
    none = np.zeros(1, dtype=np.bool_)
    return (
        np.concatenate((bars.time[at], over)) + execution.feed_latency_ns,
        np.append(at, len(bars) - 1),
        np.append(decisions.enter, 0),
        np.concatenate((decisions.leave_long, none)),
        np.concatenate((decisions.leave_short, none)),
        np.concatenate((bars.open[at], bars.close[-1:])),
    )


def market_arguments(
    request: RunRequest,
) -> tuple[float, float, float, float, float, float]:
    """Return tick, step and minimums."""
    tick = grid_of(request.market.price_tick)
    step = grid_of(request.market.quantity_step)
    return (
        tick.numerator,
        tick.scale,
        step.numerator,
        step.scale,
        float(request.market.min_quantity),
        float(request.market.min_notional),
    )


def option_arguments(request: RunRequest) -> tuple[int, float, float, float]:
    """Return sizing and costs; in a native run the book is all the slippage there is."""
    exact = request.mode is Mode.EXACT
    return (
        SIZING_CODES[request.sizing.kind],
        request.sizing.value,
        request.costs.fee_rate,
        request.costs.slippage_rate if exact else 0.0,
    )


def book_arguments(
    request: RunRequest, execution: Execution, shift: int
) -> tuple[int, float, int, bool]:
    """Return how the book counts, and how far an order may walk through it."""
    if execution.capture is not None:
        return 0, float(request.market.quantity_step), LONGEST_WALK, True
    finite = execution.level_depth is not None
    return shift, UNIT, execution.levels if finite else 0, False


def trades_from(bars: Bars, floats: FloatArray, ints: IntArray) -> Trades:
    """Return the strategy's matrices as columns.

    Args:
        bars: The series that was run.
        floats: Quantity, prices, fees, profit; (trades, 6).
        ints: Bars, side, reason; (trades, 4).
    """
    entry_bar, exit_bar = ints[:, 0].copy(), ints[:, 1].copy()
    quantity, entry, exit_, entry_fee, exit_fee, profit = floats.T.copy()
    return Trades(
        entry_bar=entry_bar,
        exit_bar=exit_bar,
        side=ints[:, 2].astype(np.int8),
        quantity=quantity,
        entry_price=entry,
        exit_price=exit_,
        entry_fee=entry_fee,
        exit_fee=exit_fee,
        profit=profit,
        exit_reason=ints[:, 3].astype(np.int8),
        gaps=gaps_spanned(bars, entry_bar, exit_bar),
    )
