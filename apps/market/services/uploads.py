"""Uploaded files, kept under names of our own until their job has read them."""

from __future__ import annotations

import uuid
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from django.conf import settings

from apps.core.files import file_delete, file_hand_over, file_local, file_path
from apps.core.files.guard import storage_guard
from apps.market.errors import UploadTooLarge
from apps.market.store.paths import UPLOADS

if TYPE_CHECKING:
    from pathlib import Path

    from django.core.files.uploadedfile import UploadedFile

_LONGEST_LABEL = 200


def label_of(name: str | None) -> str:
    """Return the last part of a file's name, for people to recognise it by.

    It is never used as a path: `../../etc/passwd` is as harmless as any other name.
    """
    last = PurePosixPath((name or "").replace("\\", "/")).name
    printable = "".join(one for one in last if one.isprintable())
    return printable[:_LONGEST_LABEL] or "unnamed"


def upload_path(upload_id: uuid.UUID) -> Path:
    """Return where an upload is kept; there is no file if it is gone.

    Raises:
        StorageFull, StorageUnavailable: It could not be fetched from the bucket.
    """
    return file_local(_path(upload_id))


def upload_keep(upload: UploadedFile[Any]) -> uuid.UUID:
    """Keep an uploaded file, and return its id.

    Raises:
        UploadTooLarge: It is larger than UPLOAD_MAX_BYTES.
        StorageFull: The disk is full; nothing is left of it.
        StorageUnavailable: The bucket does not answer, or refuses; likewise.
    """
    most = int(settings.UPLOAD_MAX_BYTES)
    if (upload.size or 0) > most:
        msg = f"The file has {upload.size:,} bytes; {most:,} are allowed."
        raise UploadTooLarge(msg, attr="file")
    upload_id = uuid.uuid4()
    path = file_path(_path(upload_id))
    try:
        with storage_guard():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                for chunk in upload.chunks():
                    file.write(chunk)
        file_hand_over(_path(upload_id))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return upload_id


def upload_remove(upload_id: uuid.UUID) -> None:
    """Remove an upload, if it is still there."""
    file_delete(_path(upload_id))


def _path(upload_id: uuid.UUID) -> str:
    return f"{UPLOADS}/{upload_id}"
