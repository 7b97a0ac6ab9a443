"""Writing the latest where other processes read it: many updates, few writes."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.stream.latest import LatestStore

    type Encode = Callable[[], bytes]

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 0.06
# Of so many of the last values it is known how long they took.
SAMPLES = 5_000


class Publisher:
    """Keeps the newest of each symbol, and writes each channel at most once a flush.

    Args:
        store: Where it is written.

    Attributes:
        received: Updates by channel.
        published: Those that were written; the others were overtaken.
    """

    def __init__(self, store: LatestStore) -> None:
        self._store = store
        self._pending: dict[str, dict[str, tuple[Encode, int]]] = {}
        self._latencies: deque[float] = deque(maxlen=SAMPLES)
        self.received: Counter[str] = Counter()
        self.published: Counter[str] = Counter()

    def put(self, channel: str, symbol: str, encode: Encode, received_ns: int) -> None:
        """Take an update over; it is encoded only when it is written.

        Args:
            channel: Such as `tickers:binance`.
            symbol: The market.
            encode: Returns the body.
            received_ns: When it was received; 0 where that says nothing.
        """
        self.received[channel] += 1
        self._pending.setdefault(channel, {})[symbol] = (encode, received_ns)

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            began = time.monotonic()
            await self.flush()
            took = time.monotonic() - began
            await asyncio.sleep(max(FLUSH_SECONDS - took, FLUSH_SECONDS / 5))

    async def flush(self) -> None:
        """Write what there is."""
        pending, self._pending = self._pending, {}
        if pending:
            await asyncio.gather(*(self._write(*one) for one in pending.items()))

    async def _write(self, channel: str, values: dict[str, tuple[Encode, int]]) -> None:
        bodies = {}
        for symbol, (encode, _) in values.items():
            try:
                bodies[symbol] = encode()
            except (ValueError, TypeError):
                # One that cannot be written must not hold up the others.
                logger.exception("live: %s of %s has no body", channel, symbol)
        await self._store.write(channel, bodies)
        self.published[channel] += len(bodies)
        now = time.time_ns()
        self._latencies.extend(
            (now - received) / 1e9 for _, received in values.values() if received
        )

    def latencies(self) -> tuple[float, float] | None:
        """Return p50 and p99 of the seconds from receipt to readable; None: no value."""
        found = sorted(self._latencies)
        if not found:
            return None
        return found[len(found) // 2], found[
            min(len(found) - 1, len(found) * 99 // 100)
        ]
