"""The figures of the synthetic venue: its markets, its regimes, its seed.

The names of the markets are those of real ones so that strategies need no change; the
prices are invented. Per-day figures are in the range of crypto's since 2017.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from apps.exchanges.contracts import Market
from apps.exchanges.errors import VenueMisconfigured

VENUE_ID = "simulated"

MINUTE_NS = 60_000_000_000
MINUTES_PER_DAY = 1440
DAY_NS = MINUTES_PER_DAY * MINUTE_NS

# The history is made for a fixed span, so that no answer depends on the day it is asked.
EPOCH_NS = 1_577_836_800_000_000_000  # 2020-01-01T00:00:00Z
HORIZON_DAYS = 7305  # to 2040-01-01T00:00:00Z


@dataclass(frozen=True, slots=True)
class Regime:
    """One state of the market.

    Attributes:
        name: What a trader would call it.
        drift: Expected return a day, a fraction.
        volatility: Deviation of the daily return, a fraction.
        to: Probability of each regime on the next day, in the order of `REGIMES`.
    """

    name: str
    drift: float
    volatility: float
    to: tuple[float, float, float, float]


# Mean stays of 33, 25, 20 and 10 days. A trend's drift is an eighth of its daily
# deviation: there to be found, with much noise around it.
REGIMES = (
    Regime("calm", 0.0, 0.018, (0.97, 0.012, 0.010, 0.008)),
    Regime("trend_up", 0.0035, 0.028, (0.018, 0.96, 0.008, 0.014)),
    Regime("trend_down", -0.004, 0.032, (0.016, 0.014, 0.95, 0.020)),
    Regime("turbulent", 0.0, 0.055, (0.030, 0.030, 0.040, 0.90)),
)


@dataclass(frozen=True, slots=True)
class Instrument:
    """One synthetic market and what its path is made of.

    Attributes:
        market: What the venue tells of it.
        anchor_price: Where the path starts and slowly returns to, quote per base.
        scale: Multiple of the regime's drift and volatility.
        correlation: Of its daily return with the common factor of the venue.
        daily_volume: Traded quantity of an ordinary day, base units.
    """

    market: Market
    anchor_price: float
    scale: float
    correlation: float
    daily_volume: float


def _market(base: str, tick: str, step: str, smallest: str) -> Market:
    return Market(
        symbol=f"{base}/USDT",
        base=base,
        quote="USDT",
        price_tick=Decimal(tick),
        quantity_step=Decimal(step),
        min_quantity=Decimal(smallest),
        min_notional=Decimal(5),
        maker_fee=Decimal("0.001"),
        taker_fee=Decimal("0.001"),
    )


INSTRUMENTS = (
    Instrument(
        _market("BTC", "0.01", "0.00001", "0.00001"), 30_000.0, 1.0, 0.85, 40_000.0
    ),
    Instrument(
        _market("ETH", "0.01", "0.0001", "0.0001"), 2_000.0, 1.25, 0.80, 400_000.0
    ),
    Instrument(_market("SOL", "0.01", "0.001", "0.001"), 80.0, 1.6, 0.65, 4_000_000.0),
)


@dataclass(frozen=True, slots=True)
class SimulatedConfig:
    """What may be chosen about the synthetic venue.

    Attributes:
        seed: The history is a pure function of it; not negative.

    Raises:
        VenueMisconfigured: The seed is negative.
    """

    seed: int = 2020

    def __post_init__(self) -> None:
        if self.seed < 0:
            message = f"seed is {self.seed}; the simulated venue needs one of 0 or more"
            raise VenueMisconfigured(message, attr="seed")
