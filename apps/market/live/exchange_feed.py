"""One exchange held fresh: what is wanted of it, channel by channel."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from apps.core.errors import ApplicationError
from apps.exchanges.errors import ExchangeUnsupported, SymbolUnknown
from apps.market.enums import LiveKind
from apps.market.live.encoding import BOOK_LEVELS
from apps.market.live.groups import groups_change
from apps.market.live.inbox import Inbox
from apps.market.live.polling import Polling

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence
    from concurrent.futures import ThreadPoolExecutor

    from apps.exchanges.ports import (
        ExchangeStatus,
        MarketDataPort,
        MarketStreamPort,
    )
    from apps.market.live.publishing import Publisher
    from apps.market.selectors.demand import Wanted

logger = logging.getLogger(__name__)

# A symbol that the exchange does not have, or a channel that failed, is tried again.
REFUSED_SECONDS = 60.0
FAILED_SECONDS = 5.0


class ExchangeFeed:
    """Follows what is wanted of one exchange and publishes it.

    Args:
        exchange: Its id.
        publisher: Where the latest goes.
        streams: Opens its streams; raises ExchangeUnsupported where it has none.
        data: Opens its public data, for what has no stream.
        executor: Where calls to it wait; its own, which ends with it.

    Attributes:
        inbox: Takes what comes.
        refused: Why a symbol is not held fresh, and until when on the monotonic clock.
        polled: The kinds that are asked over REST.
    """

    def __init__(
        self,
        exchange: str,
        *,
        publisher: Publisher,
        streams: Callable[[], MarketStreamPort],
        data: Callable[[], MarketDataPort],
        executor: ThreadPoolExecutor,
    ) -> None:
        self.exchange = exchange
        self.inbox = Inbox(exchange, publisher)
        self.refused: dict[str, tuple[str, float]] = {}
        self.polled: set[LiveKind] = set()
        self._open, self._data, self._executor = streams, data, executor
        self._streams: MarketStreamPort | None = None
        self._polling: Polling | None = None
        self._opening = asyncio.Lock()
        self._wanted: dict[LiveKind, tuple[str, ...]] = {}
        self._tasks: dict[tuple[LiveKind, tuple[str, ...]], asyncio.Task[None]] = {}

    async def ask_status(self) -> ExchangeStatus:
        """Ask the exchange for its time.

        Raises:
            ApplicationError: It cannot be asked at all.
        """
        port = await self._port()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, port.status)

    @property
    def streams(self) -> MarketStreamPort | None:
        """The streams, once one is followed."""
        return self._streams

    def wanted(self, kind: LiveKind) -> tuple[str, ...]:
        """Return the symbols of a kind that are held fresh."""
        return self._wanted.get(kind, ())

    async def follow(self, wanted: Wanted) -> None:
        """Begin and end channels until they are those that are wanted."""
        now = time.monotonic()
        for symbol in [one for one, (_, end) in self.refused.items() if end <= now]:
            del self.refused[symbol]
        for kind in (LiveKind.TICKERS, LiveKind.BOOKS, LiveKind.TRADES):
            symbols = [one for one in wanted.channel(kind) if one not in self.refused]
            self._wanted[kind] = tuple(symbols)
            running = [group for (of, group), _ in self._alive() if of is kind]
            most = None if kind is LiveKind.TICKERS else 1
            end, begin = groups_change(running, symbols, one_each=most is not None)
            await self._end([(kind, group) for group in end])
            for group in begin:
                work = self._keep(kind, group)
                self._tasks[kind, group] = asyncio.create_task(work)

    async def close(self) -> None:
        """End all channels and let go of the connections."""
        try:
            if self._streams is not None:
                # First: what is closed need not be unsubscribed.
                await self._streams.close()
            await self._end(list(self._tasks))
        finally:
            # A call that hangs comes back to nobody.
            self._executor.shutdown(wait=False, cancel_futures=True)

    async def ticker_refresh(self, age_seconds: float) -> None:
        """Ask over REST for the wanted ticker of which nothing came for longest.

        A quiet market sends nothing for minutes; its last price is still its price.

        Args:
            age_seconds: Only where that is longer ago than this.
        """
        before = time.time_ns() - int(age_seconds * 1e9)
        symbols = self.wanted(LiveKind.TICKERS)
        if not symbols or LiveKind.TICKERS in self.polled:
            return
        symbol = min(symbols, key=self._at)
        if self._at(symbol) > before:
            return
        try:
            polling = await self._poll()
            found = await polling.ticker(symbol)
        except ApplicationError as error:
            logger.info("%s: %s: %s", self.exchange, symbol, error.message)
            return
        self.inbox.tickers([found])

    def _at(self, symbol: str) -> int:
        return self.inbox.received.get((LiveKind.TICKERS, symbol), 0)

    async def _port(self) -> MarketDataPort:
        """Return its public data; to import a library takes seconds."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._data)

    async def _poll(self) -> Polling:
        port = await self._port()
        if self._polling is None:
            self._polling = Polling(port, self._executor)
        return self._polling

    def _alive(self) -> list[tuple[tuple[LiveKind, tuple[str, ...]], Any]]:
        return [(key, task) for key, task in self._tasks.items() if not task.done()]

    async def _end(self, keys: Sequence[tuple[LiveKind, tuple[str, ...]]]) -> None:
        tasks = [self._tasks.pop(key) for key in keys if key in self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep(self, kind: LiveKind, symbols: tuple[str, ...]) -> None:
        """Follow a channel for as long as the task lives, whatever happens to it."""
        run = {
            LiveKind.TICKERS: self._tickers_run,
            LiveKind.BOOKS: self._book_run,
            LiveKind.TRADES: self._trades_run,
        }[kind]
        while True:
            try:
                await run(symbols)
            except SymbolUnknown as error:
                # Alone it is left out; of several, the others go on without it.
                wrong = error.symbol or symbols[0]
                self._refuse(wrong, error.message)
                task = self._tasks.pop((kind, symbols), None)
                symbols = tuple(one for one in symbols if one != wrong)
                if not symbols or task is None:
                    return
                self._tasks[kind, symbols] = task
            except ExchangeUnsupported as error:
                if kind in self.polled:
                    self._refuse_all(symbols, error.message)
                    return
                logger.info(
                    "%s: %s; it is asked over REST", self.exchange, error.message
                )
                self.polled.add(kind)
            except ApplicationError as error:
                logger.warning("%s: %s: %s", self.exchange, kind.value, error.message)
                await asyncio.sleep(FAILED_SECONDS)
            except Exception:
                # A mistake of ours in one channel must not end the others.
                logger.exception("%s: %s failed", self.exchange, kind.value)
                await asyncio.sleep(FAILED_SECONDS)

    def _refuse(self, symbol: str, message: str) -> None:
        logger.warning("%s: %s is not held fresh: %s", self.exchange, symbol, message)
        self.refused[symbol] = (message, time.monotonic() + REFUSED_SECONDS)

    def _refuse_all(self, symbols: Sequence[str], message: str) -> None:
        for symbol in symbols:
            self._refuse(symbol, message)

    async def _source(self, kind: LiveKind) -> MarketStreamPort | None:
        """Return the streams, or None where a kind is asked over REST."""
        if kind in self.polled:
            return None
        async with self._opening:
            if self._streams is None:
                loop = asyncio.get_running_loop()
                found = await loop.run_in_executor(self._executor, self._open)
                self._streams = found
        return self._streams

    async def _tickers_run(self, symbols: tuple[str, ...]) -> None:
        source = await self._source(LiveKind.TICKERS) or await self._poll()
        async with aclosing(_generator(source.tickers(symbols))) as told:
            async for tickers in told:
                self.inbox.tickers(tickers)

    async def _book_run(self, symbols: tuple[str, ...]) -> None:
        symbol = symbols[0]
        source = await self._source(LiveKind.BOOKS) or await self._poll()
        with self.inbox.book_kept(symbol) as take:
            async with aclosing(_generator(source.books(symbol, BOOK_LEVELS))) as told:
                async for change in told:
                    take(change)

    async def _trades_run(self, symbols: tuple[str, ...]) -> None:
        symbol = symbols[0]
        streams = await self._source(LiveKind.TRADES)
        if streams is None:
            polling = await self._poll()
            source = _generator(polling.trades(symbol, time.time_ns()))
        else:
            source = _generator(streams.trades(symbol))
        async with aclosing(source) as told:
            async for trades in told:
                self.inbox.trades(symbol, trades, time.time_ns())


def _generator(source: Any) -> AsyncGenerator[Any]:
    """Return an iterator of a port, which can be closed."""
    found: AsyncGenerator[Any] = source
    return found
