"""What the streams of a process have in common: one hub in each event loop.

It asks the database once for all streams whether anything has happened, follows each
channel once, and looks after streams that do not read or may not stay.
"""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from django.db import DatabaseError, connection

from apps.stream import metrics
from apps.stream.errors import StreamsClosing
from apps.stream.housekeeping import look_after
from apps.stream.latest import latest_store
from apps.stream.limits import hub_limits
from apps.stream.live import Live
from apps.stream.owners import Owners
from apps.stream.reader import Reader
from apps.stream.tails import Tails, read_after, tails_look

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
    from typing import Any
    from uuid import UUID

    from apps.stream.limits import HubLimits
    from apps.stream.requests import Request
    from apps.stream.tails import Found, Told
    from apps.users.standing import Standing

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.2
RETRY_SECONDS = 1.0
# Threads that wait for the database, for all streams together.
THREADS = 4
# After so long without the database, readers of events are told to come again.
OUTAGE_SECONDS = 10.0

_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}


class Hub:
    """The streams of one loop.

    Args:
        limits: What they may.
    """

    def __init__(self, limits: HubLimits) -> None:
        self.limits = limits
        self.readers: set[Reader] = set()
        self.closing = False
        self._executor = ThreadPoolExecutor(THREADS, "streams")
        self.live = Live(latest_store(), self._executor, limits.buffer_bytes)
        self._tails = Tails()
        self._listening: dict[UUID, set[Reader]] = {}
        self.owners = Owners(limits)
        self._tasks: list[asyncio.Task[None]] = []

    # --- who is here

    def admit(self, owner: UUID) -> None:
        """Refuse a stream beyond what one user may hold open here.

        Raises:
            TooManyConnections: They hold that many.
            StreamsClosing: This process ends.
        """
        if self.closing:
            msg = "This process ends; connect again."
            raise StreamsClosing(msg)
        self.owners.stream_check(owner)

    @asynccontextmanager
    async def joined(
        self, owner: UUID, standing: Standing | None, kind: str
    ) -> AsyncIterator[Reader]:
        """Give a stream for as long as the block lasts; see `admit` first."""
        reader = Reader(self, owner, standing, kind)
        self.readers.add(reader)
        self.owners.join(owner)
        metrics.open_streams.labels(kind).inc()
        self._start()
        try:
            yield reader
        finally:
            metrics.open_streams.labels(kind).dec()
            self.unfollow(reader, {*reader.since, *reader.latest})
            self.readers.discard(reader)
            self.owners.leave(owner)

    # --- what they follow

    def follow(self, reader: Reader, request: Request) -> list[str]:
        """Have a stream follow topics; what it follows already goes on as it is.

        Returns:
            The topics that it follows because of this.
        """
        events = [one for one in request.events if one not in reader.since]
        if events:
            if not reader.since:
                self._tails.hold(reader.owner, request.head)
                self._listening.setdefault(reader.owner, set()).add(reader)
            reader.events_follow(events, request.after)
        self._latest_set(reader, reader.latest | frozenset(request.latest))
        return [*request.events, *request.latest]

    def unfollow(self, reader: Reader, topics: Iterable[str]) -> list[str]:
        """Have a stream follow topics no more.

        Returns:
            Those that it did follow.
        """
        asked = list(dict.fromkeys(topics))
        gone = [one for one in asked if one in reader.since or one in reader.latest]
        had = bool(reader.since)
        reader.events_unfollow(gone)
        if had and not reader.since:
            self._tails.release(reader.owner)
            listening = self._listening[reader.owner]
            listening.discard(reader)
            if not listening:
                del self._listening[reader.owner]
        self._latest_set(reader, reader.latest - frozenset(gone))
        return gone

    def _latest_set(self, reader: Reader, topics: frozenset[str]) -> None:
        before, reader.latest = reader.latest, topics
        reader.unheld &= topics
        self.owners.move(reader.owner, before, topics)
        self.live.move(reader, before, topics)

    async def events_after(self, reader: Reader, position: int) -> list[Told]:
        """Return what a stream is to tell next; empty: nothing has happened yet.

        Raises:
            HistoryLost: What comes next has been deleted.
            SequenceUnknown: The database was replaced by another.
        """
        most = self.limits.buffer_bytes
        told = self._tails.after(reader.owner, position, most)
        if told is not None:
            return told
        try:
            return await self.in_thread(read_after, reader.owner, position, most)
        except DatabaseError as error:
            logger.warning("streams: events are not read: %s", error)
            loop = asyncio.get_running_loop()
            loop.call_later(RETRY_SECONDS, reader.wake)
            return []

    async def in_thread[**P, T](
        self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call what asks the database or the store."""

        def call() -> T:
            try:
                return function(*args, **kwargs)
            finally:
                # A thread waits long for its next call, and connections are few.
                connection.close()

        return await asyncio.get_running_loop().run_in_executor(self._executor, call)

    # --- the end

    def drop(self, reader: Reader, code: str, detail: str) -> None:
        """End a stream, and say why."""
        if reader.ended is None:
            metrics.readers_dropped.labels(code).inc()
            reader.end(code, detail)

    async def close(self, seconds: float) -> None:
        """Tell every stream that this process ends; wait until they have been told."""
        self.closing = True
        detail = "The server ends this process; connect again and resume."
        for reader in list(self.readers):
            self.drop(reader, StreamsClosing.code, detail)
        until = time.monotonic() + seconds
        while self.readers and time.monotonic() < until:
            await asyncio.sleep(0.02)

    # --- what goes on meanwhile

    def _start(self) -> None:
        if not self._tasks:
            goings = (self._look_often, self.live.run, self._look_after)
            self._tasks = [asyncio.create_task(_lasting(one)) for one in goings]

    def shut(self) -> None:
        """Let the threads go, when the loop has ended."""
        self._executor.shutdown(wait=False)

    async def _look_after(self) -> None:
        await look_after(self)

    async def _look_often(self) -> None:
        answered = time.monotonic()
        while True:
            known = self._tails.known()
            more = False
            if known:
                try:
                    found = await self.in_thread(tails_look, known)
                except DatabaseError as error:
                    logger.warning("streams: the database does not answer: %s", error)
                    if time.monotonic() - answered > OUTAGE_SECONDS:
                        self._send_away()
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                more = self._take(found)
            answered = time.monotonic()
            await asyncio.sleep(0 if more else LOOK_SECONDS)

    def _take(self, found: Mapping[UUID, Found]) -> bool:
        taken = self._tails.take(found)
        for owner, one in found.items():
            if one.events:
                for reader in self._listening.get(owner, ()):
                    reader.wake()
        for owner, last in taken.fallen.items():
            for reader in self._listening.get(owner, ()):
                reader.fall(last)
        return taken.more

    def _send_away(self) -> None:
        detail = "The database does not answer; connect again and resume."
        for readers in self._listening.values():
            for reader in readers:
                self.drop(reader, "database_unavailable", detail)


def hub() -> Hub:
    """Return the hub of the running loop."""
    loop = asyncio.get_running_loop()
    found = _hubs.get(loop)
    if found is None:
        found = _hubs[loop] = Hub(hub_limits())
    return found


def hubs() -> list[Hub]:
    """Return the hubs of this process: one, but in tests."""
    for ended in [loop for loop in _hubs if loop.is_closed()]:
        _hubs.pop(ended).shut()
    return list(_hubs.values())


def stream_admit(owner: UUID, topics: Iterable[str]) -> None:
    """Refuse a stream that follows topics of prices, from any thread.

    Raises:
        TooManyConnections: The user holds as many as one may.
        TooManyTopics: The user would follow more than one may.
        StreamsClosing: This process ends.
    """
    for one in hubs():
        one.admit(owner)
        one.owners.topics_check(owner, topics)


async def streams_close(seconds: float) -> None:
    """Tell every stream of the running loop that this process ends; see `Hub.close`."""
    found = _hubs.get(asyncio.get_running_loop())
    if found is not None:
        await found.close(seconds)


async def _lasting(going: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Keep something going: one mistake must not end the streams of all."""
    while True:
        try:
            await going()
        except Exception:
            logger.exception("streams: %s begins anew", going.__qualname__)
            await asyncio.sleep(RETRY_SECONDS)
