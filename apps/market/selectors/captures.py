"""Reads of captured order books."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from apps.core.files import file_local
from apps.market.errors import (
    CaptureFileDamaged,
    CaptureFileMissing,
    CaptureNotFound,
)
from apps.market.models import BookCapture

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path
    from uuid import UUID

    from django.db.models import QuerySet

    from apps.market.models import Instrument
    from apps.users.models import User

# The engine that reads captures and plays them.
CAPTURE_ENGINE = "hftbacktest"


def capture_list(*, actor: User) -> QuerySet[BookCapture]:
    """Return the actor's captures with their instruments, newest first."""
    return (
        BookCapture.objects.filter(owner=actor)
        .select_related("instrument")
        .order_by("-created_at", "-id")
    )


def capture_get(
    *, actor: User, capture_id: UUID, attr: str | None = None
) -> BookCapture:
    """Return one of the actor's captures, with its instrument.

    Args:
        actor: Whose capture it is.
        capture_id: Which one.
        attr: The field that named it, where one did.

    Raises:
        CaptureNotFound: There is none with this id for this actor.
    """
    capture = capture_list(actor=actor).filter(pk=capture_id).first()
    if capture is None:
        msg = f"There is no capture {capture_id}; see GET /api/v1/captures/."
        raise CaptureNotFound(msg, attr=attr)
    return capture


def capture_for(
    *, instrument: Instrument, start: datetime, end: datetime
) -> BookCapture | None:
    """Return the newest capture of an instrument that covers a range of time.

    Args:
        instrument: Whose book is wanted; its owner's captures are looked through.
        start: The first moment that must be covered, aware.
        end: The last one, aware.

    Returns:
        The capture, or None where none reaches from `start` to `end`.
    """
    return (
        BookCapture.objects.filter(
            instrument=instrument, first__lte=start, last__gte=end
        )
        .order_by("-created_at", "-id")
        .first()
    )


def capture_known(*, actor: User, venue: str, symbol: str, sha256: str) -> UUID | None:
    """Return the id of a capture that the actor imported before, or None."""
    same = BookCapture.objects.filter(
        owner=actor,
        instrument__venue=venue,
        instrument__symbol=symbol,
        sha256=sha256,
    )
    return same.values_list("pk", flat=True).first()


def capture_path(*, capture: BookCapture) -> Path:
    """Return where a capture's file is on this machine, as a whole path.

    Raises:
        CaptureFileMissing: It is not there.
        StorageFull, StorageUnavailable, StoredFileDamaged: It could not be fetched from
            the bucket.
    """
    path = file_local(capture.path, sha256=capture.sha256).resolve()
    if not path.is_file():
        msg = (
            f"The file of capture {capture.pk} is gone; restore it, or import the same "
            "capture again."
        )
        raise CaptureFileMissing(msg)
    return path


def capture_verified(*, capture: BookCapture) -> Path:
    """Return where a capture's file is, once it is seen to be the one imported.

    Reads the whole file.

    Raises:
        CaptureFileMissing: It is not there.
        CaptureFileDamaged: It is another.
    """
    path = capture_path(capture=capture)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != capture.sha256:
        msg = (
            f"The file of capture {capture.pk} is not the one that was imported; "
            "restore it, or import the same capture again."
        )
        raise CaptureFileDamaged(msg)
    return path
