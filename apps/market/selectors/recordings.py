"""Reads of recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.market.errors.live import RecordingNotFound
from apps.market.models import Recording

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

    from apps.users.models import User


def recording_list(*, actor: User) -> QuerySet[Recording]:
    """Return the actor's recordings, newest first."""
    return Recording.objects.filter(owner=actor).order_by("-created_at", "-id")


def recording_get(*, actor: User, recording_id: UUID) -> Recording:
    """Return one of the actor's recordings.

    Raises:
        RecordingNotFound: There is none with this id for this actor.
    """
    found = recording_list(actor=actor).filter(pk=recording_id).first()
    if found is None:
        msg = f"There is no recording {recording_id}; see GET /api/v1/captures/recordings/."
        raise RecordingNotFound(msg)
    return found
