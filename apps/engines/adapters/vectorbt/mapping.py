"""From a request to vectorbt's rows, and from its orders back to trades.

Without stops a bar is one row. With stops it is two: an open row (o, o, o, o) that
carries the signals, and a range row (o, h, l, c) that carries none, because in one row
vectorbt would neither watch the entry bar nor put the open before the range. One more
row at the last close ends what is still open there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from apps.engines.contracts import ExitReason, Trades
from apps.engines.gaps import gaps_spanned
from apps.engines.grid import (
    ceil_units,
    floor_units,
    grid_of,
    on_grid,
    round_units,
)

if TYPE_CHECKING:
    from typing import Any

    from apps.engines.contracts import BoolArray, FloatArray, IntArray, RunRequest

# A level moves by this part of a tick towards the price, so that touching it counts.
TOUCH = 1e-4
REASONS = tuple(ExitReason)


@dataclass(frozen=True, slots=True)
class Plan:
    """What would happen at each bar's open if it were entered there; arrays of n.

    Attributes:
        entry: Whether an entry signal acts at this open.
        leave: Whether an exit signal acts at this open.
        quantity: What would be bought, base units.
        fill: At what price, after slippage, on the tick.
        cost: Notional and fee, quote units.
        too_small: Whether that is below the instrument's minimum.
        stop: The stop's price, NaN without one.
        target: The target's price, NaN without one.
    """

    entry: BoolArray
    leave: BoolArray
    quantity: FloatArray
    fill: FloatArray
    cost: FloatArray
    too_small: BoolArray
    stop: FloatArray
    target: FloatArray


def plan_make(request: RunRequest) -> Plan:
    """Work out for every bar what an entry at its open would be (rules 1-3, 6)."""
    market, open_ = request.market, request.bars.open
    tick, step = grid_of(market.price_tick), grid_of(market.quantity_step)
    entry = _shifted(request.signals.entry_long)
    entry[-1:] = False
    wanted = request.sizing.value / open_
    units = floor_units(wanted, step.numerator, step.scale)
    quantity = on_grid(units, step.numerator, step.scale)
    fill = slipped(open_, 1.0, request)
    notional = quantity * fill
    too_small = (
        (quantity <= 0)
        | (quantity < float(market.min_quantity))
        | (notional < float(market.min_notional))
    )
    none = np.full(len(open_), np.nan)
    stop, target = none, none
    if request.protection.stop_loss:
        level = fill * (1.0 - request.protection.stop_loss)
        units = ceil_units(level, tick.numerator, tick.scale)
        stop = on_grid(units, tick.numerator, tick.scale)
    if request.protection.take_profit:
        level = fill * (1.0 + request.protection.take_profit)
        units = ceil_units(level, tick.numerator, tick.scale)
        target = on_grid(units, tick.numerator, tick.scale)
    return Plan(
        entry=entry,
        leave=_shifted(request.signals.exit_long),
        quantity=quantity,
        fill=fill,
        cost=notional + request.costs.fee_rate * quantity * fill,
        too_small=too_small,
        stop=stop,
        target=target,
    )


def slipped(price: FloatArray, direction: float, request: RunRequest) -> FloatArray:
    """Move prices against us by the slippage, then to the nearest tick (rule 2)."""
    if request.costs.slippage_rate == 0.0:
        return price
    tick = grid_of(request.market.price_tick)
    moved = price * (1.0 + direction * request.costs.slippage_rate)
    units = round_units(moved, tick.numerator, tick.scale)
    slipped_price: FloatArray = on_grid(units, tick.numerator, tick.scale)
    return slipped_price


def rows_without_stops(
    request: RunRequest, plan: Plan, entries: BoolArray
) -> dict[str, Any]:
    """Return vectorbt's arguments, one row a bar and one at the last close."""
    bars = request.bars
    end = bars.close[-1:]
    return {
        "close": np.concatenate((bars.close, end)),
        "price": np.concatenate((bars.open, end)),
        "entries": np.concatenate((entries, [False])),
        "exits": np.concatenate((plan.leave, [True])),
        "size": np.append(plan.quantity, 1.0),
        "use_stops": False,
    }


def rows_with_stops(
    request: RunRequest, plan: Plan, entries: BoolArray
) -> dict[str, Any]:
    """Return vectorbt's arguments, two rows a bar and one at the last close."""
    bars = request.bars
    end = bars.close[-1]
    none = np.zeros(len(bars), dtype=np.bool_)
    bias = TOUCH * float(request.market.price_tick)
    # vectorbt measures its fractions from the price that it filled at, unrounded.
    filled = bars.open * (1.0 + request.costs.slippage_rate)
    # On a coarse tick a level may lie at the fill itself: at once, not before.
    sl_stop = np.maximum(1.0 - (plan.stop + bias) / filled, 0.0)
    tp_stop = np.maximum((plan.target - bias) / filled - 1.0, 0.0)
    open_ = _interleave(bars.open, bars.open, end=end)
    return {
        "open": open_,
        "high": _interleave(bars.open, bars.high, end=end),
        "low": _interleave(bars.open, bars.low, end=end),
        "close": _interleave(bars.open, bars.close, end=end),
        "price": open_,
        "entries": _interleave(entries, none, end=False),
        "exits": _interleave(plan.leave, none, end=True),
        "size": _interleave(plan.quantity, plan.quantity, end=1.0),
        "sl_stop": _interleave(sl_stop, sl_stop, end=np.nan),
        "tp_stop": _interleave(tp_stop, tp_stop, end=np.nan),
        "use_stops": True,
    }


def trades_from(
    request: RunRequest, plan: Plan, orders: Any, rows_per_bar: int
) -> Trades:
    """Return vectorbt's order records, entries and exits in turn, as trades.

    Args:
        request: What was run.
        plan: What an entry at each open is.
        orders: Records with `idx` and `price`.
        rows_per_bar: 1 or 2.
    """
    last = len(request.bars) - 1
    entry_bar = (orders["idx"][0::2] // rows_per_bar).astype(np.int64)
    row = orders["idx"][1::2]
    ended = row == (last + 1) * rows_per_bar
    exit_bar = np.where(ended, last, row // rows_per_bar).astype(np.int64)
    at_open = ~ended & (row % rows_per_bar == 0)
    signal = at_open & plan.leave[exit_bar] & (exit_bar > entry_bar)
    quantity, entry = plan.quantity[entry_bar], plan.fill[entry_bar]
    tick = grid_of(request.market.price_tick)
    # Undo vectorbt's own slippage and the bias of the level, then apply the contract's.
    raw = orders["price"][1::2] / (1.0 - request.costs.slippage_rate)
    units = round_units(raw, tick.numerator, tick.scale)
    raw = on_grid(units, tick.numerator, tick.scale)
    # A bar that opens beyond the target and falls to the stop is the stop's (rule 4);
    # the open row has ended it before the range row could.
    stop = plan.stop[entry_bar]
    fell = at_open & ~signal & (raw > stop) & (request.bars.low[exit_bar] <= stop)
    raw = np.where(fell, stop, raw)
    exit_ = slipped(raw, -1.0, request)
    fee = request.costs.fee_rate
    entry_fee, exit_fee = fee * quantity * entry, fee * quantity * exit_
    return Trades(
        entry_bar=entry_bar,
        exit_bar=exit_bar,
        side=np.ones(len(entry_bar), dtype=np.int8),
        quantity=quantity,
        entry_price=entry,
        exit_price=exit_,
        entry_fee=entry_fee,
        exit_fee=exit_fee,
        profit=quantity * (exit_ - entry) - entry_fee - exit_fee,
        exit_reason=_reasons(plan, entry_bar, raw, ended, signal),
        gaps=gaps_spanned(request.bars, entry_bar, exit_bar),
    )


def _reasons(
    plan: Plan,
    entry_bar: IntArray,
    price: FloatArray,
    ended: BoolArray,
    signal: BoolArray,
) -> Any:
    choices = (
        (ended, ExitReason.END_OF_DATA),
        (signal, ExitReason.SIGNAL),
        (price <= plan.stop[entry_bar], ExitReason.STOP_LOSS),
        (price >= plan.target[entry_bar], ExitReason.TAKE_PROFIT),
    )
    return np.select(
        [condition for condition, _ in choices],
        [REASONS.index(reason) for _, reason in choices],
        default=REASONS.index(ExitReason.SIGNAL),
    ).astype(np.int8)


def _shifted(signal: BoolArray) -> BoolArray:
    moved = np.zeros(len(signal), dtype=np.bool_)
    moved[1:] = signal[:-1]
    return moved


def _interleave(at_open: Any, in_range: Any, *, end: Any) -> Any:
    rows = np.empty(2 * len(at_open) + 1, dtype=np.asarray(at_open).dtype)
    rows[0:-1:2] = at_open
    rows[1:-1:2] = in_range
    rows[-1] = end
    return rows
