"""Keeping a subscription alive: again after an outage, and after silence."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ccxt

from apps.exchanges.errors import ExchangeRateLimited

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from apps.core.errors import ApplicationError
    from apps.exchanges.ports import ChannelState

logger = logging.getLogger(__name__)

# The exchange asks for a pause, and says of how long only over REST.
LIMITED_SECONDS = 5.0
# By so much of a pause that it told those who wait spread out after it.
SPREAD = 0.1


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for what.

    Attributes:
        silent_seconds: A connection on which nothing comes for so long is opened anew.
        silent_most_seconds: As far as that is doubled while the market stays silent.
        first_seconds: The pause before the second attempt; doubled with each.
        most_seconds: The longest pause.
        settled_seconds: After so long without a failure the pauses are short again.
        wake_seconds: What comes within so long is taken together.
    """

    silent_seconds: float = 15.0
    silent_most_seconds: float = 240.0
    first_seconds: float = 0.25
    most_seconds: float = 30.0
    settled_seconds: float = 10.0
    wake_seconds: float = 0.025

    def pause(self, failures: int, error: BaseException | None) -> float:
        """Return how long to wait after so many failures in turn, with jitter.

        A pause that the exchange demands is kept to its end, however long.
        """
        pause = min(
            self.most_seconds, self.first_seconds * 2.0 ** min(failures - 1, 20)
        )
        if isinstance(error, ccxt.DDoSProtection | ccxt.RateLimitExceeded):
            pause = max(pause, LIMITED_SECONDS)
        if isinstance(error, ExchangeRateLimited):
            told = error.retry_after
            least = LIMITED_SECONDS / 2 if told is None else told
            pause = max(pause, least)
            return pause + random.uniform(0, SPREAD * pause)  # noqa: S311 - no secret
        return pause * random.uniform(0.5, 1.0)  # noqa: S311 - no secret


class Keeping:
    """Calls one of ccxt's `watch_…` again and again, for as long as it is wanted.

    Args:
        client: ccxt.pro's client, as `pro_make` makes it.
        patience: How long is waited for what.
        state: Told how it goes.
        fatal: Returns our error where going on cannot help, else None.
    """

    def __init__(
        self,
        client: Any,
        patience: Patience,
        state: ChannelState,
        fatal: Callable[[BaseException], ApplicationError | None],
    ) -> None:
        self._client = client
        self._patience = patience
        self._state = state
        self._fatal = fatal

    async def run(
        self,
        watch: Callable[[], Awaitable[Any]],
        took: Callable[[Any], Awaitable[None]],
        rest_seconds: float = 0.0,
    ) -> None:
        """Watch until cancelled.

        Args:
            watch: Returns with the next message.
            took: Called with what it returned.
            rest_seconds: The least time between two calls; what comes meanwhile is noted
                by the client.

        Raises:
            ApplicationError: Going on cannot help.
        """
        silent, failed_at = self._patience.silent_seconds, 0.0
        while True:
            try:
                async with asyncio.timeout(silent):
                    found = await watch()
                await took(found)
            except TimeoutError:
                silent = min(silent * 2, self._patience.silent_most_seconds)
                await self._silent_cut()
                continue
            except (Exception, asyncio.CancelledError) as error:
                if isinstance(error, asyncio.CancelledError) and _cancelled():
                    raise
                await self._failed(error)
                failed_at = time.monotonic()
                continue
            silent = self._patience.silent_seconds
            self._state.message = ""
            if time.monotonic() - failed_at > self._patience.settled_seconds:
                self._state.failures = 0
            await asyncio.sleep(max(rest_seconds, self._patience.wake_seconds))

    async def once(self, ask: Callable[[], Awaitable[Any]]) -> None:
        """Ask until it is answered.

        Args:
            ask: One call.

        Raises:
            ApplicationError: Going on cannot help.
        """
        while True:
            try:
                await ask()
            except (Exception, asyncio.CancelledError) as error:
                if isinstance(error, asyncio.CancelledError) and _cancelled():
                    raise
                await self._failed(error)
            else:
                self._state.message = ""
                return

    async def _silent_cut(self) -> None:
        """Open anew what is silent; a market in which nothing happens is left alone."""
        for ws in self._client.connections_silent(self._patience.silent_seconds):
            self._reconnected()
            self._state.message = "the connection fell silent"
            logger.warning("%s: %s fell silent", self._client.id, ws.url)
            await self._client.connection_cut(ws, ccxt.NetworkError("it fell silent"))

    async def _failed(self, error: BaseException) -> None:
        fatal = self._fatal(error)
        if fatal is not None:
            raise fatal from error
        if isinstance(error, ccxt.ChecksumError):
            # ccxt found a gap: the next call reads the book anew.
            self._state.message = "changes of a book were missing"
        else:
            self._state.reconnects += 1
            self._state.message = (
                " ".join(str(error).split())[:200] or type(error).__name__
            )
        self._state.failures += 1
        pause = self._patience.pause(self._state.failures, error)
        logger.info(
            "%s: %s: %s; again in %.2f s",
            self._client.id,
            type(error).__name__,
            self._state.message,
            pause,
        )
        await asyncio.sleep(pause)

    def _reconnected(self) -> None:
        self._state.reconnects += 1
        self._client.counts["reconnects"] += 1


def _cancelled() -> bool:
    """Say whether it is this task that is to end, and not what it waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
