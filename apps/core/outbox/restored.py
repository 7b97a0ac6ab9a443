"""What the outbox needs when it comes back from a backup."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import F

from apps.core.outbox.models import OutboxEvent, OutboxHead

# More than was recorded between any backup and its return.
LEAP = 1_000_000_000


@transaction.atomic
def outbox_leap() -> str:
    """Begin anew beyond every number that a reader may have seen.

    What was recorded after the backup is lost, and its numbers would be given again to
    other events. After the leap a reader who comes back is told that its history is.
    """
    owners = get_user_model().objects.values_list("pk", flat=True)
    OutboxHead.objects.bulk_create(
        (OutboxHead(owner_id=owner) for owner in owners.iterator()),
        batch_size=500,
        ignore_conflicts=True,
    )
    OutboxEvent.objects.all().delete()
    number = OutboxHead.objects.update(last=F("last") + LEAP, pruned=F("last") + LEAP)
    return f"{number} readers begin anew: events after the backup are lost"
