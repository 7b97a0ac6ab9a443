"""Series of markets that ended and came back, with numbers such as really were."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from apps.market.batches import CandleBatch
from apps.market.moments import ns_from_datetime
from apps.market.tests.candles import HOUR

if TYPE_CHECKING:
    from apps.engines.contracts import FloatArray, IntArray

DECIMALS = 8


def bars_of(time: IntArray, close: FloatArray, *, seed: int = 1) -> CandleBatch:
    """Return bars that open at the close before, with a little room around them."""
    random = np.random.default_rng(seed)
    close = np.maximum(np.round(close, DECIMALS), 10.0**-DECIMALS)
    open_ = np.concatenate((close[:1], close[:-1]))
    room = 1 + random.uniform(0, 0.002, (2, len(close)))
    high = np.maximum(open_, close) * room[0]
    low = np.minimum(open_, close) / room[1]
    # Rounded outwards, so that no bar becomes one that cannot be.
    unit = 10.0**DECIMALS
    high, low = np.ceil(high * unit) / unit, np.floor(low * unit) / unit
    low = np.where(low > 0, low, np.minimum(open_, close))
    volume = np.round(random.exponential(1000, len(close)), 2)
    return CandleBatch(time, np.stack((open_, high, low, close, volume)))


def walk(count: int, first: float, deviation: float, *, seed: int) -> FloatArray:
    """Return closes that wander from a price."""
    steps = np.random.default_rng(seed).normal(0, deviation, count)
    prices: FloatArray = first * np.exp(np.cumsum(steps))
    return prices


def hours(start: datetime, count: int) -> IntArray:
    """Return open times of hourly bars."""
    times: IntArray = ns_from_datetime(start) + HOUR * np.arange(count, dtype=np.int64)
    return times


def joined(*parts: CandleBatch) -> CandleBatch:
    """Return parts as one series; each keeps the open of its own first bar."""
    return CandleBatch(
        np.concatenate([one.time for one in parts]),
        np.concatenate([one.values for one in parts], axis=1),
    )


def luna(before: int = 1_500, after: int = 700) -> CandleBatch:
    """Return LUNA/USDT by the hour: months near 80, six days down, 18 without a bar.

    It ended on 2022-05-13 near 0.00005 and another token came back under its name on
    2022-05-31 between 5 and 10.
    """
    crash = 144
    start = datetime(2022, 5, 13, 0, tzinfo=UTC)
    first = ns_from_datetime(start) - HOUR * (before + crash - 1)
    time = first + HOUR * np.arange(before + crash, dtype=np.int64)
    normal = walk(before, 80.0, 0.01, seed=2)
    fall = np.geomspace(normal[-1], 5e-5, crash + 1)[1:]
    fall *= np.exp(np.random.default_rng(3).normal(0, 0.08, crash))
    ended = bars_of(time, np.concatenate((normal, fall)), seed=4)
    back = hours(datetime(2022, 5, 31, 6, tzinfo=UTC), after)
    return joined(ended, bars_of(back, walk(after, 7.0, 0.03, seed=5), seed=6))


def ftt(before: int = 2_000, after: int = 700) -> CandleBatch:
    """Return FTT/USDT by the hour: it stopped near 1.6, and went on near 1.2."""
    ended = hours(datetime(2022, 8, 24, tzinfo=UTC), before)
    calm = walk(before - 240, 25.0, 0.006, seed=7)
    fall = np.geomspace(calm[-1], 1.6, 241)[1:]
    back = hours(datetime(2023, 9, 22, tzinfo=UTC), after)
    return joined(
        bars_of(ended, np.concatenate((calm, fall)), seed=8),
        bars_of(back, walk(after, 1.2, 0.01, seed=9), seed=10),
    )
