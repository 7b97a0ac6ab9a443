"""What every exchange is asked and what it answers.

Amounts that a rule compares are `Decimal`; series are float64 arrays on the market's
grid. Times are int64 nanoseconds since the epoch, UTC; a candle is named by its open.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from decimal import Decimal

    import numpy as np
    from numpy.typing import NDArray

    type FloatArray = NDArray[np.float64]
    type IntArray = NDArray[np.int64]
    type BoolArray = NDArray[np.bool_]


class MarketKind(StrEnum):
    """What is traded on a market."""

    SPOT = "spot"
    SWAP = "swap"
    FUTURE = "future"
    OPTION = "option"


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
        kind: What is traded.
        settle: What a contract is settled in; None for spot.
        active: Whether it is traded now.
        listed_ns: When trading began, int64 nanoseconds UTC; None where the venue does
            not say.
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
    kind: MarketKind = MarketKind.SPOT
    settle: str | None = None
    active: bool = True
    listed_ns: int | None = None


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


@dataclass(frozen=True, slots=True)
class Ticker:
    """The last price of a market and the best offers, as the venue told them.

    Attributes:
        symbol: The market.
        last: Price of the last trade, quote per base; above zero.
        bid: Best price of a buyer; None where there is none.
        ask: Best price of a seller, likewise.
        bid_quantity: What is bid for at the best price, base units.
        ask_quantity: What is asked at the best price.
        base_volume: Traded in the last 24 hours, base units; None where not told.
        venue_ns: The venue's time of it, int64 nanoseconds UTC; None where not told.
        received_ns: When it was received, by this machine's clock.
    """

    symbol: str
    last: Decimal
    bid: Decimal | None
    ask: Decimal | None
    bid_quantity: Decimal | None
    ask_quantity: Decimal | None
    base_volume: Decimal | None
    venue_ns: int | None
    received_ns: int


@dataclass(frozen=True, slots=True)
class OrderBook:
    """The open orders of a market by price, best first on either side.

    Attributes:
        symbol: The market.
        bids: Price and quantity of each level, the highest price first.
        asks: Likewise, the lowest price first.
        sequence: The venue's number of this state; None where it gives none.
        venue_ns: The venue's time of it; None where not told.
        received_ns: When it was received, by this machine's clock.
    """

    symbol: str
    bids: tuple[tuple[Decimal, Decimal], ...]
    asks: tuple[tuple[Decimal, Decimal], ...]
    sequence: int | None
    venue_ns: int | None
    received_ns: int


@dataclass(frozen=True, slots=True)
class Trades:
    """A venue's public trades as arrays of equal length, sorted by time, then id.

    Attributes:
        time: When each happened, int64 nanoseconds UTC.
        price: Quote per base, float64.
        quantity: Base units, float64.
        buyer_taker: Whether the buyer was the taker.
        ids: The venue's names of the trades; unique within a market.
        received: When each was received, by this machine's clock; None where not known.
    """

    time: IntArray
    price: FloatArray
    quantity: FloatArray
    buyer_taker: BoolArray
    ids: tuple[str, ...]
    received: IntArray | None = None

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
