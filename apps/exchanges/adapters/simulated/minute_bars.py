"""Minutes between the days of the skeleton, and candles of any length from them.

Within a day the log price is a Brownian bridge from the day's start to its end, with a
variance that moves by the hour and by the minute. A Gaussian bridge whose variances sum
up to the day's is just the Brownian path given its end, so the construction itself adds
no pattern to the returns within a day; their fat tails are those of the mixed variances.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from apps.exchanges.adapters.simulated.config import MINUTES_PER_DAY
from apps.exchanges.adapters.simulated.daily_path import stream, symbol_key

if TYPE_CHECKING:
    from decimal import Decimal

    from apps.exchanges.adapters.simulated.config import Instrument
    from apps.exchanges.adapters.simulated.daily_path import DailyPath
    from apps.exchanges.contracts import FloatArray

_MINUTE_STREAM = 1
_HOURS = 24
_MINUTES_PER_HOUR = 60

HOURLY_LOG_DEVIATION = 0.30
BUSIEST_MINUTE = 15 * _MINUTES_PER_HOUR
SEASON_DEPTH = 0.35
GAP_DEVIATION = 0.08
VOLUME_LOG_DEVIATION = 0.6
QUIET_VOLUME = 0.25
# Expected range of a minute over its deviation, for the scale of the volume.
TYPICAL_RANGE = 1.4
ORDINARY_VOLATILITY = 0.03


class Grids(NamedTuple):
    """Candles of whole days as matrices, one row for each day, in whole grid steps.

    Prices are counted in ticks and volume in quantity steps, so that the change of the
    timeframe is exact.
    """

    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray


class _Draws(NamedTuple):
    """What chance gives a block of days; rows are days."""

    hours: FloatArray
    moves: FloatArray
    crowd: FloatArray
    mixes: FloatArray
    highs: FloatArray
    lows: FloatArray
    gaps: FloatArray


def minute_grids(
    seed: int, instrument: Instrument, path: DailyPath, first: int, count: int
) -> Grids:
    """Make the minutes of some days of one market.

    Each day draws from a stream of its own, so a day is the same in whichever block it
    is made.

    Args:
        seed: The venue's seed.
        instrument: The market and its figures.
        path: The market's skeleton.
        first: First day, counted from the epoch.
        count: How many days.

    Returns:
        Minute candles, matrices of shape (count, 1440).
    """
    draws = _draw(seed, instrument, first, count)
    days = slice(first, first + count)
    variance = _minute_variances(draws, path.variance[days])
    deviation = np.sqrt(variance)
    start = path.log_price[days, None]
    moves = deviation * draws.moves
    excess = moves.sum(axis=1, keepdims=True) - np.diff(
        path.log_price[first : first + count + 1]
    ).reshape(-1, 1)
    moves -= variance / variance.sum(axis=1, keepdims=True) * excess
    close = np.exp(start + np.cumsum(moves, axis=1))
    before = np.concatenate((np.exp(start), close[:, :-1]), axis=1)
    opened = before * (1 + GAP_DEVIATION * deviation * draws.gaps)
    high, low = _extremes(opened, close, deviation, draws)
    return _on_grid(instrument, draws, opened, high, low, close)


def coarsen(minutes: Grids, size: int) -> Grids:
    """Join every `size` minutes of each day to one candle.

    Args:
        minutes: Matrices of shape (days, 1440).
        size: Minutes in a candle, a divisor of 1440.

    Returns:
        Matrices of shape (days, 1440 / size).
    """
    if size == 1:
        return minutes
    shape = (len(minutes.open), MINUTES_PER_DAY // size, size)
    return Grids(
        open=minutes.open[:, ::size],
        high=minutes.high.reshape(shape).max(axis=2),
        low=minutes.low.reshape(shape).min(axis=2),
        close=minutes.close[:, size - 1 :: size],
        volume=minutes.volume.reshape(shape).sum(axis=2),
    )


def from_grid(steps: FloatArray, step: Decimal) -> FloatArray:
    """Turn whole steps into amounts, each the float64 nearest to its decimal.

    A division by a power of ten is correctly rounded; a product with 0.01 is not, and
    30123.45 would come out a digit off.

    Args:
        steps: Whole numbers, any shape.
        step: The grid's step, an exact decimal.
    """
    _, digits, exponent = step.as_tuple()
    mantissa = int("".join(map(str, digits)))
    amounts: FloatArray = steps * mantissa / 10.0 ** -int(exponent)
    return amounts


def _draw(seed: int, instrument: Instrument, first: int, count: int) -> _Draws:
    normals = np.empty((count, 2, MINUTES_PER_DAY))
    waits = np.empty((count, 3, MINUTES_PER_DAY))
    uniforms = np.empty((count, MINUTES_PER_DAY))
    hours = np.empty((count, _HOURS - 1))
    key = symbol_key(instrument.market.symbol)
    for row in range(count):
        generator = stream(seed, key, _MINUTE_STREAM, first + row)
        generator.standard_normal(out=hours[row])
        generator.standard_normal(out=normals[row])
        generator.standard_exponential(out=waits[row])
        generator.random(out=uniforms[row])
    return _Draws(
        hours=hours,
        moves=normals[:, 0],
        crowd=normals[:, 1],
        mixes=waits[:, 0],
        highs=waits[:, 1],
        lows=waits[:, 2],
        # Uniform of deviation 1: gaps are bounded.
        gaps=(uniforms - 0.5) * np.sqrt(12.0),
    )


def _minute_variances(draws: _Draws, daily: FloatArray) -> FloatArray:
    """Spread each day's variance over its minutes: by season, hour and chance."""
    # Nothing at the edges of the day, so that volatility has no step at midnight.
    nodes = np.pad(HOURLY_LOG_DEVIATION * draws.hours, ((0, 0), (1, 1)))
    within = np.arange(_MINUTES_PER_HOUR) / _MINUTES_PER_HOUR
    slopes = np.diff(nodes)[:, :, None]
    by_hour = (nodes[:, :-1, None] + slopes * within).reshape(len(nodes), -1)
    minute = np.arange(MINUTES_PER_DAY)
    turn = 2 * np.pi * (minute - BUSIEST_MINUTE) / MINUTES_PER_DAY
    season = (1 + SEASON_DEPTH * np.cos(turn)) ** 2
    # A Gaussian move of exponentially distributed variance is Laplace distributed.
    weights: FloatArray = season * np.exp(2 * by_hour) * draws.mixes
    weights *= (daily / weights.sum(axis=1))[:, None]
    return weights


def _extremes(
    opened: FloatArray, close: FloatArray, deviation: FloatArray, draws: _Draws
) -> tuple[FloatArray, FloatArray]:
    """Draw the highest and lowest price of each minute, given its open and close.

    The maximum of a Brownian bridge from o to c of variance v is
    `(o + c + sqrt((c - o)² + 2 v E)) / 2` with E exponential (Karatzas and Shreve,
    *Brownian Motion and Stochastic Calculus*, 2nd ed., Springer 1991, section 4.3).
    """
    middle, move = opened + close, np.square(close - opened)
    spread = 2 * np.square(deviation * close)
    high = (middle + np.sqrt(move + spread * draws.highs)) / 2
    low = (middle - np.sqrt(move + spread * draws.lows)) / 2
    return high, low


def _on_grid(
    instrument: Instrument,
    draws: _Draws,
    opened: FloatArray,
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
) -> Grids:
    tick = float(instrument.market.price_tick)
    first, last = (np.maximum(np.rint(p / tick), 1.0) for p in (opened, close))
    ordinary = TYPICAL_RANGE * instrument.scale * ORDINARY_VOLATILITY
    ordinary /= np.sqrt(MINUTES_PER_DAY)
    activity = QUIET_VOLUME + (high - low) / close / ordinary
    crowd = np.exp(VOLUME_LOG_DEVIATION * draws.crowd - VOLUME_LOG_DEVIATION**2 / 2)
    steps = instrument.daily_volume / float(instrument.market.quantity_step)
    return Grids(
        open=first,
        high=np.maximum(np.rint(high / tick), np.maximum(first, last)),
        low=np.maximum(np.minimum(np.rint(low / tick), np.minimum(first, last)), 1.0),
        close=last,
        volume=np.rint(steps / MINUTES_PER_DAY / (1 + QUIET_VOLUME) * activity * crowd),
    )
