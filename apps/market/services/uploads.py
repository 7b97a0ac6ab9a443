"""Uploaded files, kept under names of our own until their job has read them."""

from __future__ import annotations

import uuid
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from django.conf import settings

from apps.market.errors import UploadTooLarge
from apps.market.store.failures import storage_guard
from apps.market.store.paths import UPLOADS

if TYPE_CHECKING:
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
    """Return where an upload is kept."""
    return Path(settings.DATA_DIR) / UPLOADS / str(upload_id)


def upload_keep(upload: UploadedFile[Any]) -> uuid.UUID:
    """Keep an uploaded file, and return its id.

    Raises:
        UploadTooLarge: It is larger than UPLOAD_MAX_BYTES.
        StorageFull: The disk is full; nothing is left of it.
    """
    most = int(settings.UPLOAD_MAX_BYTES)
    if (upload.size or 0) > most:
        msg = f"The file has {upload.size:,} bytes; {most:,} are allowed."
        raise UploadTooLarge(msg, attr="file")
    upload_id = uuid.uuid4()
    path = upload_path(upload_id)
    try:
        with storage_guard():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                for chunk in upload.chunks():
                    file.write(chunk)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return upload_id


def upload_remove(upload_id: uuid.UUID) -> None:
    """Remove an upload, if it is still there."""
    upload_path(upload_id).unlink(missing_ok=True)
