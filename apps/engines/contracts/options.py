"""What a run depends on beside the data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """By whose rules a run fills.

    `exact`: by the fill contract. `native`: as the engine's own users would have it, by
    its defaults; what it does with an option is its own affair, and is told in
    `RunResult.ignored` and `RunResult.notes`.
    """

    EXACT = "exact"
    NATIVE = "native"


class SizingKind(StrEnum):
    """How much one entry buys or sells."""

    FIXED_QUOTE = "fixed_quote"
    PERCENT_OF_EQUITY = "percent_of_equity"
    RISK_PER_TRADE = "risk_per_trade"


@dataclass(frozen=True, slots=True)
class Sizing:
    """How much an entry trades.

    Attributes:
        kind: `fixed_quote`: `value` quote units; `percent_of_equity`: `value` as a
            fraction of equity at the entry's open; `risk_per_trade`: the fraction of
            equity lost when the stop fills at its price.
        value: Quote units or a fraction, see `kind`.
    """

    kind: SizingKind
    value: float


@dataclass(frozen=True, slots=True)
class Protection:
    """Exits that need no signal, as fractions of the entry price; None is off."""

    stop_loss: float | None = None
    take_profit: float | None = None
    trailing_stop: float | None = None


@dataclass(frozen=True, slots=True)
class Costs:
    """What trading costs, as fractions: 0.001 is 10 basis points per fill."""

    fee_rate: float
    slippage_rate: float


@dataclass(frozen=True, slots=True)
class Execution:
    """The way to the market and the book there, for engines that have one.

    All at rest it is the fill contract: no latency, no spread, any size at one price.

    Attributes:
        feed_latency_ns: From the exchange to us, nanoseconds.
        order_latency_ns: From us to the exchange, likewise.
        spread_bps: The whole spread of a modelled book, basis points of the open.
        levels: How many levels a modelled book has on each side, one tick apart.
        level_depth: What each level holds, quote units; None: as much as is asked.
        capture: Path of a canonical capture of real depth (`.npz`), which takes the
            place of the model; None: the book is modelled from the bars.
    """

    feed_latency_ns: int = 0
    order_latency_ns: int = 0
    spread_bps: float = 0.0
    levels: int = 1
    level_depth: float | None = None
    capture: str | None = None
