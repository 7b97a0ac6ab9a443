"""Bars made of trades, as the exchange itself makes them.

The open is the first trade's price and the close the last one's, in the exchange's order;
a stretch without a trade makes no bar, unless the caller wants a flat one at the last
close, which some exchanges have.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from apps.market.batches import CLOSE, CandleBatch
from apps.market.resampling.grid import opens
from apps.market.resampling.sums import sums_exact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from apps.engines.contracts import FloatArray, IntArray
    from apps.exchanges.contracts import Trades
    from apps.market.enums import Timeframe


@dataclass(slots=True)
class TradesResampler:
    """Makes bars while trades stream by, in order.

    Attributes:
        timeframe: The bars' length.
        flat: Whether a stretch without a trade makes a bar at the last close.
        start: Only bars that open then or later; None: from the first.
        end: Only bars that are over by then; None: to the last.
    """

    timeframe: Timeframe
    flat: bool = False
    start: int | None = None
    end: int | None = None
    _time: IntArray = field(default_factory=lambda: np.empty(0, np.int64))
    _price: FloatArray = field(default_factory=lambda: np.empty(0))
    _quantity: FloatArray = field(default_factory=lambda: np.empty(0))
    _last: tuple[int, float] | None = None

    def batches(self, trades: Iterable[Trades]) -> Iterator[CandleBatch]:
        """Yield the bars of trades that are sorted by time."""
        for block in trades:
            time = np.concatenate((self._time, block.time))
            price = np.concatenate((self._price, block.price))
            quantity = np.concatenate((self._quantity, block.quantity))
            if not len(time):
                continue
            keys = opens(time, self.timeframe)
            # The last bar may go on in the next block.
            cut = int(np.searchsorted(keys, keys[-1]))
            self._time, self._price = time[cut:], price[cut:]
            self._quantity = quantity[cut:]
            if cut:
                yield self._made(keys[:cut], price[:cut], quantity[:cut])
        if len(self._time):
            keys = opens(self._time, self.timeframe)
            yield self._made(keys, self._price, self._quantity)
        if self.flat and self.end is not None and self._last is not None:
            yield self._within(self._flat(self.end))

    def _made(
        self, keys: IntArray, price: FloatArray, quantity: FloatArray
    ) -> CandleBatch:
        starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
        ends = np.append(starts[1:], len(keys)) - 1
        values = np.stack(
            [
                price[starts],
                np.maximum.reduceat(price, starts),
                np.minimum.reduceat(price, starts),
                price[ends],
                sums_exact(quantity, starts),
            ]
        )
        made = CandleBatch(keys[starts], values)
        if self.flat:
            made = self._filled(made)
        self._last = int(made.time[-1]), float(made.values[CLOSE][-1])
        return self._within(made)

    def _filled(self, made: CandleBatch) -> CandleBatch:
        """Return the bars with a flat one in each step between them."""
        step = self.timeframe.nanoseconds
        first = int(made.time[0]) if self._last is None else self._last[0] + step
        time = np.arange(first, int(made.time[-1]) + 1, step)
        place = np.searchsorted(made.time, time, side="right") - 1
        closes = made.values[CLOSE]
        before = np.nan if self._last is None else self._last[1]
        values = np.tile(
            np.where(place >= 0, closes[np.maximum(place, 0)], before), (5, 1)
        )
        values[4] = 0.0
        there = np.searchsorted(time, made.time)
        values[:, there] = made.values
        return CandleBatch(time, values)

    def _flat(self, end: int) -> CandleBatch:
        last, close = self._last or (0, 0.0)
        step = self.timeframe.nanoseconds
        time = np.arange(last + step, end - step + 1, step)
        values = np.full((5, len(time)), close)
        values[4] = 0.0
        return CandleBatch(time, values)

    def _within(self, made: CandleBatch) -> CandleBatch:
        keep = np.ones(len(made), dtype=np.bool_)
        if self.start is not None:
            keep &= made.time >= self.start
        if self.end is not None:
            keep &= made.time + self.timeframe.nanoseconds <= self.end
        return made if keep.all() else made.where(keep)
