"""What each user holds open and follows here, and how much that may be."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from apps.stream.errors import TooManyConnections, TooManyTopics

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from apps.stream.limits import HubLimits


class Owners:
    """Counts streams and topics by user.

    What refuses may be called from any thread.

    Args:
        limits: What one user may.
    """

    def __init__(self, limits: HubLimits) -> None:
        self._limits = limits
        self._streams: Counter[UUID] = Counter()
        self._topics: dict[UUID, Counter[str]] = {}

    def __bool__(self) -> bool:
        return bool(self._streams or self._topics)

    def stream_check(self, owner: UUID) -> None:
        """Refuse one more stream than one user may hold open.

        Raises:
            TooManyConnections: They hold that many.
        """
        most = self._limits.connections
        if self._streams[owner] >= most:
            msg = f"You hold {most} streams open; close one first."
            raise TooManyConnections(msg)

    def topics_check(self, owner: UUID, topics: Iterable[str]) -> None:
        """Refuse more topics of prices than one user may follow.

        Raises:
            TooManyTopics: There are more, over all their streams.
        """
        most = self._limits.topics_of_user
        number = len({*self._topics.get(owner, ()), *topics})
        if number > most:
            msg = (
                f"All your streams together may follow {most} topics of prices; this "
                f"would be {number}."
            )
            raise TooManyTopics(msg, attr="topics")

    def join(self, owner: UUID) -> None:
        """Count a stream."""
        self._streams[owner] += 1

    def leave(self, owner: UUID) -> None:
        """Count a stream no more."""
        self._streams[owner] -= 1
        if not self._streams[owner]:
            del self._streams[owner]

    def move(self, owner: UUID, before: frozenset[str], after: frozenset[str]) -> None:
        """Count what one of their streams follows now instead of before."""
        counts = self._topics.setdefault(owner, Counter())
        counts.update(after - before)
        for topic in before - after:
            counts[topic] -= 1
            if not counts[topic]:
                del counts[topic]
        if not counts:
            del self._topics[owner]
