"""What of two paired trades is equal, exactly and within a tolerance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from apps.analysis.parity.contracts import NOBODY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apps.analysis.parity.contracts import Ground
    from apps.engines.contracts import BoolArray, FloatArray, IntArray, Trades

# Of a tick or a step: less than that is float noise, and no other price.
GRID_NOISE = 1e-3
# Of notional: fees and profits are sums of products of what is equal.
MONEY_NOISE = 1e-6


@dataclass(frozen=True, slots=True)
class Equal:
    """Of each pair, whether both sides are equal; (pairs,) of bool each."""

    entry_bar: BoolArray
    entry_price: BoolArray
    quantity: BoolArray
    exit_bar: BoolArray
    exit_reason: BoolArray
    exit_price: BoolArray
    fee: BoolArray
    profit: BoolArray
    within: BoolArray

    @property
    def whole(self) -> BoolArray:
        """Whether nothing differs."""
        return (
            self.entry_bar
            & self.entry_price
            & self.quantity
            & self.exit_bar
            & self.exit_reason
            & self.exit_price
            & self.fee
            & self.profit
        )


def pairs_compare(
    first: Trades, second: Trades, rows: tuple[IntArray, IntArray], ground: Ground
) -> Equal:
    """Look at every figure of the paired trades.

    Args:
        first: Trades of one side.
        second: Trades of the other.
        rows: Indices into both, (pairs,) each.
        ground: The market's grid, and the tolerance.
    """
    i, j = rows
    tick = float(ground.market.price_tick)
    step = float(ground.market.quantity_step)
    allowed = ground.tolerance
    one, other = _Figures(first, i), _Figures(second, j)
    # The larger one's, so that it is all the same which side is the first.
    notional = np.maximum(one.notional, other.notional)

    def apart(name: str) -> FloatArray:
        return _distance(getattr(first, name)[i], getattr(second, name)[j])

    entry_price, exit_price = apart("entry_price"), apart("exit_price")
    quantity, profit = apart("quantity"), apart("profit")
    fee = _distance(one.fee, other.fee)
    entry_bar = first.entry_bar[i] == second.entry_bar[j]
    exit_bar = first.exit_bar[i] == second.exit_bar[j]
    ticks = GRID_NOISE + allowed.price_ticks
    steps = GRID_NOISE + allowed.quantity_steps
    money = max(MONEY_NOISE, allowed.profit)
    # What the prices and quantities explain, which are bounded themselves, is not held
    # against fees and profits.
    own_fee = _distance(one.fee / one.notional, other.fee / other.notional)
    own_cost = _distance(one.cost / one.notional, other.cost / other.notional)
    return Equal(
        entry_bar=entry_bar,
        entry_price=entry_price <= GRID_NOISE * tick,
        quantity=quantity <= GRID_NOISE * step,
        exit_bar=exit_bar,
        exit_reason=_same_reason(first.exit_reason[i], second.exit_reason[j]),
        exit_price=exit_price <= GRID_NOISE * tick,
        fee=fee <= MONEY_NOISE * notional,
        profit=profit <= MONEY_NOISE * notional,
        within=(
            entry_bar
            & exit_bar
            & (entry_price <= ticks * tick)
            & (exit_price <= ticks * tick)
            & (quantity <= steps * step)
            & ((fee <= money * notional) | (own_fee <= money))
            & ((profit <= money * notional) | (own_cost <= money))
        ),
    )


class _Figures:
    """What some trades of one side come to, quote units, (pairs,) of float64 each."""

    def __init__(self, trades: Trades, rows: IntArray) -> None:
        quantity = trades.quantity[rows]
        entry, leave = trades.entry_price[rows], trades.exit_price[rows]
        self.notional: FloatArray = quantity * entry
        self.fee: FloatArray = (trades.entry_fee + trades.exit_fee)[rows]
        gross = trades.side[rows] * quantity * (leave - entry)
        self.cost: FloatArray = gross - trades.profit[rows]


def _distance(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return how far apart figures are; what one side does not say is not compared."""
    distance: FloatArray = np.nan_to_num(np.abs(one - other), nan=0.0)
    return distance


def _same_reason(one: NDArray[np.int8], other: NDArray[np.int8]) -> BoolArray:
    same: BoolArray = (one == other) | (one == NOBODY) | (other == NOBODY)
    return same
