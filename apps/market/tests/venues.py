"""An exchange that lists what a test says."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from apps.exchanges.contracts import Market, MarketKind

if TYPE_CHECKING:
    from apps.core.errors import ApplicationError


def market(symbol: str = "BTC/USDT", **told: object) -> Market:
    """Return a market of a grid of 0.01 and 0.00001."""
    names, _, settle = symbol.partition(":")
    base, quote = names.split("/")
    plain = Market(
        symbol=symbol,
        base=base,
        quote=quote,
        price_tick=Decimal("0.01"),
        quantity_step=Decimal("0.00001"),
        min_quantity=Decimal("0.00001"),
        min_notional=Decimal(5),
        maker_fee=Decimal("0.001"),
        taker_fee=Decimal("0.001"),
        kind=MarketKind.SWAP if settle else MarketKind.SPOT,
        settle=settle or None,
    )
    return replace(plain, **told)  # type: ignore[arg-type]  # as the test names them


class FakeVenue:
    """Stands in for `market_data`.

    Attributes:
        listed: What each exchange answers with.
        fails: What it raises instead.
        asked: The exchanges that were asked, in order.
    """

    def __init__(self) -> None:
        self.listed: dict[str, list[Market]] = {}
        self.fails: dict[str, ApplicationError] = {}
        self.asked: list[str] = []
        self._current = ""

    def __call__(self, exchange: str) -> FakeVenue:
        self._current = exchange
        return self

    def markets(self) -> tuple[Market, ...]:
        """Answer."""
        self.asked.append(self._current)
        if self._current in self.fails:
            raise self.fails[self._current]
        return tuple(self.listed[self._current])
