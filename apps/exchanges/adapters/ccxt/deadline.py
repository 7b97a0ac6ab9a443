"""Until when a thread may send what changes something.

An order counts as on its way until a known moment. After it nothing of it may leave this
process any more, however long a name was looked up or a turn was waited for: whoever
halts trading relies on it.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Deadline(threading.local):
    """The moment of each thread; none where nothing that changes anything is sent."""

    _until: float | None = None

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Let nothing leave later than so many seconds from now.

        Args:
            seconds: Within an earlier deadline, that one holds.
        """
        before = self._until
        until = time.monotonic() + seconds
        self._until = until if before is None else min(before, until)
        try:
            yield
        finally:
            self._until = before

    @property
    def left(self) -> float | None:
        """The seconds that are left, below 0 where it has passed; None without one."""
        return None if self._until is None else self._until - time.monotonic()

    @property
    def passed(self) -> bool:
        """Whether nothing may leave any more."""
        left = self.left
        return left is not None and left <= 0


deadline = Deadline()


class _InTime(HTTPConnection):
    """Looks at the deadline when it is connected, right before the first byte."""

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.is_closed:
            self.connect()
        if deadline.passed:
            self.close()
            message = "it took too long to connect; nothing was sent"
            raise NewConnectionError(self, message)
        super().request(*args, **kwargs)


class _SecureInTime(_InTime, HTTPSConnection):
    """Likewise over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _InTime


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureInTime


class InTimeAdapter(HTTPAdapter):
    """Sends nothing after the deadline of its thread."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _Pool,
            "https": _SecurePool,
        }
