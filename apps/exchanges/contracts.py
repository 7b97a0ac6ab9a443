"""What every exchange is asked and what it answers.

Amounts that a rule compares are `Decimal`; series are float64 arrays on the market's
grid. Times are int64 nanoseconds since the epoch, UTC; a candle is named by its open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from decimal import Decimal

    import numpy as np
    from numpy.typing import NDArray

    type FloatArray = NDArray[np.float64]
    type IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Market:
    """One instrument of a venue, with its grid, minimums and fees, exact.

    Attributes:
        symbol: The venue's market as `BASE/QUOTE`.
        base: What is bought.
        quote: What it is paid with.
        price_tick: Prices are multiples of it, quote per base.
        quantity_step: Quantities are multiples of it, base units.
        min_quantity: The smallest order, base units.
        min_notional: The smallest order, quote units.
        maker_fee: Fee of a resting order as a fraction of its notional.
        taker_fee: Fee of an order that fills at once, likewise.
    """

    symbol: str
    base: str
    quote: str
    price_tick: Decimal
    quantity_step: Decimal
    min_quantity: Decimal
    min_notional: Decimal
    maker_fee: Decimal
    taker_fee: Decimal


@dataclass(frozen=True, slots=True)
class Candles:
    """A venue's candles as arrays of equal length, sorted by time, without duplicates.

    The fields are those of the engines' `Bars`: the rooms do not lean on each other,
    and a room above both turns one into the other.

    Attributes:
        time: Open times, int64 nanoseconds UTC.
        open: First price of each candle, quote per base, float64.
        high: Highest price.
        low: Lowest price.
        close: Last price.
        volume: Traded quantity, base units.
        timeframe_ns: The nominal length; a longer step in `time` is a gap.
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


class CandleSource(Protocol):
    """The port through which markets and their history are read."""

    def markets(self) -> tuple[Market, ...]:
        """Return the markets of the venue, sorted by symbol."""
        ...

    def candles(
        self, symbol: str, timeframe_ns: int, start_ns: int, end_ns: int
    ) -> Candles:
        """Return the candles that open within `[start_ns, end_ns)`.

        Args:
            symbol: A market of the venue.
            timeframe_ns: Length of a candle, nanoseconds.
            start_ns: First open time, inclusive, nanoseconds UTC.
            end_ns: Last open time, exclusive.

        Raises:
            SymbolUnknown: The venue has no such market.
            TimeframeUnsupported: The venue has no such candles.
            CandleRangeInvalid: The range is empty, or outside of what there is.
        """
        ...
