"""Order books that change by numbered steps, as `depth` and `@depth` tell them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson

from tests.exchange_server.pages import eight_digits

if TYPE_CHECKING:
    from tests.exchange_server.live import LiveMarket

_LEVELS: Final = 120
_FAR: Final = 180
_BEGIN: Final = 1_000_000

type Side = dict[int, int]


@dataclass(slots=True)
class Pending:
    """What has changed since the last event.

    Attributes:
        first: The number of the first change.
        bids: Quantity in steps by price in ticks; 0 is gone.
        asks: Likewise.
    """

    first: int = 0
    bids: Side = field(default_factory=dict)
    asks: Side = field(default_factory=dict)


class Book:
    """The offers on one market.

    Attributes:
        bids: Quantity in steps by price in ticks.
        asks: Likewise.
        last_id: The number of the last change.
    """

    def __init__(self, live: LiveMarket) -> None:
        """Lay offers around the price."""
        self._live = live
        self._random = random.Random(live.market.name)  # noqa: S311
        self.bids: Side = {}
        self.asks: Side = {}
        self.last_id = _BEGIN
        self._pending = {100: Pending(), 1000: Pending()}
        self.follow()
        self.forget()

    def follow(self) -> None:
        """Move the offers to where the price is, and keep them dense."""
        bid, ask = self._live.bid, self._live.ask
        gap = max(bid // 20_000, 1)
        for price in [price for price in self.bids if price > bid]:
            self._put(self.bids, price, 0)
        for price in [price for price in self.asks if price < ask]:
            self._put(self.asks, price, 0)
        for number in range(_LEVELS):
            below = bid if not number else bid // gap * gap - number * gap
            above = ask if not number else -(-ask // gap) * gap + number * gap
            if below > 0 and below not in self.bids:
                self._put(self.bids, below, self._quantity())
            if above not in self.asks:
                self._put(self.asks, above, self._quantity())
        far = _FAR * gap
        for price in [price for price in self.bids if price < bid - far]:
            self._put(self.bids, price, 0)
        for price in [price for price in self.asks if price > ask + far]:
            self._put(self.asks, price, 0)

    def stir(self, times: int = 6) -> None:
        """Change some of the offers, and take one away."""
        for side in (self.bids, self.asks):
            prices = list(side)
            for _ in range(times // 2):
                self._put(side, self._random.choice(prices), self._quantity())
        gone = self._random.choice(list(self.bids))
        if gone != self._live.bid:
            self._put(self.bids, gone, 0)

    def _quantity(self) -> int:
        return self._random.randrange(1, 20_000)

    def _put(self, side: Side, price: int, quantity: int) -> None:
        """Set one offer; every change has a number."""
        if quantity:
            side[price] = quantity
        else:
            del side[price]
        self.last_id += 1
        for pending in self._pending.values():
            changed = pending.bids if side is self.bids else pending.asks
            if not pending.bids and not pending.asks:
                pending.first = self.last_id
            changed[price] = quantity

    def forget(self, rate: int | None = None) -> None:
        """Forget what changed: nobody listens at a rate, or at any."""
        for each in self._pending if rate is None else (rate,):
            self._pending[each] = Pending()

    def event(self, rate: int, now_ms: int) -> bytes | None:
        """Return what changed since the last event of a rate, if anything did."""
        pending = self._pending[rate]
        if not pending.bids and not pending.asks:
            return None
        self._pending[rate] = Pending()
        return orjson.dumps(
            {
                "e": "depthUpdate",
                "E": now_ms,
                "s": self._live.market.name,
                "U": pending.first,
                "u": self.last_id,
                "b": self._told(pending.bids, sorted(pending.bids, reverse=True)),
                "a": self._told(pending.asks, sorted(pending.asks)),
            }
        )

    def snapshot(self, limit: int) -> dict[str, Any]:
        """Return the best offers as `depth` tells them."""
        return {
            "lastUpdateId": self.last_id,
            "bids": self._told(self.bids, sorted(self.bids, reverse=True)[:limit]),
            "asks": self._told(self.asks, sorted(self.asks)[:limit]),
        }

    def _told(self, side: Side, prices: list[int]) -> list[list[str]]:
        tick, step = self._live.tick, self._live.step
        return [
            [eight_digits(price * tick), eight_digits(side[price] * step)]
            for price in prices
        ]
