"""The exchanges that this process holds fresh: as many as may be, while they are its own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from apps.market.services.feed_leases import (
    LEASE_SECONDS,
    feed_lease_release,
    feed_lease_take,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from apps.market.live.ledger import Ledger


class Leases:
    """The leases of one process.

    Args:
        ledger: The database.
        holder: A name of this process that no other has.

    Attributes:
        refused: Why a wanted exchange is not held fresh, where LIVE_EXCHANGES are.
    """

    def __init__(self, ledger: Ledger, holder: str) -> None:
        self.refused: dict[str, str] = {}
        self._ledger, self._holder = ledger, holder
        self._until: dict[str, float] = {}

    async def take(self, wanted: Sequence[str], held: Collection[str]) -> set[str]:
        """Renew what is held, and take what is wanted beside it while there is room.

        Args:
            wanted: Exchanges, those that matter most first.
            held: Those that are held fresh now.

        Returns:
            Those that are this process's own.

        Raises:
            LedgerDown: The database failed.
        """
        most = int(settings.LIVE_EXCHANGES)
        left = [one for one in wanted if one not in held]
        room = max(0, most - len(held))
        found = await self._ask([*held, *left[:room]])
        left = left[room:]
        # Another process has some of them: there is room for those behind.
        while left and (room := most - len(found.union(held))) > 0:
            found |= await self._ask(left[:room])
            left = left[room:]
        self.refused = dict.fromkeys(
            left, f"{most} exchanges are held fresh, as many as may (LIVE_EXCHANGES)."
        )
        return found

    async def _ask(self, exchanges: Sequence[str]) -> set[str]:
        asked = time.monotonic()
        found = await self._ledger.ask(
            feed_lease_take,
            exchanges=exchanges,
            holder=self._holder,
            now=timezone.now(),
        )
        self._until |= dict.fromkeys(found, asked + LEASE_SECONDS)
        return found

    def lapsed(self, exchange: str) -> bool:
        """Return whether another process may have taken an exchange over by now."""
        return time.monotonic() >= self._until.get(exchange, 0.0)

    async def release(self, exchanges: Sequence[str] | None = None) -> None:
        """Let go of leases; None for all.

        Raises:
            LedgerDown: The database failed; they run out.
        """
        await self._ledger.ask(
            feed_lease_release, holder=self._holder, exchanges=exchanges
        )
