"""Ask for the import of a captured order book, and delete one."""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.db import transaction

from apps.core.files import file_delete, file_path
from apps.engines.errors import EngineUnavailable
from apps.engines.registry import engine_get, unavailable_reason
from apps.jobs.enums import FINAL_STATES
from apps.jobs.models import Job
from apps.jobs.services import job_enqueue
from apps.market.errors import CaptureInUse
from apps.market.selectors.captures import CAPTURE_ENGINE, capture_get
from apps.market.selectors.data import CAPTURE_JOB
from apps.market.services.uploads import label_of, upload_keep, upload_remove

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.core.files.uploadedfile import UploadedFile

    from apps.market.requests import CaptureImportRequest
    from apps.users.models import User


def capture_import_request(
    *,
    actor: User,
    uploads: Sequence[UploadedFile[Any]],
    request: CaptureImportRequest,
    now: datetime,
) -> Job:
    """Keep an uploaded capture and enqueue its import.

    Args:
        actor: Whose capture it becomes.
        uploads: Its files, the book first; names are kept as labels, never as paths.
        request: What to make of it.
        now: The moment of the request, UTC.

    Raises:
        EngineUnavailable: The engine that reads captures is not installed.
        VenueInvalid, SymbolInvalid, RulesInvalid: The request cannot be carried out.
        UploadTooLarge: A file is larger than UPLOAD_MAX_BYTES.
        StorageFull, StorageUnavailable: There is no room for it, or no bucket.

    Returns:
        The queued job; its result names the capture.
    """
    engine_check()
    request.check()
    kept: list[dict[str, str]] = []
    try:
        for upload in uploads:
            upload_id = upload_keep(upload)
            kept.append({"id": str(upload_id), "label": label_of(upload.name)})
        payload = {"uploads": kept, "request": request.as_json()}
        # A savepoint: its rollback is seen here even within a larger transaction.
        with transaction.atomic():
            return job_enqueue(owner=actor, kind=CAPTURE_JOB, payload=payload, now=now)
    except BaseException:
        for one in kept:
            upload_remove(uuid.UUID(one["id"]))
        raise


def engine_check() -> None:
    """Refuse what the engine that reads and plays captures is needed for.

    Raises:
        EngineUnavailable: It is not installed; says how to install it.
    """
    reason = unavailable_reason(engine_get(CAPTURE_ENGINE))
    if reason is not None:
        raise EngineUnavailable(reason)


@transaction.atomic
def capture_delete(*, actor: User, capture_id: uuid.UUID) -> None:
    """Delete one of the actor's captures, and its file after the commit.

    Results that were made of it stay.

    Raises:
        CaptureNotFound: No such capture for this actor.
        CaptureInUse: A job that has not ended plays it.
    """
    capture = capture_get(actor=actor, capture_id=capture_id)
    user = (
        Job.objects.filter(owner=actor, payload__capture=str(capture.pk))
        .exclude(state__in=FINAL_STATES)
        .first()
    )
    if user is not None:
        msg = (
            f"The job {user.pk} ({user.kind}) is {user.state} and plays this capture; "
            "cancel it, or wait until it has ended."
        )
        raise CaptureInUse(msg)
    path = capture.path
    capture.delete()
    transaction.on_commit(lambda: _remove(path))


def _remove(path: str) -> None:
    file_delete(path)
    with suppress(OSError):
        # Its own folder; whatever else lies in there is for check_data to tell.
        file_path(path).parent.rmdir()
