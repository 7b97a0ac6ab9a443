"""Indicators that NautilusTrader has the parts of, put together as its users would."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from nautilus_trader import indicators as own

if TYPE_CHECKING:
    from collections.abc import Mapping

    type Parameters = Mapping[str, float]

NS_PER_SECOND = 10**9


def macd_of(given: Parameters) -> Any:
    """Return its MACD, which is the difference of two EMAs and nothing more."""
    kind = own.MovingAverageConvergenceDivergence
    return kind(int(given["fast"]), int(given["slow"]))


class MacdLines:
    """Its MACD, which is one line, with its EMA of that as the signal."""

    def __init__(self, given: Parameters) -> None:
        self.macd = macd_of(given)
        self.signal = own.ExponentialMovingAverage(int(given["signal"]))

    @property
    def initialized(self) -> bool:
        """Whether both lines are."""
        return bool(self.signal.initialized)

    def update_raw(self, value: float) -> None:
        """Take the next value."""
        self.macd.update_raw(value)
        if self.macd.initialized:
            self.signal.update_raw(self.macd.value)


class KeltnerLines:
    """Its Keltner channel in two parts, since its own has one period for both."""

    def __init__(self, given: Parameters) -> None:
        self.middle = own.ExponentialMovingAverage(int(given["period"]))
        self.atr = own.AverageTrueRange(int(given["atr_period"]))
        self.multiplier = given["multiplier"]

    @property
    def initialized(self) -> bool:
        """Whether both parts are."""
        return bool(self.middle.initialized and self.atr.initialized)

    def update_raw(self, high: float, low: float, close: float) -> None:
        """Take the next bar."""
        self.middle.update_raw((high + low + close) / 3.0)
        self.atr.update_raw(high, low, close)

    def at(self, side: float) -> float:
        """Return the line above (+1), in (0) or below (-1) the middle."""
        return float(self.middle.value + side * self.multiplier * self.atr.value)


class DayAverage:
    """Its VWAP, of typical prices, by the day of each bar's open time."""

    def __init__(self, _: Parameters) -> None:
        self.average = own.VolumeWeightedAveragePrice()

    @property
    def initialized(self) -> bool:
        """Whether it has a value."""
        return bool(self.average.initialized)

    def update_raw(
        self, time: int, high: float, low: float, close: float, volume: float
    ) -> None:
        """Take the next bar."""
        moment = datetime.fromtimestamp(time // NS_PER_SECOND, tz=UTC)
        self.average.update_raw((high + low + close) / 3.0, volume, moment)


class ClosesOnly:
    """Its Bollinger bands of one series; it takes a bar's typical price."""

    def __init__(self, given: Parameters) -> None:
        self.bands = own.BollingerBands(int(given["period"]), given["deviations"])

    @property
    def initialized(self) -> bool:
        """Whether the window is full."""
        return bool(self.bands.initialized)

    def update_raw(self, value: float) -> None:
        """Take the next value."""
        self.bands.update_raw(value, value, value)
