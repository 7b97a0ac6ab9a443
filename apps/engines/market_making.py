"""Market making on an order book: what is asked of an engine, and what it gives back.

A strategy of this kind has no bars and no signals: it quotes both sides of a book, over a
capture of it, event by event. Prices are quote per base, quantities base units, times
int64 nanoseconds UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from apps.engines.contracts import FloatArray, IntArray, MarketRules


class QueueModel(StrEnum):
    """How a resting order's place in its level's queue moves on, without L3 data.

    `risk_adverse`: only trades at its price move it. The others take a part of what
    leaves the level otherwise to have been behind the order, and the rest in front of it,
    by the quantities in front and behind: `log_prob` f(back) / (f(back) + f(front)) with
    f = log(1 + x), `log_prob_2` f(back) / f(back + front); `power_prob` and `power_prob_2`
    likewise with f = x ** n, `power_prob_3` 1 - f(front / (front + back)); `square_prob` is
    `power_prob` with n 2.
    """

    RISK_ADVERSE = "risk_adverse"
    LOG_PROB = "log_prob"
    LOG_PROB_2 = "log_prob_2"
    SQUARE_PROB = "square_prob"
    POWER_PROB = "power_prob"
    POWER_PROB_2 = "power_prob_2"
    POWER_PROB_3 = "power_prob_3"


class LatencyModel(StrEnum):
    """How long an order takes to the exchange and its answer back.

    `constant`: always the same. `feed`: as long as the feed took at that time, as it was
    captured, times a factor, each way.
    """

    CONSTANT = "constant"
    FEED = "feed"


@dataclass(frozen=True, slots=True)
class Quoting:
    """How to quote: a grid on both sides of a reservation price.

    The reservation price is the book's middle, moved against the inventory. Quotes are
    post-only, on the tick, and never at or beyond the other side's best price; one that
    still would take when it arrives is refused by the exchange.

    Attributes:
        half_spread_bps: From the reservation price to the nearest quote, basis points.
        skew_bps: How far the reservation price moves against an inventory of
            `max_position`, basis points; in proportion for a smaller one.
        order_quantity: Each quote's size, base units.
        grid_levels: How many quotes on each side.
        grid_step_bps: From one quote to the next on its side, basis points; at least a
            tick.
        max_position: The inventory never goes beyond it on either side, base units, even
            if all resting quotes of a side were filled.
        interval_ns: Quotes are renewed this often.
    """

    half_spread_bps: float
    skew_bps: float
    order_quantity: float
    grid_levels: int
    grid_step_bps: float
    max_position: float
    interval_ns: int


@dataclass(frozen=True, slots=True)
class MarketMakingRequest:
    """Everything that one run depends on.

    Attributes:
        capture: Path of a canonical capture (`.npz`, hftbacktest's event dtype).
        market: The instrument's grid and minimums.
        quoting: How to quote.
        maker_fee: Fraction of notional; negative is a rebate.
        taker_fee: Fraction of notional.
        queue_model: See `QueueModel`.
        queue_power: The exponent of the `power_prob` models.
        latency_model: See `LatencyModel`.
        entry_latency_ns: From us to the exchange, where it is constant.
        response_latency_ns: From the exchange to us, likewise.
        latency_factor: Of the feed's latency, where it is that.
        record_interval_ns: Equity and inventory are recorded this often.
        horizon_ns: How long after a fill the middle is looked at again.
        partial_fills: Whether an order may be filled in parts. An engine that cannot
            carry parts to the position refuses it.
    """

    capture: str
    market: MarketRules
    quoting: Quoting
    maker_fee: float
    taker_fee: float
    queue_model: QueueModel = QueueModel.POWER_PROB
    queue_power: float = 2.0
    latency_model: LatencyModel = LatencyModel.CONSTANT
    entry_latency_ns: int = 10_000_000
    response_latency_ns: int = 10_000_000
    latency_factor: float = 1.0
    record_interval_ns: int = 1_000_000_000
    horizon_ns: int = 1_000_000_000
    partial_fills: bool = False


@dataclass(frozen=True, slots=True)
class Fills:
    """Fills as columns of equal length, in order of time.

    Attributes:
        time: Of the exchange, int64 nanoseconds UTC.
        side: +1 bought, -1 sold, int8.
        price: Quote per base.
        quantity: Base units.
        fee: Quote units; negative is a rebate.
        mid: The exchange's middle just before the fill; NaN without one.
        mid_after: The middle `MarketMakingRequest.horizon_ns` later; NaN past the end.
    """

    time: IntArray
    side: NDArray[np.int8]
    price: FloatArray
    quantity: FloatArray
    fee: FloatArray
    mid: FloatArray
    mid_after: FloatArray

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True, slots=True)
class MarketMakingResult:
    """What came of the quotes.

    Attributes:
        fills: All of them.
        time: When the columns below were recorded, on our clock, int64 nanoseconds UTC,
            (m,).
        mid: The book's middle as we knew it, (m,).
        inventory: Base units, from the fills that had been reported to us, (m,).
        equity: Cash plus inventory at the middle after fees, quote units, from 0, (m,).
        quotes: How many orders were sent.
        refused: How many of them the exchange refused, since they would have taken.
        fill_ratio: Fills to orders sent; NaN without any.
        spread_capture: Mean distance of our fills from the middle just before them, in
            our favour, basis points of it, by quantity; NaN without any.
        adverse_selection: Mean move of the middle against our fills over the horizon,
            likewise; what is kept of the spread is the capture less this.
        horizon_ns: How long after a fill the middle was looked at again.
        events: Rows of the capture that were played.
        engine_seconds: Wall time of the engine's own call.
        versions: Libraries that took part.
        notes: What a reader must know of this result.
    """

    fills: Fills
    time: IntArray
    mid: FloatArray
    inventory: FloatArray
    equity: FloatArray
    quotes: int
    refused: int
    fill_ratio: float
    spread_capture: float
    adverse_selection: float
    horizon_ns: int
    events: int
    engine_seconds: float
    versions: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@runtime_checkable
class MarketMaker(Protocol):
    """An engine that can play quotes against a captured book."""

    def market_make(self, request: MarketMakingRequest) -> MarketMakingResult:
        """Play one capture.

        Raises:
            EngineError: One of the kinds in `apps.engines.errors`.
        """
        ...
