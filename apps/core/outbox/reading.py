"""Reading what happened, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.core.outbox.models import OutboxEvent, OutboxHead

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Head:
    """How far a user's events have come.

    Attributes:
        last: The number of the last one; 0: there was none.
        pruned: Events up to this number have been deleted.
    """

    last: int = 0
    pruned: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it is kept; the body is JSON."""

    sequence: int
    topic: str
    name: str
    at: datetime
    body: str


def heads_read(owners: Iterable[UUID]) -> dict[UUID, Head]:
    """Return how far the events of some users have come; one query."""
    rows = OutboxHead.objects.filter(owner_id__in=list(owners))
    return {
        owner: Head(last, pruned)
        for owner, last, pruned in rows.values_list("owner_id", "last", "pruned")
    }


def head_read(owner: UUID) -> Head:
    """Return how far a user's events have come."""
    return heads_read((owner,)).get(owner, Head())


def events_read(owner: UUID, *, after: int, limit: int) -> list[Event]:
    """Return a user's events after a number, in order; one query.

    Args:
        owner: The user.
        after: The number of the last event that is not wanted.
        limit: The most events.
    """
    rows = OutboxEvent.objects.filter(owner_id=owner, sequence__gt=after)
    fields = ("sequence", "topic", "name", "at", "body")
    found = rows.order_by("sequence").values_list(*fields)[:limit]
    return [Event(*row) for row in found]
