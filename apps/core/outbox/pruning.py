"""Letting go of events that nobody may come back for any more."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest

from apps.core.outbox.models import OutboxEvent, OutboxHead

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

BATCH = 1000
# The scheduler has other things to see to; the rest is deleted the next time.
BATCHES_MOST = 50


def outbox_prune(*, now: datetime) -> int:
    """Delete events that are older than OUTBOX_KEEP_SECONDS, in small transactions.

    Only from the beginning of each user's events, and each head says up to where: who
    asks for what was deleted is told so.

    Returns:
        How many were deleted.
    """
    before = now - timedelta(seconds=settings.OUTBOX_KEEP_SECONDS)
    deleted = 0
    for _ in range(BATCHES_MOST):
        some = _prune_some(before)
        deleted += some
        if not some:
            break
    return deleted


def _prune_some(before: datetime) -> int:
    oldest = OutboxEvent.objects.filter(at__lt=before).order_by("at", "id")
    ends: dict[UUID, int] = {}
    for owner, sequence in oldest.values_list("owner_id", "sequence")[:BATCH]:
        ends[owner] = max(sequence, ends.get(owner, 0))
    return sum(_prune_owner(owner, end) for owner, end in ends.items())


@transaction.atomic
def _prune_owner(owner: UUID, end: int) -> int:
    # The head first, as whoever records an event has it.
    OutboxHead.objects.filter(owner_id=owner).update(pruned=Greatest(F("pruned"), end))
    gone = OutboxEvent.objects.filter(owner_id=owner, sequence__lte=end)
    number, _ = gone.delete()
    return number
