"""Trades as they happen: those of the past whose time has come, and scripted ones."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from tests.exchange_server.bars import MINUTE
from tests.exchange_server.markets import SCALE
from tests.exchange_server.pages import eight_digits

if TYPE_CHECKING:
    from tests.exchange_server.history import History, TradeArrays

# Scripted trades are numbered far above those of the past.
_SCRIPTED: Final = 10**12


@dataclass(frozen=True, slots=True)
class Trade:
    """One public trade; amounts in units of 1e-8.

    Attributes:
        id: Its number.
        at_ms: When it happened.
        price: Quote per base.
        quantity: Base units.
        maker: Whether the buyer was the maker.
    """

    id: int
    at_ms: int
    price: int
    quantity: int
    maker: bool

    def described(self) -> dict[str, Any]:
        """Return it as `trades` tells it."""
        return {
            "id": self.id,
            "price": eight_digits(self.price),
            "qty": eight_digits(self.quantity),
            "quoteQty": eight_digits(self.price * self.quantity // SCALE),
            "time": self.at_ms,
            "isBuyerMaker": self.maker,
            "isBestMatch": True,
        }

    def gathered(self) -> dict[str, Any]:
        """Return it as `aggTrades` tells it: each is gathered of one."""
        return {
            "a": self.id,
            "p": eight_digits(self.price),
            "q": eight_digits(self.quantity),
            "f": self.id,
            "l": self.id,
            "T": self.at_ms,
            "m": self.maker,
            "M": True,
        }

    def event(self, name: str, now_ms: int) -> bytes:
        """Return the event of `@trade`."""
        return orjson.dumps(
            {
                "e": "trade",
                "E": now_ms,
                "s": name,
                "t": self.id,
                "p": eight_digits(self.price),
                "q": eight_digits(self.quantity),
                "T": self.at_ms,
                "m": self.maker,
                "M": True,
            }
        )

    def gathered_event(self, name: str, now_ms: int) -> bytes:
        """Return the event of `@aggTrade`."""
        return orjson.dumps({"e": "aggTrade", "E": now_ms, "s": name} | self.gathered())


def trades_listed(trades: TradeArrays) -> list[Trade]:
    """Return trades one by one."""
    return [
        Trade(*row)
        for row in zip(
            trades.id.tolist(),
            trades.time.tolist(),
            trades.price.tolist(),
            trades.quantity.tolist(),
            trades.maker.tolist(),
            strict=True,
        )
    ]


class Tape:
    """The trades of one market from now on."""

    def __init__(self, history: History, now_ms: int) -> None:
        """Begin now."""
        self._history = history
        self._told_ms = now_ms
        self._minute = -1
        self._coming: deque[Trade] = deque()
        self._scripted: deque[Trade] = deque(maxlen=5000)
        self._untold: list[Trade] = []
        self._next = _SCRIPTED

    def add(self, at_ms: int, price: int, quantity: int, *, maker: bool) -> Trade:
        """Let a trade happen that the past does not know."""
        self._next += 1
        trade = Trade(self._next, at_ms, price, quantity, maker)
        self._scripted.append(trade)
        self._untold.append(trade)
        return trade

    def scripted(self) -> list[Trade]:
        """Return the last scripted trades."""
        return list(self._scripted)

    def due(self, now_ms: int) -> list[Trade]:
        """Return what happened since this was last asked."""
        if now_ms // MINUTE != self._minute:
            self._minute = now_ms // MINUTE
            end = (self._minute + 1) * MINUTE
            self._coming = deque(
                trades_listed(self._history.trades(self._told_ms, end))
            )
        told: list[Trade] = []
        while self._coming and self._coming[0].at_ms < now_ms:
            told.append(self._coming.popleft())
        self._told_ms = max(self._told_ms, now_ms)
        told += self._untold
        self._untold = []
        return told
