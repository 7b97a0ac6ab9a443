"""The public streams of one exchange, through ccxt.pro, for one event loop."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import ccxt

from apps.core.errors import ApplicationError
from apps.exchanges.adapters.ccxt.calls import rate_of
from apps.exchanges.adapters.ccxt.capabilities import capabilities_from
from apps.exchanges.adapters.ccxt.keeping import Keeping, Patience
from apps.exchanges.adapters.ccxt.streaming_client import (
    groups_of,
    markets_ready,
    pro_class,
    pro_make,
)
from apps.exchanges.adapters.ccxt.table import TABLE
from apps.exchanges.adapters.ccxt.telling_values import trades_from
from apps.exchanges.adapters.ccxt.watching import (
    TICKERS_PER_CALL,
    call_of,
    depth_asked,
    nothing,
    ticker_call,
    trade_new,
    unwatch_calls,
)
from apps.exchanges.errors import ExchangeRateLimited, ExchangeUnsupported
from apps.exchanges.guard import AsyncGuard
from apps.exchanges.ports import ChannelState, ExchangeStatus

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterator,
        Callable,
        Mapping,
        Sequence,
    )

    from apps.exchanges.books import BookChange
    from apps.exchanges.config import ExchangeConfig
    from apps.exchanges.contracts import Ticker, Trades
    from apps.exchanges.ports import Capabilities

logger = logging.getLogger(__name__)

# A call for a hundred tickers costs as much as a hundred messages; none is missed.
TICKERS_REST_SECONDS = 0.2
UNSUBSCRIBE_SECONDS = 2.0
# Errors that the same call would meet again.
LASTING = (
    ccxt.AuthenticationError,
    ccxt.BadSymbol,
    ccxt.NotSupported,
    ccxt.InvalidProxySettings,
)


class CcxtStreams:
    """One exchange of ccxt behind `MarketStreamPort`; belongs to one event loop.

    Args:
        exchange: ccxt's id.
        config: How it is reached.
        clock: Returns the time, int64 nanoseconds UTC.
        patience: How long is waited for what.

    Raises:
        ExchangeUnsupported: ccxt has no streams of this exchange.
    """

    def __init__(
        self,
        exchange: str,
        config: ExchangeConfig,
        *,
        clock: Callable[[], int] = time.time_ns,
        patience: Patience | None = None,
    ) -> None:
        if pro_class(exchange) is None:
            raise _unsupported(exchange, "streams")
        self.exchange = exchange
        self._channels: dict[tuple[str, str], ChannelState] = {}
        self._client = pro_make(exchange, config, clock)
        self._guard = AsyncGuard(
            exchange, rate_of(self._client, config), config.redis_url
        )
        self._client.pace = self._guard.pace
        self._client.admit = self._guard.admitted
        self._patience = patience or Patience()
        self._closing = False

    def capabilities(self) -> Capabilities:
        """Say what the exchange can do; no call is made."""
        return capabilities_from(self._client, self._client.has)

    def channels(self) -> Mapping[tuple[str, str], ChannelState]:
        """Return how each open channel is, by kind and name."""
        return dict(self._channels)

    def counts(self) -> Mapping[str, int]:
        """Return totals since the start: messages, what was dropped, reconnects."""
        return dict(self._client.counts)

    async def tickers(self, symbols: Sequence[str]) -> AsyncGenerator[Sequence[Ticker]]:
        """Yield tickers of these markets as they change, each at most once a wake.

        Raises:
            SymbolUnknown: There is no such market.
            ExchangeUnsupported: The exchange has no stream of tickers.
        """
        client = self._client
        many, one = client.has.get("watchTickers"), client.has.get("watchTicker")
        if not (many or one):
            raise _unsupported(self.exchange, "a stream of tickers")
        async with self._channel("tickers", symbols) as (event, keeping, tasks):
            groups = groups_of(client, symbols, TICKERS_PER_CALL if many else 1)
            for group in groups:
                watch = ticker_call(client, group, many=bool(many))
                work = keeping.run(watch, nothing, TICKERS_REST_SECONDS)
                tasks.append(asyncio.create_task(work))
            while True:
                await self._wake(event, tasks)
                found = client.tickers_take(symbols)
                if found:
                    yield found

    async def books(self, symbol: str, depth: int) -> AsyncGenerator[BookChange]:
        """Yield each change of a book: whole first and after each resync.

        Raises:
            SymbolUnknown: There is no such market.
            ExchangeUnsupported: The exchange has no stream of order books.
        """
        client = self._client
        if not client.has.get("watchOrderBook"):
            raise _unsupported(self.exchange, "a stream of order books")
        asked = depth_asked(self.exchange, depth)
        state = self._state("books", symbol)

        async def took(_: Any) -> None:
            client.books_commit()
            state.resyncs = client.resyncs[symbol]
            wrong = client.book_wrong(symbol, depth)
            if wrong is not None:
                client.book_drop(symbol)
                raise ccxt.ChecksumError(f"{symbol}: {wrong}")

        async with self._channel("books", [symbol]) as (event, keeping, tasks):
            client.book_begin(symbol)
            watch = call_of(client.watch_order_book, symbol, asked)
            tasks.append(asyncio.create_task(keeping.run(watch, took)))
            while True:
                await self._wake(event, tasks)
                for change in client.book_take(symbol):
                    yield change

    async def trades(self, symbol: str) -> AsyncGenerator[Trades]:
        """Yield public trades as they happen, each once.

        Raises:
            SymbolUnknown: There is no such market.
            ExchangeUnsupported: The exchange has no stream of trades.
        """
        client = self._client
        if not client.has.get("watchTrades"):
            raise _unsupported(self.exchange, "a stream of trades")
        seen: dict[str, None] = {}
        waiting: list[dict[str, Any]] = []

        async with self._channel("trades", [symbol]) as (event, keeping, tasks):

            async def took(found: Any) -> None:
                waiting.extend(one for one in found if trade_new(seen, one))
                event.set()

            watch = call_of(client.watch_trades, symbol)
            tasks.append(asyncio.create_task(keeping.run(watch, took)))
            while True:
                await self._wake(event, tasks)
                told, dropped = trades_from(waiting)
                waiting.clear()
                client.counts["dropped"] += dropped
                if len(told):
                    yield told

    async def status(self) -> ExchangeStatus:
        """Ask the exchange for its time; an outage is an answer, not an error."""
        begun, asked = time.perf_counter(), time.time()
        try:
            told = await self._client.fetch_time()
        except (ccxt.BaseError, ApplicationError) as error:
            text = " ".join(str(error).split())[:200]
            return _status(text)
        took = time.perf_counter() - begun
        skew = told / 1000 - (asked + took / 2) if told else None
        return _status("", took, skew)

    async def close(self) -> None:
        """Let go of its connections."""
        self._closing = True
        self._client.timeout_on_exit = 0
        await self._client.close()
        self._guard.close()

    @asynccontextmanager
    async def _channel(
        self, kind: str, symbols: Sequence[str]
    ) -> AsyncIterator[tuple[asyncio.Event, Keeping, list[asyncio.Task[None]]]]:
        """Listen to some markets, and let go of them at the end."""
        key = (
            symbols[0] if len(symbols) == 1 else f"{symbols[0]} and {len(symbols) - 1}"
        )
        state = self._state(kind, key)
        keeping = Keeping(self._client, self._patience, state, self._lasting)
        await keeping.once(lambda: markets_ready(self._client, symbols))
        event = self._client.listen(kind, symbols)
        tasks: list[asyncio.Task[None]] = []
        try:
            yield event, keeping, tasks
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._client.deafen(kind, symbols, event)
            self._channels.pop((kind, key), None)
            await self._unsubscribe(kind, symbols)

    def _state(self, kind: str, key: str) -> ChannelState:
        return self._channels.setdefault((kind, key), ChannelState())

    async def _wake(
        self, event: asyncio.Event, tasks: Sequence[asyncio.Task[None]]
    ) -> None:
        """Wait until there is something to take.

        Raises:
            ApplicationError: A task ended because going on cannot help.
        """
        # What came while the last was dealt with is taken together with what comes now.
        await asyncio.sleep(self._patience.wake_seconds)
        set_ = asyncio.ensure_future(event.wait())
        try:
            await asyncio.wait((set_, *tasks), return_when=asyncio.FIRST_COMPLETED)
        finally:
            set_.cancel()
        event.clear()
        for task in tasks:
            if task.done():
                task.result()

    def _lasting(self, error: BaseException) -> ApplicationError | None:
        """Return our error where the same call would fail again; else None."""
        if isinstance(error, ExchangeRateLimited):
            return None
        if isinstance(error, ApplicationError):
            return error
        if isinstance(error, LASTING):
            text = " ".join(str(error).split())[:200]
            return TABLE[type(error)](text, attr="exchange")
        return None

    async def _unsubscribe(self, kind: str, symbols: Sequence[str]) -> None:
        """Tell the exchange that nobody listens any more, where it can be told."""
        if self._closing:
            return
        try:
            async with asyncio.timeout(UNSUBSCRIBE_SECONDS):
                for call in unwatch_calls(self._client, kind, symbols):
                    await call()
        except (ccxt.BaseError, TimeoutError, OSError) as error:
            # What still comes is heard by nobody; with the connection it ends.
            logger.info("%s: %s not unsubscribed: %s", self.exchange, kind, error)


def _status(
    message: str, latency: float | None = None, skew: float | None = None
) -> ExchangeStatus:
    return ExchangeStatus(
        reachable=latency is not None,
        latency_seconds=latency,
        clock_skew_seconds=skew,
        circuit="closed",
        message=message,
    )


def _unsupported(exchange: str, what: str) -> ExchangeUnsupported:
    return ExchangeUnsupported(f"{exchange} has no {what} in ccxt", attr="exchange")
