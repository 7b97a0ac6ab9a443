"""Where an order is filled, protected, and how large it is, by the fill contract.

Scalars, in the order of operations of the contract, so that the last bit agrees.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.engines.adapters.nautilus.config import decimals_of
from apps.engines.contracts import SizingKind
from apps.engines.grid import ceil_units, floor_units, grid_of, on_grid, round_units

if TYPE_CHECKING:
    from typing import Any

    from apps.engines.contracts import RunRequest
    from apps.engines.grid import Grid


@dataclass(frozen=True, slots=True)
class Levels:
    """The contract's arithmetic for one request.

    Attributes:
        request: What is run.
        tick: The grid of prices.
        step: The grid of quantities.
        price_scale: 10 to the power of the tick's decimals.
        size_scale: 10 to the power of the step's decimals.
    """

    request: RunRequest
    tick: Grid
    step: Grid
    price_scale: float
    size_scale: float

    def price(self, value: float) -> float:
        """Return the float64 nearest to a price of NautilusTrader's.

        Its own change to float64 rounds twice, so that the last bit may differ. The
        market's prices have the tick's decimals, but need not be multiples of it.
        """
        return float(
            on_grid(round_units(value, 1.0, self.price_scale), 1.0, self.price_scale)
        )

    def size(self, value: float) -> float:
        """Return the float64 nearest to a quantity of NautilusTrader's."""
        units = round_units(value, 1.0, self.size_scale)
        return float(on_grid(units, 1.0, self.size_scale))

    def filled(self, price: Any, direction: float) -> Any:
        """Move a price against us by the slippage, then to the nearest tick (rule 2).

        Args:
            price: Quote per base, one or an array.
            direction: +1 for what is bought, -1 for what is sold.
        """
        slippage = self.request.costs.slippage_rate
        if slippage == 0.0:
            return price
        moved = price * (1.0 + direction * slippage)
        units = round_units(moved, self.tick.numerator, self.tick.scale)
        return on_grid(units, self.tick.numerator, self.tick.scale)

    def reached(self, price: float, gain: float) -> float:
        """Return the price at which a long position has gained a fraction (rule 3)."""
        level = price * (1.0 + gain)
        units = ceil_units(level, self.tick.numerator, self.tick.scale)
        return float(on_grid(units, self.tick.numerator, self.tick.scale))

    def quantity(self, raw: float, fill: float, cash: float) -> float:
        """Return how much an entry buys, base units, on the step (rule 2).

        Args:
            raw: The open.
            fill: What is paid for it, after slippage.
            cash: Quote units, all there is.
        """
        wanted = self._wanted(raw, fill, cash)
        units = floor_units(wanted, self.step.numerator, self.step.scale)
        return float(on_grid(units, self.step.numerator, self.step.scale))

    def too_small(self, quantity: float, notional: float) -> bool:
        """Return whether an entry is below the instrument's minimum (rule 7)."""
        market = self.request.market
        return (
            quantity <= 0.0
            or quantity < float(market.min_quantity)
            or notional < float(market.min_notional)
        )

    def _wanted(self, raw: float, fill: float, cash: float) -> float:
        sizing = self.request.sizing
        if sizing.kind is SizingKind.FIXED_QUOTE:
            return sizing.value / raw
        affordable = cash / (fill * (1.0 + self.request.costs.fee_rate))
        if sizing.kind is SizingKind.PERCENT_OF_EQUITY:
            return sizing.value * affordable
        stop = self.reached(fill, -(self.request.protection.stop_loss or 0.0))
        # A stop that the tick puts at the entry loses nothing at any size.
        if stop == fill:
            return affordable
        return min(sizing.value * cash / abs(fill - stop), affordable)


def levels_of(request: RunRequest) -> Levels:
    """Return the contract's arithmetic for a request."""
    market = request.market
    tick, step = grid_of(market.price_tick), grid_of(market.quantity_step)
    return Levels(
        request,
        tick,
        step,
        price_scale=10.0 ** decimals_of(market.price_tick),
        size_scale=10.0 ** decimals_of(market.quantity_step),
    )
