"""Market data and the market's rules, as engines are given them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

    import numpy as np
    from numpy.typing import NDArray

    type FloatArray = NDArray[np.float64]
    type IntArray = NDArray[np.int64]
    type BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Bars:
    """One candle series as arrays of equal length, sorted by time, without duplicates.

    Attributes:
        time: Open times, int64 nanoseconds UTC.
        open: First price of each bar, quote per base, float64.
        high: Highest price.
        low: Lowest price.
        close: Last price.
        volume: Traded quantity, base units.
        timeframe_ns: The bar's nominal length; a longer step in `time` is a gap.
    """

    time: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    timeframe_ns: int

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True, slots=True)
class Signals:
    """What the strategy wants, known at the close of each bar; arrays of bool."""

    entry_long: BoolArray
    exit_long: BoolArray
    entry_short: BoolArray
    exit_short: BoolArray


@dataclass(frozen=True, slots=True)
class MarketRules:
    """The instrument's grid and minimums, exact.

    Attributes:
        price_tick: Prices are multiples of it, quote per base.
        quantity_step: Quantities are multiples of it, base units.
        min_quantity: The smallest order, base units.
        min_notional: The smallest order, quote units.
    """

    price_tick: Decimal
    quantity_step: Decimal
    min_quantity: Decimal
    min_notional: Decimal
