"""An exchange made of a list of trades, which answers in the ways that exchanges do."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from apps.exchanges.contracts import Market, Trades
from apps.exchanges.ports import Capabilities, ExchangeStatus

MINUTE = 60_000_000_000
SYMBOL = "BTC/USDT"


@dataclass(slots=True)
class TradesVenue:
    """Serves trades a page at a time.

    Attributes:
        times: Of its trades, nanoseconds in order; the place is the id.
        page: The most trades that one call gives.
        by_id: Whether it can be asked for the trades after one.
        latest_only: Whether it has only its last page, from which `since` picks.
        exclusive: Whether it gives only what is later than `since`.
        window: Whether a page holds only so many nanoseconds from `since`.
        empty: Calls, by their number from 1, that are answered with nothing.
        calls: What was asked: moment and id.
    """

    times: list[int]
    page: int = 100
    by_id: bool = False
    latest_only: bool = False
    exclusive: bool = False
    window: int | None = None
    empty: tuple[int, ...] = ()
    calls: list[tuple[int, str | None]] = field(default_factory=list)
    exchange: str = "kraken"

    def capabilities(self) -> Capabilities:
        """Say that it has trades."""
        return Capabilities(
            timeframes=("1h",),
            candles=True,
            trades=True,
            order_book=False,
            ticker=False,
            stream_tickers=False,
            stream_order_book=False,
            stream_trades=False,
            candles_per_page=None,
            trades_by_id=self.by_id,
        )

    def status(self) -> ExchangeStatus:
        """Say that all is well."""
        return ExchangeStatus(True, 0.01, 0.0, "closed", "")  # noqa: FBT003

    def markets(self) -> tuple[Market, ...]:
        """Return its only market."""
        tick, small, fee = Decimal("0.01"), Decimal("0.001"), Decimal("0.001")
        one = Decimal(1)
        return (Market(SYMBOL, "BTC", "USDT", tick, small, small, one, fee, fee),)

    def trades_page(self, symbol: str, since_ns: int, after_id: str | None) -> Trades:
        """Return a page."""
        assert symbol == SYMBOL
        assert after_id is None or self.by_id
        self.calls.append((since_ns, after_id))
        time = np.array(self.times, dtype=np.int64)
        place = np.arange(len(time))
        keep = place >= len(time) - self.page if self.latest_only else place >= 0
        if after_id is not None:
            keep &= place > int(after_id)
        elif self.exclusive:
            keep &= time > since_ns
        else:
            keep &= time >= since_ns
        if self.window is not None and after_id is None:
            keep &= time < since_ns + self.window
        if len(self.calls) in self.empty:
            keep[:] = False
        places = np.flatnonzero(keep)[: self.page]
        ones = np.ones(len(places))
        ids = tuple(str(place) for place in places.tolist())
        return Trades(time[places], 20 * ones, ones, ones > 0, ids)
