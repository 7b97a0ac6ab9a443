"""From contract requests to what freqtrade is given, and from its trades to ours.

freqtrade gets whole numbers as prices: the price times the power of ten that makes its
decimals vanish. So it takes the precision that the market states (it would guess one from
the candles' decimals), and none of its roundings can lose a digit. Times are a row of
minutes, one a bar: it sees no gaps, so it fills none. A flat bar at the last close is
appended, at whose open it ends what is still open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.engines.contracts import SizingKind
from apps.engines.errors import UnsupportedByEngine
from apps.engines.grid import ceil_units, floor_units, grid_of, on_grid, round_units

if TYPE_CHECKING:
    from apps.engines.contracts import Bars, BoolArray, FloatArray, RunRequest

# How far a decimal price times its scale may lie from a whole number: float error alone,
# which grows with the number.
OFF_GRID, RELATIVE = 1e-6, 1e-15


@dataclass(frozen=True, slots=True)
class Plan:
    """What would happen at each bar's open if it were entered there; arrays of n.

    Attributes:
        entry: Whether an entry signal acts at this open.
        fill: At what price, after slippage, on the tick.
        stop: The stop's price, NaN without one.
        target: The target's price, NaN without one.
        trail_entry: Where a trailing stop would begin, NaN without one.
        trail_high: Where it would be moved to from this bar's high, NaN without one.
    """

    entry: BoolArray
    fill: FloatArray
    stop: FloatArray
    target: FloatArray
    trail_entry: FloatArray
    trail_high: FloatArray


def plan_make(request: RunRequest) -> Plan:
    """Work out for every bar what an entry at its open would be (rules 1-6)."""
    bars, protection = request.bars, request.protection
    signal = request.signals.entry_long & ~request.signals.exit_long
    entry = np.zeros(len(bars), dtype=np.bool_)
    entry[1:] = signal[:-1]
    entry[-1:] = False
    fill = slipped(bars.open, 1.0, request)
    trail = protection.trailing_stop
    return Plan(
        entry=entry,
        fill=fill,
        stop=_level(fill, protection.stop_loss, -1.0, request),
        target=_level(fill, protection.take_profit, 1.0, request),
        trail_entry=_level(fill, trail, -1.0, request),
        trail_high=_level(bars.high, trail, -1.0, request),
    )


def slipped(price: Any, direction: float, request: RunRequest) -> Any:
    """Move prices against us by the slippage, then to the nearest tick (rule 2)."""
    if request.costs.slippage_rate == 0.0:
        return price
    tick = grid_of(request.market.price_tick)
    moved = price * (1.0 + direction * request.costs.slippage_rate)
    units = round_units(moved, tick.numerator, tick.scale)
    return on_grid(units, tick.numerator, tick.scale)


def orders_at(
    request: RunRequest, plan: Plan, cash: FloatArray
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Return quantity, notional with fee, and whether that is below the minimum.

    Args:
        request: What is run.
        plan: See `plan_make`.
        cash: Before each open, quote units, n.
    """
    sizing, market, fee = request.sizing, request.market, request.costs.fee_rate
    if sizing.kind is SizingKind.FIXED_QUOTE:
        wanted = sizing.value / request.bars.open
    else:
        affordable = cash / (plan.fill * (1.0 + fee))
        wanted = sizing.value * affordable
        if sizing.kind is SizingKind.RISK_PER_TRADE:
            risk = np.abs(plan.fill - plan.stop)
            most = np.full(len(risk), np.inf)
            np.divide(sizing.value * cash, risk, out=most, where=risk > 0.0)
            wanted = np.minimum(most, affordable)
    step = grid_of(market.quantity_step)
    units = floor_units(wanted, step.numerator, step.scale)
    quantity = on_grid(units, step.numerator, step.scale)
    notional = quantity * plan.fill
    too_small = (
        (quantity <= 0)
        | (quantity < float(market.min_quantity))
        | (notional < float(market.min_notional))
    )
    return quantity, notional + fee * quantity * plan.fill, too_small


def units_of(bars: Bars, scale: float) -> dict[str, FloatArray]:
    """Return the bars' prices as whole numbers, with one flat bar at the last close.

    Raises:
        UnsupportedByEngine: A price has more decimals than the market's tick.
    """
    found: dict[str, FloatArray] = {}
    for name in ("open", "high", "low", "close"):
        price = getattr(bars, name)
        units = np.rint(price * scale)
        off = np.abs(price * scale - units)
        wrong = np.flatnonzero(~(off <= OFF_GRID + RELATIVE * units) | (units < 1))
        if len(wrong):
            bar = int(wrong[0])
            msg = (
                f"The {name} of bar {bar} is {float(price[bar])!r}, which is not a positive "
                f"price of at most {len(f'{scale:.0f}') - 1} decimals, as the market's "
                "tick has; round the prices to the tick."
            )
            raise UnsupportedByEngine(msg, attr="bars")
        found[name] = units
    end = found["close"][-1:]
    return {name: np.append(units, end) for name, units in found.items()}


def rows_of(
    request: RunRequest, plan: Plan, units: dict[str, FloatArray]
) -> dict[str, Any]:
    """Return what the strategy looks up, n + 1 of each; levels in price units."""
    scale = grid_of(request.market.price_tick).scale
    # freqtrade acts on a signal one candle later, as the contract does.
    entry, leave = np.append(plan.entry[1:], [False, False]), request.signals.exit_long
    leave = np.append(leave, False)
    leave[-2:] = False
    rows = {"entry": entry.astype(np.int8), "leave": leave.astype(np.int8)}
    for name in ("stop", "target", "trail_entry", "trail_high"):
        rows[name] = np.append(np.rint(getattr(plan, name) * scale), np.nan)
    return rows | {
        "fill": np.append(plan.fill, np.nan),
        "open": np.append(request.bars.open, np.nan),
        "low": units["low"],
        "high": units["high"],
    }


def option_of(request: RunRequest, base: str, rows: str) -> dict[str, Any]:
    """Return the numbers that the strategy computes with."""
    market, costs = request.market, request.costs
    tick, step = grid_of(market.price_tick), grid_of(market.quantity_step)
    return {
        "pair": base,
        "rows": rows,
        "capital": request.capital,
        "fee": costs.fee_rate,
        "slippage": costs.slippage_rate,
        "sizing": request.sizing.kind.value,
        "size": request.sizing.value,
        "price_scale": tick.scale,
        "tick_numerator": tick.numerator,
        "tick_scale": tick.scale,
        "step_numerator": step.numerator,
        "step_scale": step.scale,
        "min_quantity": float(market.min_quantity),
        "min_notional": float(market.min_notional),
    }


def _level(
    price: FloatArray, fraction: float | None, side: float, request: RunRequest
) -> FloatArray:
    """Return the price that lies a fraction above or below, on the tick (rule 3)."""
    if not fraction:
        return np.full(len(price), np.nan)
    tick = grid_of(request.market.price_tick)
    units = ceil_units(price * (1.0 + side * fraction), tick.numerator, tick.scale)
    level: FloatArray = on_grid(units, tick.numerator, tick.scale)
    return level
