"""From a request to the kernel's arguments, and from its matrices to trades."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from apps.engines.contracts import SizingKind, Trades
from apps.engines.gaps import gaps_spanned
from apps.engines.grid import grid_of

if TYPE_CHECKING:
    from apps.engines.contracts import Bars, FloatArray, IntArray, RunRequest

SIZING_CODES = {
    SizingKind.FIXED_QUOTE: 0,
    SizingKind.PERCENT_OF_EQUITY: 1,
    SizingKind.RISK_PER_TRADE: 2,
}


def market_arguments(
    request: RunRequest,
) -> tuple[float, float, float, float, float, float]:
    """Return tick, step and minimums as the kernel takes them."""
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


def writable(*arrays: Any) -> tuple[Any, ...]:
    """Return the arrays as the kernel was compiled for them.

    numba takes a read-only array, such as one that was read from Parquet, for another
    type, and would compile everything anew within the run.
    """
    return tuple(np.require(array, requirements=("C", "W")) for array in arrays)


def option_arguments(
    request: RunRequest,
) -> tuple[int, float, float, float, float, float, float]:
    """Return sizing, exits and costs as the kernel takes them; 0 is off."""
    protection = request.protection
    return (
        SIZING_CODES[request.sizing.kind],
        request.sizing.value,
        protection.stop_loss or 0.0,
        protection.take_profit or 0.0,
        protection.trailing_stop or 0.0,
        request.costs.fee_rate,
        request.costs.slippage_rate,
    )


def trades_from(bars: Bars, floats: FloatArray, ints: IntArray) -> Trades:
    """Return the kernel's matrices as columns.

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
