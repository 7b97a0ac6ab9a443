"""What is asked of a venue on the network: by jobs in turn, by streams in one loop.

Two protocols, because a job may wait and a loop must not. Every error is one of
`apps.exchanges.errors`; retries, the circuit breaker and rate limits are behind them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from decimal import Decimal

    from apps.exchanges.books import BookChange
    from apps.exchanges.contracts import Candles, Market, OrderBook, Ticker, Trades


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an exchange can do, as far as its adapter knows.

    Attributes:
        timeframes: Bar lengths that it serves, in ccxt's notation.
        candles: Whether it serves candles at all.
        trades: Whether its public trades can be read.
        order_book: Whether its order book can be read.
        ticker: Whether it serves tickers.
        stream_tickers: Whether tickers can be watched over a websocket.
        stream_order_book: Likewise for order books.
        stream_trades: Likewise for trades.
        candles_per_page: The most candles that one call gives; None where not known.
        trades_by_id: Whether it can be asked for the trades after a given one.
    """

    timeframes: tuple[str, ...]
    candles: bool
    trades: bool
    order_book: bool
    ticker: bool
    stream_tickers: bool
    stream_order_book: bool
    stream_trades: bool
    candles_per_page: int | None
    trades_by_id: bool = False


@dataclass(frozen=True, slots=True)
class ExchangeStatus:
    """How an exchange is, as seen from here.

    Attributes:
        reachable: Whether it answered.
        latency_seconds: How long the answer took.
        clock_skew_seconds: The exchange's clock less ours; None where it tells no time.
        circuit: `closed`, `open` or `half-open`: whether calls are let through.
        message: What is wrong, for a person; empty where nothing is.
    """

    reachable: bool
    latency_seconds: float | None
    clock_skew_seconds: float | None
    circuit: str
    message: str


@dataclass(slots=True)
class ChannelState:
    """How one channel of a stream is.

    Attributes:
        reconnects: How often it was opened anew, after an outage or silence.
        resyncs: How often its book was read anew.
        failures: Attempts that failed since it was last well for a while.
        message: What was wrong last; empty while all is well.
    """

    reconnects: int = 0
    resyncs: int = 0
    failures: int = 0
    message: str = ""


class MarketDataPort(Protocol):
    """Public data of one exchange, for jobs: each call returns when it is done."""

    exchange: str

    def capabilities(self) -> Capabilities:
        """Say what the exchange can do; no call is made."""
        ...

    def status(self) -> ExchangeStatus:
        """Ask the exchange for its time; an outage is an answer, not an error."""
        ...

    def markets(self) -> tuple[Market, ...]:
        """Return every market, sorted by symbol."""
        ...

    def ticker(self, symbol: str) -> Ticker:
        """Return the last price and the best offers."""
        ...

    def order_book(self, symbol: str, depth: int) -> OrderBook:
        """Return the best `depth` levels of either side."""
        ...

    def candles_page(
        self, symbol: str, timeframe: str, since_ns: int, limit: int | None = None
    ) -> Candles:
        """Return one page of candles that open at `since_ns` or later.

        Args:
            symbol: The market.
            timeframe: In ccxt's notation, such as `1h`.
            since_ns: int64 nanoseconds UTC.
            limit: The most candles; None for as many as the exchange gives.

        Returns:
            Candles in order, as the exchange has them: the last may be unfinished, and
            there may be holes. None where the exchange has no later ones.
        """
        ...

    def trades_page(self, symbol: str, since_ns: int, after_id: str | None) -> Trades:
        """Return one page of public trades.

        Args:
            symbol: The market.
            since_ns: From this time on, int64 nanoseconds UTC.
            after_id: Only trades after this one, where the exchange can be asked so.
        """
        ...

    def price_round(self, symbol: str, price: Decimal) -> Decimal:
        """Return a price on the market's grid, to the nearest step.

        Raises:
            ExchangeRejected: Nothing is left of it.
        """
        ...

    def quantity_round(self, symbol: str, quantity: Decimal) -> Decimal:
        """Return a quantity on the market's grid, never more than was asked.

        Raises:
            ExchangeRejected: Nothing is left of it.
        """
        ...

    def close(self) -> None:
        """Let go of its connections."""
        ...


class MarketStreamPort(Protocol):
    """Public data of one exchange as it happens, for one event loop.

    Each method is an endless iterator that connects, and connects again after an outage;
    it raises where going on cannot help (an unknown symbol, an exchange without streams).
    """

    exchange: str

    def capabilities(self) -> Capabilities:
        """Say what the exchange can do; no call is made."""
        ...

    def tickers(self, symbols: Sequence[str]) -> AsyncIterator[Sequence[Ticker]]:
        """Yield tickers of these markets as they change."""
        ...

    def books(self, symbol: str, depth: int) -> AsyncIterator[BookChange]:
        """Yield the order book of a market: whole first and after each resync."""
        ...

    def trades(self, symbol: str) -> AsyncIterator[Trades]:
        """Yield public trades as they happen."""
        ...

    def channels(self) -> Mapping[tuple[str, str], ChannelState]:
        """Return how each open channel is, by kind and name."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Return totals since the start: messages, what was dropped, reconnects."""
        ...

    async def status(self) -> ExchangeStatus:
        """Ask the exchange for its time; an outage is an answer, not an error."""
        ...

    async def close(self) -> None:
        """Let go of its connections."""
        ...
