"""The price of a market now: it walks by itself, or goes where a script says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.exchange_server.draws import seed_of
from tests.exchange_server.markets import SCALE
from tests.exchange_server.pages import eight_digits

if TYPE_CHECKING:
    from decimal import Decimal

    from tests.exchange_server.bars import BarArrays
    from tests.exchange_server.markets import ServedMarket

_DAY_MS: Final = 86_400_000
# What a whole-number generator multiplies by (Knuth's MMIX).
_FACTOR: Final = 6364136223846793005
_MASK: Final = (1 << 64) - 1


class LiveMarket:
    """One market's last price, its best offers, and the sums of its last day.

    Attributes:
        market: Which market.
        last: The last price in ticks.
        bid: The best buyer's price in ticks.
        ask: The best seller's price in ticks.
        held: Whether a script holds the price, so that it does not walk.
        liquidity: What can be filled at each price, base units; None is any amount.
        available: What of it is left at this price.
        updates: How often it has changed.
        stem: What the names of its streams begin with, as `btcusdt`.
    """

    def __init__(self, market: ServedMarket, day: BarArrays) -> None:
        """Begin where the past ends."""
        self.market = market
        self.tick, self.step = market.tick_e8, market.step_e8
        self.open = int(day.open[0]) // self.tick
        self.last = max(int(day.close[-1]) // self.tick, 2)
        self.high = int(day.high.max()) // self.tick
        self.low = int(day.low.min()) // self.tick
        self.volume = eight_digits(int(day.volume.sum()))
        self.quote = eight_digits(int(day.quote.sum()))
        self.count = int(day.count.sum())
        self.weighted = eight_digits(
            int(day.quote.sum()) * SCALE // max(int(day.volume.sum()), 1)
        )
        self.anchor = self.last
        self.held = False
        self.liquidity: Decimal | None = None
        self.available: Decimal | None = None
        self.updates = 0
        self._state = seed_of(market.name, "live")
        self.bid, self.ask = max(self.last - 1, 1), self.last + 1
        self.bid_quantity = self.ask_quantity = 1000
        self._name = market.name
        self.stem = market.name.lower()

    def price_set(self, price: Decimal, *, hold: bool = True) -> None:
        """Move the price, with a spread of two ticks around it.

        Args:
            price: Where to, quote per base; cut to the tick.
            hold: Whether it stays there.
        """
        self.held = hold
        self.anchor = int(price * SCALE) // self.tick
        self._moved(self.anchor)

    def walk(self) -> None:
        """Take one small step, towards where it came from if that is far."""
        self._state = (self._state * _FACTOR + 1442695040888963407) & _MASK
        drawn = self._state >> 33
        self.bid_quantity = 1 + drawn % 5000
        self.ask_quantity = 1 + (drawn >> 8) % 5000
        if self.held:
            self.updates += 1
            return
        size = max(self.last // 40_000, 1)
        far = self.last - self.anchor
        way = (drawn >> 5) % 3 - 1
        if abs(far) > 40 * size:
            way = -1 if far > 0 else 1
        self._moved(max(self.last + way * size, 2))

    def _moved(self, last: int) -> None:
        self.last = last
        self.bid, self.ask = max(last - 1, 1), last + 1
        self.high, self.low = max(self.high, last), min(self.low, last)
        self.available = self.liquidity
        self.updates += 1

    def _price(self, ticks: int) -> str:
        return eight_digits(ticks * self.tick)

    def best(self) -> dict[str, str]:
        """Return the best offers as `ticker/bookTicker` tells them."""
        return {
            "symbol": self._name,
            "bidPrice": self._price(self.bid),
            "bidQty": eight_digits(self.bid_quantity * self.step),
            "askPrice": self._price(self.ask),
            "askQty": eight_digits(self.ask_quantity * self.step),
        }

    def day(self, now_ms: int) -> dict[str, Any]:
        """Return the last day as `ticker/24hr` tells it."""
        change = self.last - self.open
        sign = "-" if change < 0 else ""
        best = self.best()
        return {
            "symbol": self._name,
            "priceChange": sign + self._price(abs(change)),
            "priceChangePercent": f"{100 * change / self.open:.3f}",
            "weightedAvgPrice": self.weighted,
            "prevClosePrice": self._price(self.open),
            "lastPrice": self._price(self.last),
            "lastQty": eight_digits(self.step * 10),
            "bidPrice": best["bidPrice"],
            "bidQty": best["bidQty"],
            "askPrice": best["askPrice"],
            "askQty": best["askQty"],
            "openPrice": self._price(self.open),
            "highPrice": self._price(self.high),
            "lowPrice": self._price(self.low),
            "volume": self.volume,
            "quoteVolume": self.quote,
            "openTime": now_ms - _DAY_MS,
            "closeTime": now_ms,
            "firstId": 1,
            "lastId": self.count + self.updates,
            "count": self.count + self.updates,
        }

    def ticker_event(self, now_ms: int) -> bytes:
        """Return the event of `@ticker`, made without a detour: there may be many."""
        change = self.last - self.open
        sign = "-" if change < 0 else ""
        return (
            f'{{"e":"24hrTicker","E":{now_ms},"s":"{self._name}",'
            f'"p":"{sign}{self._price(abs(change))}",'
            f'"P":"{100 * change / self.open:.3f}","w":"{self.weighted}",'
            f'"x":"{self._price(self.open)}","c":"{self._price(self.last)}",'
            f'"Q":"{eight_digits(self.step * 10)}","b":"{self._price(self.bid)}",'
            f'"B":"{eight_digits(self.bid_quantity * self.step)}",'
            f'"a":"{self._price(self.ask)}",'
            f'"A":"{eight_digits(self.ask_quantity * self.step)}",'
            f'"o":"{self._price(self.open)}","h":"{self._price(self.high)}",'
            f'"l":"{self._price(self.low)}","v":"{self.volume}","q":"{self.quote}",'
            f'"O":{now_ms - _DAY_MS},"C":{now_ms},"F":1,'
            f'"L":{self.count + self.updates},"n":{self.count + self.updates}}}'
        ).encode()

    def mini_event(self, now_ms: int) -> bytes:
        """Return the event of `@miniTicker`."""
        return (
            f'{{"e":"24hrMiniTicker","E":{now_ms},"s":"{self._name}",'
            f'"c":"{self._price(self.last)}","o":"{self._price(self.open)}",'
            f'"h":"{self._price(self.high)}","l":"{self._price(self.low)}",'
            f'"v":"{self.volume}","q":"{self.quote}"}}'
        ).encode()

    def best_event(self) -> bytes:
        """Return the event of `@bookTicker`, which has no name and no time."""
        return (
            f'{{"u":{self.updates},"s":"{self._name}","b":"{self._price(self.bid)}",'
            f'"B":"{eight_digits(self.bid_quantity * self.step)}",'
            f'"a":"{self._price(self.ask)}",'
            f'"A":"{eight_digits(self.ask_quantity * self.step)}"}}'
        ).encode()
