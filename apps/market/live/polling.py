"""Asking over REST, where an exchange has no stream, at a modest rate."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from apps.core.errors import ApplicationError
from apps.exchanges.books import BookChange
from apps.exchanges.errors import SymbolUnknown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from concurrent.futures import Executor

    from apps.exchanges.contracts import Ticker, Trades
    from apps.exchanges.ports import MarketDataPort

logger = logging.getLogger(__name__)

# Between two calls to one exchange, and between two rounds.
CALL_SECONDS = 0.5
ROUND_SECONDS = 2.0
FAILED_SECONDS = 5.0


class Polling:
    """One exchange asked in turn; the guard of its port is before every call.

    Args:
        port: Its public data.
        executor: Where calls wait.
    """

    def __init__(self, port: MarketDataPort, executor: Executor) -> None:
        self._port = port
        self._executor = executor
        # One call at a time, whoever asks.
        self._turn = asyncio.Lock()

    async def call[T](self, ask: Callable[..., T], *arguments: Any) -> T:
        """Return what a call of the port gives.

        Raises:
            ApplicationError: As the port says.
        """
        loop = asyncio.get_running_loop()
        async with self._turn:
            found = await loop.run_in_executor(self._executor, ask, *arguments)
            await asyncio.sleep(CALL_SECONDS)
        return found

    async def ticker(self, symbol: str) -> Ticker:
        """Return one ticker.

        Raises:
            ApplicationError: As the port says.
        """
        return await self.call(self._port.ticker, symbol)

    async def tickers(self, symbols: Sequence[str]) -> AsyncIterator[Sequence[Ticker]]:
        """Yield tickers in turn.

        Raises:
            SymbolUnknown: There is no such market.
        """
        while True:
            for symbol in symbols:
                found = await self._asked(self._port.ticker, symbol)
                if found is not None:
                    yield (found,)
            await asyncio.sleep(ROUND_SECONDS)

    async def books(self, symbol: str, depth: int) -> AsyncIterator[BookChange]:
        """Yield the whole book again and again.

        Raises:
            SymbolUnknown: There is no such market.
        """
        while True:
            book = await self._asked(self._port.order_book, symbol, depth)
            if book is not None:
                yield BookChange(
                    symbol=symbol,
                    whole=True,
                    bids=book.bids,
                    asks=book.asks,
                    sequence=book.sequence,
                    venue_ns=book.venue_ns,
                    received_ns=book.received_ns,
                    resyncs=0,
                )
            await asyncio.sleep(ROUND_SECONDS)

    async def trades(self, symbol: str, since_ns: int) -> AsyncIterator[Trades]:
        """Yield public trades from a time on, each once.

        Raises:
            SymbolUnknown: There is no such market.
        """
        seen: set[str] = set()
        while True:
            page = await self._asked(self._port.trades_page, symbol, since_ns, None)
            if page is not None and len(page):
                new = [at for at, name in enumerate(page.ids) if name not in seen]
                since_ns = max(since_ns, int(page.time[-1]))
                # Those of the last moment come again with the next page.
                seen = {
                    name
                    for name, time in zip(page.ids, page.time.tolist(), strict=True)
                    if time >= since_ns
                }
                if new:
                    yield _chosen(page, new)
            await asyncio.sleep(ROUND_SECONDS)

    async def _asked[T](self, ask: Callable[..., T], *arguments: Any) -> T | None:
        try:
            return await self.call(ask, *arguments)
        except SymbolUnknown:
            raise
        except ApplicationError as error:
            logger.info("%s: %s", self._port.exchange, error.message)
            await asyncio.sleep(FAILED_SECONDS)
            return None


def _chosen(page: Trades, at: list[int]) -> Trades:
    made = type(page)
    return made(
        time=page.time[at],
        price=page.price[at],
        quantity=page.quantity[at],
        buyer_taker=page.buyer_taker[at],
        ids=tuple(page.ids[one] for one in at),
    )
