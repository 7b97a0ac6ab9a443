"""What an order costs, by the fill contract: compiled, and used by the compiled strategy."""

from __future__ import annotations

from numba import njit

from apps.engines import grid

floor_units = njit(cache=True)(grid.floor_units)
round_units = njit(cache=True)(grid.round_units)
on_grid = njit(cache=True)(grid.on_grid)

FIXED_QUOTE, PERCENT_OF_EQUITY = 0, 1


@njit(cache=True, inline="always")
def _slipped(price, direction, slippage, tick):
    """Move a price against us by the slippage, then to the nearest tick (rule 2)."""
    if slippage == 0.0:
        return price
    moved = price * (1.0 + direction * slippage)
    return on_grid(round_units(moved, *tick), *tick)


@njit(cache=True)
def units_of(sizing, size, cash, raw, fill, fee, step):
    """Return how many steps an entry trades (rule 2)."""
    if sizing == FIXED_QUOTE:
        wanted = size / raw
    else:
        # With the fee and the slippage, so that all of the equity can be put in.
        wanted = size * (cash / (fill * (1.0 + fee)))
    return floor_units(wanted, *step)


@njit(cache=True)
def price_of(best, side, away, slippage, tick):
    """Return what an order is priced at, after slippage.

    Args:
        best: The best price that it meets, ticks.
        side: +1 bought, -1 sold.
        away: How far it walks beyond that on average, ticks.
        slippage: Fraction of the price.
        tick: The price's grid, numerator and scale.
    """
    if away > 0.0:
        return _slipped(on_grid(best + side * away, *tick), side, slippage, tick)
    return _slipped(on_grid(best, *tick), side, slippage, tick)
