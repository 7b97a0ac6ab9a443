"""Made-up bars for the tests: walks with flat stretches and stretches without trade."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    type Series = dict[str, NDArray[np.generic]]

HOUR = 3_600_000_000_000
"""Nanoseconds."""

_START = 1_704_067_200_000_000_000
"""2024-01-01 00:00 UTC."""


def bars_make(
    *, seed: int, length: int, quiet: float = 0.0, untraded: float = 0.0
) -> Series:
    """Return valid hourly bars.

    Args:
        seed: Of the random numbers.
        length: Number of bars.
        quiet: Share of the bars in which the price does not move at all.
        untraded: Share of the bars without volume; both come in stretches.

    Returns:
        All inputs that an indicator can have, as read-only arrays.
    """
    random = np.random.default_rng(seed)
    steps = random.normal(0.0, 0.02, length) * ~_stretches(random, length, quiet)
    close = 100.0 * np.exp(np.cumsum(steps))
    opened = np.concatenate(([100.0], close[:-1]))[:length]
    moved = steps != 0.0
    opened = np.where(moved, opened, close)
    reach = random.random((2, length)) * 0.01 * moved
    series: Series = {
        "time": _START + HOUR * np.arange(length, dtype=np.int64),
        "open": opened,
        "high": np.maximum(opened, close) * (1.0 + reach[0]),
        "low": np.minimum(opened, close) * (1.0 - reach[1]),
        "close": close,
        "volume": random.lognormal(5.0, 1.0, length)
        * ~_stretches(random, length, untraded),
    }
    return frozen(series)


def flat_make(*, length: int, price: float = 42.5, volume: float = 0.0) -> Series:
    """Return bars in which nothing moves."""
    prices = np.full(length, price)
    series: Series = {name: prices.copy() for name in ("open", "high", "low", "close")}
    series["time"] = _START + HOUR * np.arange(length, dtype=np.int64)
    series["volume"] = np.full(length, volume)
    return frozen(series)


def frozen(series: Series) -> Series:
    """Return the series, made read-only so that a write to one is an error."""
    for values in series.values():
        values.setflags(write=False)
    return series


def cut(series: Series, stop: int) -> Series:
    """Return the first bars alone, in memory of their own."""
    return frozen({name: values[:stop].copy() for name, values in series.items()})


def joined(first: Series, second: Series) -> Series:
    """Return the bars of one series followed by those of another."""
    series: Series = {
        name: np.concatenate((first[name], second[name])) for name in second
    }
    series["time"] = _START + HOUR * np.arange(len(series["close"]), dtype=np.int64)
    return frozen(series)


def scaled(series: Series, *, price: float, volume: float) -> Series:
    """Return the same bars in other units."""
    factors: dict[str, float] = {"time": 1, "volume": volume}
    return frozen(
        {
            name: np.multiply(values, factors.get(name, price))
            for name, values in series.items()
        }
    )


def _stretches(
    random: np.random.Generator, length: int, share: float
) -> NDArray[np.bool_]:
    """Return a mask of about the given share, in stretches of twelve bars."""
    chosen = random.random(length // 12 + 1) < share
    return np.repeat(chosen, 12)[:length]
