"""How a past is made up: every hour from its own number, every part from its whole."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Final

import numpy as np

from tests.exchange_server.bars import MINUTE, BarArrays, split
from tests.exchange_server.markets import HOUR_MS, SCALE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.exchange_server.bars import Ints
    from tests.exchange_server.markets import ServedMarket

    type Floats = NDArray[np.float64]

_OCTAVES: Final = 15
_HOURLY: Final = 0.005
# Slower swings grow with the square root of their length, up to some weeks'.
_GROWING: Final = 10
# Each minute has at least so many trades: its open, extremes and close are four.
FEWEST: Final = 20


def _mixed(numbers: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """Scramble whole numbers (splitmix64, Steele et al., 2014)."""
    with np.errstate(over="ignore"):
        z = numbers * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def seed_of(*parts: object) -> int:
    """Return a seed of 64 bits from anything that can be told."""
    told = ":".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(told, digest_size=8).digest())


def units(numbers: Ints, *seed: object) -> Floats:
    """Return a number in [0, 1) for each whole number, always the same."""
    mixed = _mixed(numbers.astype(np.uint64), seed_of(*seed))
    return (mixed >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def _whole(values: Floats) -> Ints:
    return values.astype(np.int64)


class Draws:
    """The past of one market, drawn from its name and a seed."""

    def __init__(self, market: ServedMarket, seed: int) -> None:
        """Take what it is drawn from."""
        self.market = market
        self.name = f"{seed}:{market.name}"

    def hours(self, era_number: int, start_ms: int, end_ms: int) -> BarArrays:
        """Return an era's hours that open within `[start_ms, end_ms)`."""
        market = self.market
        era = market.eras[era_number]
        start = max(start_ms, era.start_ms)
        end = max(end_ms if era.end_ms is None else min(era.end_ms, end_ms), start)
        edges = np.arange(start, end + 1, HOUR_MS, dtype=np.int64)
        price = self._prices(edges // HOUR_MS, era_number)
        first, last = price[:-1], price[1:]
        each = edges[:-1] // HOUR_MS
        swing = np.maximum(first * 0.004, 2)
        up = _whole(swing * units(each, self.name, "h"))
        down = _whole(swing * units(each, self.name, "l"))
        volume = self._volumes(each, first)
        taker = _whole(volume * (0.3 + 0.4 * units(each, self.name, "t")))
        tick, step = market.tick_e8, market.step_e8
        return BarArrays(
            time=edges[:-1],
            open=first * tick,
            high=(np.maximum(first, last) + up) * tick,
            low=np.maximum(np.minimum(first, last) - down, 1) * tick,
            close=last * tick,
            volume=volume * step,
            quote=_whole(volume * step * ((first + last) / 2 * tick / SCALE)),
            count=60 * FEWEST + _whole(2400 * units(each, self.name, "n")),
            taker=taker * step,
        )

    def _prices(self, hours: Ints, era_number: int) -> Ints:
        """Return prices in ticks at full hours: swings of all lengths, laid together."""
        era = self.market.eras[era_number]
        hours = np.concatenate(([era.start_ms // HOUR_MS], hours))
        logs = np.zeros(len(hours))
        for octave in range(_OCTAVES):
            period = 1 << octave
            size = _HOURLY * math.sqrt(1 << min(octave, _GROWING))
            place, rest = hours // period, (hours % period) / period
            left = units(place, self.name, era_number, octave)
            right = units(place + 1, self.name, era_number, octave)
            logs += size * (2 * (left + (right - left) * rest) - 1)
        start = float(era.price) * SCALE / self.market.tick_e8
        made = start * np.exp(logs[1:] - logs[0])
        return _whole(np.maximum(np.rint(made), 10))

    def _volumes(self, hours: Ints, price: Ints) -> Ints:
        """Return volumes in steps: some 400,000 units of quote an hour, more or less."""
        market = self.market
        notional = 400_000 if market.min_notional >= 1 else 40
        size = np.exp(2 * units(hours, self.name, "v") - 1)
        steps = notional * size / (price * float(market.tick) * float(market.step))
        return _whole(np.maximum(steps, 20_000))

    def minutes(self, hours: BarArrays) -> BarArrays:
        """Return the sixty minutes of each hour, which together make it again."""
        each = (hours.time // MINUTE)[:, None] + np.arange(60)
        tick, step = self.market.tick_e8, self.market.step_e8
        low, high = hours.low[:, None] // tick, hours.high[:, None] // tick
        path = self._path(hours, each, low, high)
        first, last = path[:, :-1], path[:, 1:]
        wick = (high - low) * 0.1
        up = _whole(wick * units(each, self.name, "mh"))
        down = _whole(wick * units(each, self.name, "ml"))
        highs = np.minimum(np.maximum(first, last) + up, high)
        lows = np.maximum(np.minimum(first, last) - down, low)
        row = np.arange(len(hours))
        top = _whole(60 * units(hours.time, self.name, "top"))
        bottom = _whole(60 * units(hours.time, self.name, "bottom"))
        highs[row, top], lows[row, bottom] = high[:, 0], low[:, 0]
        weights = 1 + _whole(999 * units(each, self.name, "mv"))
        count = FEWEST + split(hours.count - 60 * FEWEST, weights)
        volume = count + split(hours.volume // step - hours.count, weights)
        taker = split(hours.taker // step, weights)
        return BarArrays(
            time=(each * MINUTE).ravel(),
            open=(first * tick).ravel(),
            high=(highs * tick).ravel(),
            low=(lows * tick).ravel(),
            close=(last * tick).ravel(),
            volume=(volume * step).ravel(),
            quote=split(hours.quote, weights).ravel(),
            count=count.ravel(),
            taker=(taker * step).ravel(),
        )

    def _path(self, hours: BarArrays, each: Ints, low: Ints, high: Ints) -> Ints:
        """Return the price in ticks at the sixty-one edges of each hour's minutes."""
        tick = self.market.tick_e8
        first, last = hours.open[:, None] // tick, hours.close[:, None] // tick
        share = np.arange(61) / 60
        steps = units(each, self.name, "walk") - 0.5
        walk = np.concatenate((np.zeros((len(hours), 1)), np.cumsum(steps, 1)), 1)
        bridge = walk - walk[:, -1:] * share
        drawn = np.rint(first + (last - first) * share + bridge * (high - low) * 0.3)
        path = _whole(np.clip(drawn, low, high))
        path[:, 0], path[:, -1] = first[:, 0], last[:, 0]
        return path
