"""The skeleton of a synthetic market: its log price and variance, day by day.

A Markov chain of regimes (Hamilton, Econometrica 57(2), 1989) sets drift and volatility;
around it log volatility is autoregressive (Taylor, *Modelling Financial Time Series*,
1986), and a day's variance is mixed so that its return has Student's t tails. Regimes and
volatility are common to all markets of the venue, as crypto moves together.
"""

from __future__ import annotations

import math
import zlib
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from apps.exchanges.adapters.simulated.config import HORIZON_DAYS, REGIMES

if TYPE_CHECKING:
    from apps.exchanges.adapters.simulated.config import Instrument
    from apps.exchanges.contracts import FloatArray, IntArray

_COMMON_STREAM = 0
_DAILY_STREAM = 0

LOG_VOLATILITY_DEVIATION = 0.30
LOG_VOLATILITY_PERSISTENCE = 0.92
TAIL_DEGREES = 5.0
# Without a bound, one day in twenty years can take a price through its floor.
LARGEST_MIX = 12.0
# Half of the distance to the anchor is made good in about two years: the price stays
# in a plausible range for twenty, and no strategy of weeks can live on it.
ANCHOR_PULL = 0.001


@dataclass(frozen=True, slots=True)
class DailyPath:
    """The whole history of one market by days.

    Attributes:
        log_price: At the start of each day and at the end of the last, (days + 1,).
        variance: Of each day's log return, (days,).
        regime: Position in `REGIMES`, int64, (days,).
    """

    log_price: FloatArray
    variance: FloatArray
    regime: IntArray


def stream(seed: int, *key: int) -> np.random.Generator:
    """Return the generator of one named stream of randomness.

    Args:
        seed: The venue's seed.
        key: Which stream; streams of different keys are independent.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=key)
    return np.random.Generator(np.random.PCG64(sequence))


def symbol_key(symbol: str) -> int:
    """Return the number that stands for a symbol in a stream's key, never 0."""
    return zlib.crc32(symbol.encode()) + 1


def regimes_draw(uniforms: FloatArray) -> IntArray:
    """Walk the chain of regimes from the first, one step for each uniform.

    Args:
        uniforms: Within [0, 1), shape (days,).

    Returns:
        Positions in `REGIMES`, shape (days,).
    """
    thresholds = [list(accumulate(regime.to))[:-1] for regime in REGIMES]
    state = 0
    walk = np.empty(len(uniforms), dtype=np.int64)
    for day, uniform in enumerate(uniforms.tolist()):
        state = bisect_right(thresholds[state], uniform)
        walk[day] = state
    return walk


def _autoregression(shocks: FloatArray) -> FloatArray:
    innovation = LOG_VOLATILITY_DEVIATION * math.sqrt(1 - LOG_VOLATILITY_PERSISTENCE**2)
    level, levels = 0.0, np.empty(len(shocks))
    for day, shock in enumerate(shocks.tolist()):
        level = LOG_VOLATILITY_PERSISTENCE * level + innovation * shock
        levels[day] = level
    return levels


def daily_path(seed: int, instrument: Instrument) -> DailyPath:
    """Make the daily skeleton of one market for the venue's whole span.

    Args:
        seed: The venue's seed.
        instrument: The market and its figures.

    Returns:
        The path; the same for the same arguments, whatever is asked of it later.
    """
    common = stream(seed, _COMMON_STREAM)
    regime = regimes_draw(common.random(HORIZON_DAYS))
    log_volatility = _autoregression(common.standard_normal(HORIZON_DAYS))
    chi_square = common.chisquare(TAIL_DEGREES, HORIZON_DAYS)
    factor = common.standard_normal(HORIZON_DAYS)
    own = stream(seed, symbol_key(instrument.market.symbol), _DAILY_STREAM)

    drift = instrument.scale * np.array([r.drift for r in REGIMES])[regime]
    base = instrument.scale * np.array([r.volatility for r in REGIMES])[regime]
    # Both factors have mean 1, so a regime's volatility is what it says.
    clustering = np.exp(2 * (log_volatility - LOG_VOLATILITY_DEVIATION**2))
    mix = np.minimum((TAIL_DEGREES - 2) / chi_square, LARGEST_MIX)
    variance = base**2 * clustering * mix
    rest = math.sqrt(1 - instrument.correlation**2)
    normal = instrument.correlation * factor + rest * own.standard_normal(HORIZON_DAYS)
    # Half the variance off the log drift keeps the expected simple return at the drift.
    steps = drift - variance / 2 + np.sqrt(variance) * normal
    return DailyPath(_anchored(steps, instrument.anchor_price), variance, regime)


def _anchored(steps: FloatArray, anchor_price: float) -> FloatArray:
    anchor = math.log(anchor_price)
    level, levels = anchor, np.empty(len(steps) + 1)
    levels[0] = level
    for day, step in enumerate(steps.tolist(), start=1):
        level += step + ANCHOR_PULL * (anchor - level)
        levels[day] = level
    return levels
