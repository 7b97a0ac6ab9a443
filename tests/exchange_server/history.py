"""What happened on a market: made up, yet the same at every telling.

Each hour is drawn from its own number, so that any stretch of the past can be told
without what came before. Minutes split their hour, and trades their minute: together
they make it again, to the last digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from tests.exchange_server.bars import (
    MINUTE,
    BarArrays,
    bars_joined,
    open_ms,
    ordinal,
    resampled,
)
from tests.exchange_server.draws import Draws, units
from tests.exchange_server.markets import HOUR_MS, SCALE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.exchange_server.bars import Ints
    from tests.exchange_server.markets import ServedMarket

_NEVER_MS: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class TradeArrays:
    """Public trades, sorted by time and number; amounts in units of 1e-8.

    Attributes:
        id: Numbers that rise by one.
        time: Milliseconds since the epoch, UTC.
        price: Quote per base.
        quantity: Base units.
        maker: Whether the buyer was the maker, so the seller the taker.
    """

    id: Ints
    time: Ints
    price: Ints
    quantity: Ints
    maker: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.id)

    def pick(self, chosen: slice | NDArray[np.bool_]) -> TradeArrays:
        """Return some of the trades."""
        return TradeArrays(
            self.id[chosen],
            self.time[chosen],
            self.price[chosen],
            self.quantity[chosen],
            self.maker[chosen],
        )

    def between(self, start_ms: int, end_ms: int) -> TradeArrays:
        """Return the trades that happened within `[start_ms, end_ms)`."""
        first, last = np.searchsorted(self.time, [start_ms, end_ms])
        return self.pick(slice(int(first), int(last)))


class History(Protocol):
    """Where a market's past is read."""

    def bars(self, interval: str, start_ms: int, end_ms: int) -> BarArrays:
        """Return the whole bars that open within `[start_ms, end_ms)`."""
        ...

    def unfinished(self, interval: str, now_ms: int) -> BarArrays:
        """Return the bar that is being made, of what happened before `now_ms`."""
        ...

    def trades(self, start_ms: int, end_ms: int) -> TradeArrays:
        """Return the trades that happened within `[start_ms, end_ms)`."""
        ...

    def trade_time(self, number: int) -> int:
        """Return a time from which on the trade of a number is found within the hour."""
        ...

    def day(self, now_ms: int) -> BarArrays:
        """Return bars of the last day, some minutes more or less, to sum it up."""
        ...


def bar_of_trades(at_ms: int, trades: TradeArrays) -> BarArrays:
    """Return the bar that trades have made so far; no trades make no bar."""
    if not len(trades):
        none = np.zeros(0, dtype=np.int64)
        return BarArrays(*(none for _ in range(9)))
    told = (
        at_ms,
        trades.price[0],
        trades.price.max(),
        trades.price.min(),
        trades.price[-1],
        trades.quantity.sum(),
        (trades.price / SCALE * trades.quantity).sum(),
        len(trades),
        trades.quantity[~trades.maker].sum(),
    )
    return BarArrays(*(np.array([each]).astype(np.int64) for each in told))


class SyntheticHistory:
    """The past of one market, drawn from its name and a seed."""

    def __init__(self, market: ServedMarket, *, until_ms: int, seed: int = 0) -> None:
        """Take what it is drawn from, and up to when; nothing is drawn yet."""
        self._market = market
        self._draws = Draws(market, seed)
        self._until = until_ms
        self._coarse: dict[str, BarArrays] = {}
        self._drawn: tuple[BarArrays, Ints] | None = None
        self._kept: BarArrays | None = None

    def bars(self, interval: str, start_ms: int, end_ms: int) -> BarArrays:
        """Return the whole bars that open within `[start_ms, end_ms)`."""
        last = open_ms(interval, ordinal(interval, end_ms - 1) + 1)
        if interval.endswith("m"):
            return resampled(self._minutes(start_ms, last), interval).between(
                start_ms, end_ms
            )
        if interval == "1h":
            return self._told_hours().between(start_ms, end_ms)
        if interval not in self._coarse:
            self._coarse[interval] = resampled(self._told_hours(), interval)
        return self._coarse[interval].between(start_ms, end_ms)

    def unfinished(self, interval: str, now_ms: int) -> BarArrays:
        """Return the bar that is being made, of what happened before `now_ms`."""
        begun = open_ms(interval, ordinal(interval, now_ms))
        hour = now_ms // HOUR_MS * HOUR_MS
        minute = now_ms // MINUTE * MINUTE
        finished = self._told_hours().between(begun, hour)
        minutes = self._minutes(max(begun, hour), minute)
        known = bars_joined(
            bars_joined(finished, minutes),
            bar_of_trades(minute, self.trades(minute, now_ms)),
        )
        return resampled(known, interval)

    def trades(self, start_ms: int, end_ms: int) -> TradeArrays:
        """Return the trades that happened within `[start_ms, end_ms)`."""
        minutes = self._minutes(start_ms // MINUTE * MINUTE, end_ms)
        return self._trades_of(minutes).between(start_ms, end_ms)

    def trade_time(self, number: int) -> int:
        """Return the hour in which the trade of a number happened, or the last hour."""
        hours, first_id = self._hours()
        place = int(np.searchsorted(first_id, number, side="right")) - 1
        return int(hours.time[min(max(place, 0), len(hours) - 1)])

    def day(self, now_ms: int) -> BarArrays:
        """Return the hours of the last day, without drawing what came before."""
        hour = now_ms // HOUR_MS * HOUR_MS
        era = self._market.eras[-1]
        end = hour if era.end_ms is None else min(hour, era.end_ms)
        last = len(self._market.eras) - 1
        begin, stop = end - 24 * HOUR_MS, end + HOUR_MS
        # Before its listing, a market has the price that it will begin with.
        stop = max(stop, era.start_ms + HOUR_MS)
        return self._draws.hours(last, begin, stop)

    def _hours(self) -> tuple[BarArrays, Ints]:
        """Return all hours, holes not taken away, and the first trade's number of each."""
        if self._drawn is None:
            eras = range(len(self._market.eras))
            parts = [self._draws.hours(each, 0, self._until) for each in eras]
            hours = parts[0]
            for part in parts[1:]:
                hours = bars_joined(hours, part)
            first_id = np.cumsum(hours.count) - hours.count + 1
            self._drawn = (hours, first_id)
        return self._drawn

    def _told_hours(self) -> BarArrays:
        """Return the hours without what lies in holes."""
        if self._kept is None:
            kept = self._hours()[0]
            for start, end in self._market.holes:
                first, last = start // HOUR_MS * HOUR_MS, -(-end // HOUR_MS) * HOUR_MS
                around = resampled(self._minutes(first, last), "1h")
                kept = bars_joined(
                    bars_joined(kept.between(0, first), around),
                    kept.between(last, _NEVER_MS),
                )
            self._kept = kept
        return self._kept

    def _minutes(self, start_ms: int, end_ms: int) -> BarArrays:
        hours = self._hours()[0].between(start_ms // HOUR_MS * HOUR_MS, end_ms)
        made = self._draws.minutes(hours).between(start_ms, end_ms)
        for start, end in self._market.holes:
            made = made.pick((made.time < start) | (made.time >= end))
        return made

    def _trades_of(self, minutes: BarArrays) -> TradeArrays:
        """Return the trades of each minute: its open, extremes and close among them."""
        name, tick = self._draws.name, self._market.tick_e8
        count = minutes.count
        minute = np.repeat(np.arange(len(minutes)), count)
        starts = np.cumsum(count) - count
        place = np.arange(int(count.sum())) - starts[minute]
        numbers = self._numbers(minutes)[minute] + place
        low, high = minutes.low[minute], minutes.high[minute]
        drawn = (high - low) // tick * units(numbers, name, "p")
        price = low + drawn.astype(np.int64) * tick
        price[place == 0] = minutes.open
        price[place == 1] = minutes.high
        price[place == 2] = minutes.low
        price[starts + count - 1] = minutes.close
        time = minutes.time[minute] + place * MINUTE // count[minute]
        return TradeArrays(
            id=numbers,
            time=np.asarray(time, dtype=np.int64),
            price=price,
            quantity=self._quantities(minutes, minute, starts, numbers),
            maker=units(numbers, name, "side") < 0.5,
        )

    def _quantities(
        self, minutes: BarArrays, minute: Ints, starts: Ints, numbers: Ints
    ) -> Ints:
        """Return what each trade took: at least a step, all together the volume."""
        if not len(numbers):
            return numbers
        step = self._market.step_e8
        spare = minutes.volume // step - minutes.count
        weights = 1 + 99 * units(numbers, self._draws.name, "q")
        sums = np.cumsum(weights)
        within = sums - (sums - weights)[starts][minute]
        whole = np.add.reduceat(weights, starts)[minute]
        borders = np.floor(spare[minute] * (within / whole)).astype(np.int64)
        borders[starts + minutes.count - 1] = spare
        parts = np.diff(borders, prepend=0)
        parts[starts] = borders[starts]
        return np.asarray((parts + 1) * step, dtype=np.int64)

    def _numbers(self, minutes: BarArrays) -> Ints:
        """Return the number of each minute's first trade."""
        if not len(minutes):
            return minutes.time
        all_hours, first_id = self._hours()
        first = int(minutes.time[0]) // HOUR_MS * HOUR_MS
        hours = all_hours.between(first, int(minutes.time[-1]) + 1)
        whole = self._draws.minutes(hours)
        base = np.repeat(first_id[np.searchsorted(all_hours.time, hours.time)], 60)
        counts = whole.count.reshape(-1, 60)
        within = (np.cumsum(counts, axis=1) - counts).ravel()
        found = np.searchsorted(whole.time, minutes.time)
        return np.asarray((base + within)[found], dtype=np.int64)
