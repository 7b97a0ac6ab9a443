"""A past that a test brings along: candles, or trades, as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from tests.exchange_server.bars import (
    INTERVALS,
    BarArrays,
    bars_joined,
    open_ms,
    ordinal,
    ordinals,
    resampled,
)
from tests.exchange_server.history import TradeArrays, bar_of_trades
from tests.exchange_server.markets import HOUR_MS, SCALE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.exchange_server.bars import Ints

_DAY_MS: Final = 24 * HOUR_MS
_COLUMNS: Final = ("open", "high", "low", "close", "volume")


def _none() -> Ints:
    return np.zeros(0, dtype=np.int64)


def in_e8(values: Sequence[float | str]) -> Ints:
    """Return amounts in units of 1e-8, to the nearest."""
    told = np.asarray(values, dtype=np.float64)
    return np.rint(told * SCALE).astype(np.int64)


class LoadedHistory:
    """A past as it was brought along; coarser bars are made of the brought ones."""

    def __init__(self, interval: str, bars: BarArrays, trades: TradeArrays) -> None:
        """Keep bars of one length, and trades, either of which may be none."""
        self._interval = interval
        self._bars = bars
        self._trades = trades

    @classmethod
    def of_candles(cls, interval: str, columns: dict[str, Sequence[Any]]) -> Self:
        """Return a past of candles.

        Args:
            interval: Their length, as `1h`.
            columns: `time` in milliseconds, and `open`, `high`, `low`, `close`,
                `volume` as numbers or strings, sorted by time.
        """
        prices = {name: in_e8(columns[name]) for name in _COLUMNS}
        mean = (prices["open"] + prices["close"]) / 2 / SCALE
        bars = BarArrays(
            time=np.asarray(columns["time"], dtype=np.int64),
            **prices,
            quote=(prices["volume"] * mean).astype(np.int64),
            count=np.maximum(prices["volume"] // SCALE, 1),
            taker=prices["volume"] // 2,
        )
        none = _none()
        return cls(interval, bars, TradeArrays(none, none, none, none, none == 1))

    @classmethod
    def of_trades(cls, columns: dict[str, Sequence[Any]]) -> Self:
        """Return a past of trades, and the minutes that they make.

        Args:
            columns: `id`, `time` in milliseconds, `price`, `quantity` and `maker`
                (whether the buyer was the maker), sorted by time and id.
        """
        trades = TradeArrays(
            id=np.asarray(columns["id"], dtype=np.int64),
            time=np.asarray(columns["time"], dtype=np.int64),
            price=in_e8(columns["price"]),
            quantity=in_e8(columns["quantity"]),
            maker=np.asarray(columns["maker"], dtype=np.bool_),
        )
        return cls("1m", _minutes(trades), trades)

    def bars(self, interval: str, start_ms: int, end_ms: int) -> BarArrays:
        """Return the whole bars that open within `[start_ms, end_ms)`."""
        if _finer(interval, self._interval):
            return self._bars.pick(slice(0, 0))
        last = open_ms(interval, ordinal(interval, end_ms - 1) + 1)
        known = self._bars.between(start_ms, last)
        return resampled(known, interval).between(start_ms, end_ms)

    def unfinished(self, interval: str, now_ms: int) -> BarArrays:
        """Return the bar that is being made, of what happened before `now_ms`.

        Of a brought bar that `now_ms` falls in, half the volume has been traded.
        """
        if _finer(interval, self._interval):
            return self._bars.pick(slice(0, 0))
        begun = open_ms(interval, ordinal(interval, now_ms))
        making = open_ms(self._interval, ordinal(self._interval, now_ms))
        done = self._bars.between(begun, making)
        part = self._bars.between(making, making + 1)
        if len(self._trades):
            part = bar_of_trades(making, self._trades.between(making, now_ms))
        elif len(part):
            part = BarArrays(
                part.time, part.open, part.high, part.low, part.open,
                part.volume // 2, part.quote // 2, part.count, part.taker // 2,
            )  # fmt: skip
        return resampled(bars_joined(done, part), interval)

    def trades(self, start_ms: int, end_ms: int) -> TradeArrays:
        """Return the trades that happened within `[start_ms, end_ms)`."""
        return self._trades.between(start_ms, end_ms)

    def trade_time(self, number: int) -> int:
        """Return when the trade of a number, or the next one, happened."""
        place = int(np.searchsorted(self._trades.id, number))
        if not len(self._trades):
            return 0
        return int(self._trades.time[min(place, len(self._trades) - 1)])

    def day(self, now_ms: int) -> BarArrays:
        """Return the bars of the last day, or the last ones there are."""
        known = self._bars.between(now_ms - _DAY_MS, now_ms)
        return known if len(known) else self._bars.pick(slice(-24, None))

    @property
    def span(self) -> tuple[int, int]:
        """Return when it begins and ends."""
        return int(self._bars.time[0]), int(self._bars.time[-1])


def _finer(interval: str, known: str) -> bool:
    """Return whether an interval is shorter than what is known."""
    order = list(INTERVALS)
    return order.index(interval) < order.index(known)


def _minutes(trades: TradeArrays) -> BarArrays:
    numbers = ordinals("1m", trades.time)
    starts = np.flatnonzero(np.concatenate(([True], numbers[1:] != numbers[:-1])))
    ends = np.concatenate((starts[1:], [len(trades)])) - 1
    quote = (trades.price / SCALE * trades.quantity).astype(np.int64)
    return BarArrays(
        time=numbers[starts] * 60_000,
        open=trades.price[starts],
        high=np.maximum.reduceat(trades.price, starts),
        low=np.minimum.reduceat(trades.price, starts),
        close=trades.price[ends],
        volume=np.add.reduceat(trades.quantity, starts),
        quote=np.add.reduceat(quote, starts),
        count=ends - starts + 1,
        taker=np.add.reduceat(np.where(trades.maker, 0, trades.quantity), starts),
    )
