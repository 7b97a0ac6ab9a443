"""Redis, which is not asked again for a moment once it has not answered.

Without this, each call of each request would wait for a server that hangs. One caller at
a time finds out whether it is back; the others are turned away at once.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from redis.client import Redis
from redis.connection import ConnectionPool
from redis.exceptions import (
    ConnectionError as RedisConnectionError,
    TimeoutError as RedisTimeoutError,
)

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 2.0

type Outage = RedisConnectionError | RedisTimeoutError


class PausingPool(ConnectionPool):
    """A process's connections to one Redis, and whether it answers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._outage: Outage | None = None
        self._asked_again_at = 0.0
        self._outage_lock = threading.Lock()

    def admit(self) -> None:
        """Let a call pass, unless Redis did not answer a moment ago.

        Raises:
            ConnectionError: It did not, of the kind that was met then.
            TimeoutError: As above.
        """
        outage, now = self._outage, time.monotonic()
        if outage is None:
            return
        with self._outage_lock:
            if now < self._asked_again_at:
                # A new one: what is raised collects tracebacks.
                raise type(outage)(*outage.args)
            # This caller tries; whoever comes meanwhile does not.
            self._asked_again_at = now + PAUSE_SECONDS

    def failed(self, error: Outage) -> None:
        """Remember that Redis did not answer."""
        with self._outage_lock:
            begins = self._outage is None
            self._outage = error
            self._asked_again_at = time.monotonic() + PAUSE_SECONDS
        if begins:
            logger.warning("redis: out of reach: %s: %s", type(error).__name__, error)

    def answered(self) -> None:
        """Forget an outage."""
        if self._outage is None:
            return
        with self._outage_lock:
            ended, self._outage = self._outage is not None, None
        if ended:
            logger.warning("redis: answers again")


class PausingRedis(Redis):
    """A client that heeds what its pool knows."""

    connection_pool: PausingPool

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send one command, or fail at once while Redis is out of reach."""
        pool = self.connection_pool
        pool.admit()
        try:
            answer = super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except (RedisConnectionError, RedisTimeoutError) as error:
            pool.failed(error)
            raise
        pool.answered()
        return answer
