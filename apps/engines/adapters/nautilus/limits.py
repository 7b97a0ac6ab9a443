"""What NautilusTrader can hold at all; the rest is refused before a run, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apps.engines.adapters.nautilus.config import (
    LARGEST_MONEY,
    LARGEST_PRICE,
    MOST_DECIMALS,
    decimals_of,
)
from apps.engines.errors import UnsupportedByEngine

if TYPE_CHECKING:
    from decimal import Decimal

    from apps.engines.contracts import Bars, RunRequest

# Bars bound an order by a quarter of their volume, which the contract does not; so in
# exact mode they are given this much, and no order may exceed a quarter of it.
VOLUME = 1e13
LARGEST_ORDER = VOLUME / 4

# A price this much of its last decimal off the grid is on it: float64 cannot hold 0.1.
# The second term covers large prices, whose float error grows.
ABSOLUTE, RELATIVE = 1e-3, 4e-16


def limits_check(request: RunRequest) -> None:
    """Refuse what NautilusTrader's fixed-point numbers cannot hold.

    Raises:
        UnsupportedByEngine: Says what, where, and what could be held.
    """
    _decimals_check("price tick", request.market.price_tick)
    _decimals_check("quantity step", request.market.quantity_step)
    if not 0 < request.capital <= LARGEST_MONEY / 2:
        _refuse(
            f"a capital of {request.capital:g}",
            f"money above 0, up to {LARGEST_MONEY / 2:.0f}",
        )
    bars = request.bars
    if len(bars) and bars.time[0] < 0:
        _refuse(f"a bar at {bars.time[0]} ns", "times since 1970")
    decimals = decimals_of(request.market.price_tick)
    for name in ("open", "high", "low", "close"):
        _prices_check(bars, name, decimals)


def volumes_check(bars: Bars) -> None:
    """Refuse volumes that cannot bound an order; exact mode does not read them.

    Raises:
        UnsupportedByEngine: Says which, and where.
    """
    wrong = np.flatnonzero(~(np.isfinite(bars.volume) & (bars.volume >= 0)))
    if len(wrong):
        _refuse(
            f"a volume of {float(bars.volume[wrong[0]])!r} at bar {wrong[0]}",
            "volumes from 0",
        )


def order_check(quantity: float) -> None:
    """Refuse an order that is larger than NautilusTrader can fill.

    Raises:
        UnsupportedByEngine: It is.
    """
    if quantity > LARGEST_ORDER:
        _refuse(f"an order of {quantity:g}", f"quantities up to {LARGEST_ORDER:g}")


def _decimals_check(name: str, step: Decimal) -> None:
    if decimals_of(step) > MOST_DECIMALS:
        _refuse(f"the {name} {step}", f"numbers of at most {MOST_DECIMALS} decimals")


def _prices_check(bars: Bars, name: str, decimals: int) -> None:
    prices = getattr(bars, name)
    units = prices * 10.0**decimals
    whole = np.rint(units)
    fits = np.abs(units - whole) <= ABSOLUTE + RELATIVE * units
    wrong = np.flatnonzero(~(fits & (whole >= 1.0)))
    if len(wrong):
        price = float(prices[wrong[0]])
        _refuse(
            f"{name} {price!r} at bar {wrong[0]} ({len(wrong)} such prices)",
            f"prices above zero with the tick's {decimals} decimals",
        )
    if len(prices) and prices.max() > LARGEST_PRICE:
        _refuse(
            f"{name} {prices.max():g} at bar {prices.argmax()}",
            f"prices up to {LARGEST_PRICE:.0f}",
        )


def _refuse(found: str, possible: str) -> None:
    msg = f"nautilus cannot take {found}; it takes {possible}."
    raise UnsupportedByEngine(msg, attr="engines")
