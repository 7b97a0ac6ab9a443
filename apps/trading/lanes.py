"""Threads in lanes: what hangs in one lane keeps no other waiting."""

from __future__ import annotations

import logging
import threading
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from django.db import DatabaseError, connections

from apps.core.errors import ApplicationError

if TYPE_CHECKING:
    from collections.abc import Callable

    type Work = Callable[[], None]

logger = logging.getLogger(__name__)

THREADS = 2
# A thread that had nothing to do for so long lets go of its database connection.
IDLE_SECONDS = 5.0


class Lanes:
    """Runs work by lane, each piece under a key of which one runs at a time.

    Threads are daemons: what hangs in a call to a venue keeps no process from ending.
    """

    def __init__(self) -> None:
        self._queues: dict[str, SimpleQueue[tuple[str, Work] | None]] = {}
        self._threads: list[threading.Thread] = []
        self._busy: set[str] = set()
        self._lock = threading.Lock()
        self._stopping = False

    def submit(self, lane: str, key: str, work: Work) -> bool:
        """Have something done in a lane.

        Args:
            lane: Whose threads do it.
            key: What it is; while it waits or runs, it is not taken again.
            work: Called in a thread; what it raises is logged.

        Returns:
            Whether it was taken.
        """
        with self._lock:
            if self._stopping or key in self._busy:
                return False
            self._busy.add(key)
            queue = self._queues.get(lane)
            if queue is None:
                queue = self._queues[lane] = SimpleQueue()
                self._open(lane, queue)
        queue.put((key, work))
        return True

    def idle(self) -> bool:
        """Return whether nothing waits or runs."""
        with self._lock:
            return not self._busy

    def stop(self, seconds: float) -> bool:
        """Take nothing more, and wait for what runs.

        Returns:
            Whether everything has ended.
        """
        with self._lock:
            self._stopping = True
            queues = tuple(self._queues.values())
        for queue in queues:
            while True:
                try:
                    queue.get_nowait()
                except Empty:
                    break
            for _ in range(THREADS):
                queue.put(None)
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _open(self, lane: str, queue: SimpleQueue[tuple[str, Work] | None]) -> None:
        for number in range(THREADS):
            thread = threading.Thread(
                target=self._run, args=(queue,), name=f"{lane}-{number}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _run(self, queue: SimpleQueue[tuple[str, Work] | None]) -> None:
        while True:
            try:
                one = queue.get(timeout=IDLE_SECONDS)
            except Empty:
                connections.close_all()
                continue
            if one is None:
                connections.close_all()
                return
            key, work = one
            try:
                _guarded(key, work)
            finally:
                with self._lock:
                    self._busy.discard(key)


def _guarded(key: str, work: Work) -> None:
    try:
        work()
    except ApplicationError as error:
        logger.warning("%s: %s: %s", key, error.code, error.message)
    except DatabaseError as error:
        logger.warning("%s: the database failed: %s", key, error)
        connections.close_all()
    except Exception:
        # A mistake of ours in one place must not end what the others need.
        logger.exception("%s failed", key)
        connections.close_all()
    else:
        for connection in connections.all(initialized_only=True):
            connection.close_if_unusable_or_obsolete()
