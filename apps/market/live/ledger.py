"""The database as an event loop may ask it: one thread, one connection, no surprises."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import Error as DatabaseFailure, close_old_connections, connections

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)


class LedgerDown(Exception):  # noqa: N818 - named for what is the matter
    """The database did not do what it was asked; later it may."""


class Ledger:
    """Runs services and selectors in a thread of its own, one after the other.

    Attributes:
        up: Whether the database did what it was asked last.
    """

    def __init__(self) -> None:
        self.up = True
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._asked = 0

    @property
    def busy(self) -> bool:
        """Whether a call has not come back yet."""
        return self._asked > 0

    async def ask[T](self, work: Callable[..., T], **arguments: Any) -> T:
        """Return what a service or selector returns.

        Raises:
            LedgerDown: The database failed.
        """
        loop = asyncio.get_running_loop()
        self._asked += 1
        future = loop.run_in_executor(self._thread, partial(_done, work, arguments))
        # Also where nobody waits for it any more.
        future.add_done_callback(self._came_back)
        try:
            found = await asyncio.shield(future)
        except DatabaseFailure as error:
            if self.up:
                logger.warning("feed: the database failed: %s", error)
            self.up = False
            raise LedgerDown(str(error)) from error
        if not self.up:
            logger.warning("feed: the database answers again")
        self.up = True
        return found

    def close(self) -> None:
        """Let go of the connection, once the thread is free."""
        self._thread.submit(connections.close_all)
        self._thread.shutdown(wait=not self.busy)

    def _came_back(self, future: asyncio.Future[Any]) -> None:
        self._asked -= 1
        if not future.cancelled():
            # Told to whoever waits; to nobody where the feed ends meanwhile.
            future.exception()


def _done[T](work: Callable[..., T], arguments: dict[str, Any]) -> T:
    close_old_connections()
    try:
        return work(**arguments)
    except DatabaseFailure:
        # A connection that failed is not used again.
        connections.close_all()
        raise
