"""The synthetic venue behind the port of real exchanges.

Its clock is this machine's: what would be in the future is not told, and the candle that
runs now comes unfinished, as from any exchange.
"""

from __future__ import annotations

import time
from decimal import Decimal
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from apps.exchanges.adapters.simulated.adapter import HORIZON_NS, SimulatedVenue
from apps.exchanges.adapters.simulated.capabilities import (
    CANDLES_PER_PAGE,
    CAPABILITIES,
    TIMEFRAMES,
)
from apps.exchanges.adapters.simulated.config import (
    DAY_NS,
    EPOCH_NS,
    MINUTE_NS,
    VENUE_ID,
)
from apps.exchanges.contracts import Candles, Ticker
from apps.exchanges.errors import (
    ExchangeUnsupported,
    SymbolUnknown,
    TimeframeUnsupported,
)
from apps.exchanges.ports import ExchangeStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.exchanges.config import ExchangeConfig
    from apps.exchanges.contracts import Market, OrderBook, Trades
    from apps.exchanges.ports import Capabilities


class SimulatedMarketData:
    """Invented markets behind `MarketDataPort`, without a network.

    Args:
        exchange: Always `simulated`.
        config: Nothing of it matters here.
        clock_ns: Tells the time, int64 nanoseconds UTC.
    """

    def __init__(
        self,
        exchange: str = VENUE_ID,
        config: ExchangeConfig | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        del config
        self.exchange = exchange
        self._venue = SimulatedVenue()
        self._clock_ns = clock_ns

    def capabilities(self) -> Capabilities:
        """Say what it can do."""
        return CAPABILITIES

    def status(self) -> ExchangeStatus:
        """Say that it is there; it always is."""
        return ExchangeStatus(
            reachable=True,
            latency_seconds=0.0,
            clock_skew_seconds=0.0,
            circuit="closed",
            message="",
        )

    def markets(self) -> tuple[Market, ...]:
        """Return the synthetic markets, sorted by symbol."""
        return self._venue.markets()

    def ticker(self, symbol: str) -> Ticker:
        """Return the close of the minute that runs, and the volume of a day.

        Raises:
            SymbolUnknown: There is no such market here.
        """
        now_ns = self._clock_ns()
        minute_ns = now_ns // MINUTE_NS * MINUTE_NS
        day = self._venue.candles(
            symbol, MINUTE_NS, minute_ns - DAY_NS + MINUTE_NS, minute_ns + MINUTE_NS
        )
        return Ticker(
            symbol=symbol,
            last=Decimal(repr(float(day.close[-1]))),
            bid=None,
            ask=None,
            bid_quantity=None,
            ask_quantity=None,
            base_volume=Decimal(repr(round(float(day.volume.sum()), 5))),
            venue_ns=now_ns,
            received_ns=now_ns,
        )

    def order_book(self, symbol: str, depth: int) -> OrderBook:
        """Refuse: nothing rests in a market that nobody trades.

        Raises:
            ExchangeUnsupported: Always.
        """
        del depth
        self._unsupported("order books", symbol)

    def candles_page(
        self, symbol: str, timeframe: str, since_ns: int, limit: int | None = None
    ) -> Candles:
        """Return one page of candles that open at `since_ns` or later.

        Raises:
            SymbolUnknown: There is no such market here.
            TimeframeUnsupported: There are no candles of this length here.
        """
        self._market_check(symbol)
        length_ns = TIMEFRAMES.get(timeframe)
        if length_ns is None:
            message = (
                f"{self.exchange} has no candles of {timeframe[:20]!r}; "
                f"it has {', '.join(TIMEFRAMES)}"
            )
            raise TimeframeUnsupported(message, attr="timeframe")
        count = min(limit or CANDLES_PER_PAGE, CANDLES_PER_PAGE)
        first = -(-max(since_ns, EPOCH_NS) // length_ns) * length_ns
        end = min(first + count * length_ns, self._clock_ns() + 1, HORIZON_NS)
        if first >= end:
            return _no_candles(length_ns)
        return self._venue.candles(symbol, length_ns, first, end)

    def trades_page(self, symbol: str, since_ns: int, after_id: str | None) -> Trades:
        """Refuse: there are no trades behind invented candles.

        Raises:
            ExchangeUnsupported: Always.
        """
        del since_ns, after_id
        self._unsupported("public trades", symbol)

    def price_round(self, symbol: str, price: Decimal) -> Decimal:
        """Return a price on the market's grid, to the nearest step."""
        tick = self._market_check(symbol).price_tick
        return (price / tick).quantize(Decimal(1)) * tick

    def quantity_round(self, symbol: str, quantity: Decimal) -> Decimal:
        """Return a quantity on the market's grid, never more than was asked."""
        step = self._market_check(symbol).quantity_step
        return quantity // step * step

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def _market_check(self, symbol: str) -> Market:
        found = {market.symbol: market for market in self._venue.markets()}
        if symbol not in found:
            raise SymbolUnknown.among(symbol, found, venue=self.exchange)
        return found[symbol]

    def _unsupported(self, what: str, symbol: str) -> NoReturn:
        self._market_check(symbol)
        message = f"{self.exchange} has no {what}: its markets are invented"
        raise ExchangeUnsupported(message, attr="exchange")


def _no_candles(timeframe_ns: int) -> Candles:
    return Candles(
        time=np.empty(0, dtype=np.int64),
        open=np.empty(0),
        high=np.empty(0),
        low=np.empty(0),
        close=np.empty(0),
        volume=np.empty(0),
        timeframe_ns=timeframe_ns,
    )
