"""Why two trades differ: the first thing that explains it, in the order of a trade's life.

What an engine saw (data), what it wanted (signal), what it could not be asked (an option),
where it filled (fill price, intrabar order), how much (sizing), and what was left to
arithmetic (fee, rounding).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.analysis.parity.contracts import Cause
from apps.analysis.parity.entries import entry_cause, lone_cause
from apps.analysis.parity.equality import GRID_NOISE
from apps.analysis.parity.exits import exit_cause
from apps.analysis.parity.findings import Finding, option_ignored

if TYPE_CHECKING:
    from apps.analysis.parity.contracts import Ground
    from apps.analysis.parity.telling import Differing, Teller, Trade

# Of notional: what rounding to a currency's smallest unit may come to, and no less than
# any difference between two rates of fees.
FEE_ROUNDING = 2e-5
PROFIT_ROUNDING = 1e-4


def pair_cause(
    one: Trade, other: Trade, differing: Differing, ground: Ground
) -> Finding:
    """Return why two paired trades differ.

    Args:
        one: A trade.
        other: Its counterpart.
        differing: What of them differs.
        ground: What both stand on.
    """
    found = _misplaced(one, other)
    if found is not None:
        return found
    if differing.entry:
        return entry_cause(one, other, differing, ground)
    if differing.quantity:
        return _quantity_cause(one, other, ground)
    if differing.leave:
        return exit_cause(one, other, differing, ground)
    if differing.fee:
        return _fee_cause(one, other)
    return _profit_cause(one, other)


def single_cause(
    trade: Trade, lacking: Teller, ground: Ground, *, at_once: bool
) -> Finding:
    """Return why a trade has no counterpart; see `entries.lone_cause`."""
    return _misplaced(trade) or lone_cause(trade, lacking, ground, at_once=at_once)


def _misplaced(*trades: Trade) -> Finding | None:
    for trade in trades:
        if trade.misplaced:
            return Finding(
                Cause.DATA,
                f"{trade.name} has a trade at a time at which the series has no bar",
            )
    return None


def _quantity_cause(one: Trade, other: Trade, ground: Ground) -> Finding:
    quantities = (
        f"{one.name} took {one.quantity:.10g}, {other.name} {other.quantity:.10g}"
    )
    step = float(ground.market.quantity_step)
    if abs(one.quantity - other.quantity) <= step * (1 + GRID_NOISE):
        return Finding(Cause.ROUNDING, f"quantities within one step: {quantities}")
    option = option_ignored("sizing", one, other)
    return option or Finding(Cause.SIZING, quantities)


def _fee_cause(one: Trade, other: Trade) -> Finding:
    option = option_ignored("fees", one, other)
    if option is not None:
        return option
    charged = f"{one.name} charged {one.fee:.8g} in fees, {other.name} {other.fee:.8g}"
    small = FEE_ROUNDING * one.quantity * one.entry_price
    if abs(one.fee - other.fee) <= small:
        return Finding(Cause.ROUNDING, f"fees rounded to the currency: {charged}")
    return Finding(Cause.FEE, charged)


def _profit_cause(one: Trade, other: Trade) -> Finding:
    """Name what is left between equal fills and a profit."""
    profits = (
        f"the same fills, but profits of {one.profit:.8g} ({one.name}) and "
        f"{other.profit:.8g} ({other.name})"
    )
    small = PROFIT_ROUNDING * one.quantity * one.entry_price
    if abs(one.profit - other.profit) <= small:
        return Finding(Cause.ROUNDING, profits)
    return Finding(Cause.FEE, f"{profits}: a charge that is not told apart")
