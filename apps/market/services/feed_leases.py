"""Which feed process holds an exchange fresh; the others stand by."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q

from apps.market.models import FeedLease

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

LEASE_SECONDS = 5.0


@transaction.atomic
def feed_lease_take(
    *, exchanges: Sequence[str], holder: str, now: datetime
) -> set[str]:
    """Take or renew the leases of some exchanges.

    Args:
        exchanges: Their ids.
        holder: A name of the process that no other has.
        now: The moment, UTC.

    Returns:
        Those that are the holder's for the next `LEASE_SECONDS`; another process has the
        rest.
    """
    asked = sorted(set(exchanges))
    until = now + timedelta(seconds=LEASE_SECONDS)
    FeedLease.objects.bulk_create(
        [FeedLease(exchange=one, holder=holder, until=until) for one in asked],
        ignore_conflicts=True,
    )
    FeedLease.objects.filter(
        Q(holder=holder) | Q(until__lte=now), exchange__in=asked
    ).update(holder=holder, until=until)
    held = FeedLease.objects.filter(exchange__in=asked, holder=holder)
    return set(held.values_list("exchange", flat=True))


def feed_lease_release(*, holder: str, exchanges: Sequence[str] | None = None) -> None:
    """Let go of leases, so that a process that stands by takes over at once.

    Args:
        holder: Whose they are.
        exchanges: Which; None for all.
    """
    held = FeedLease.objects.filter(holder=holder)
    if exchanges is not None:
        held = held.filter(exchange__in=exchanges)
    held.delete()
