"""Publish, read, list and delete stored files, wherever they are kept.

Paths are relative to DATA_DIR and use `/`. A published file is never written again: what
changes gets another path, and its row another name.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from apps.core.files.errors import StorageUnavailable
from apps.core.files.local import LocalFiles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.core.files.contracts import FileStore, StoredFile

logger = logging.getLogger(__name__)

TOUCH_SECONDS = 3_600


def _store() -> FileStore:
    root = Path(settings.DATA_DIR)
    if not settings.S3_BUCKET:
        return LocalFiles(root)
    # boto3 is heavy; only who has a bucket pays for it.
    from apps.core.files.bucket import BucketFiles, bucket_connect  # noqa: PLC0415

    return BucketFiles(bucket_connect(), link_seconds=settings.S3_LINK_SECONDS)


def files_shared() -> bool:
    """Return whether other machines can get at stored files: whether a bucket is set."""
    return _store().shared


def file_path(path: str) -> Path:
    """Return where a file is on this machine, or would be; nothing is fetched."""
    return Path(settings.DATA_DIR) / path


def stored_path(local: Path) -> str:
    """Return the path of a file by where it is on this machine; undoes `file_path`."""
    return local.relative_to(settings.DATA_DIR).as_posix()


def file_publish(path: str, *, source: Path | None = None) -> None:
    """Store a whole file. Call it before a row of the database names the file.

    Args:
        path: The file's name from now on.
        source: Where it is, if it is going to be renamed to `path` later; None: it is
            at `path` already.

    Raises:
        StorageUnavailable: The bucket does not answer, or refuses. No part of the file
            is in the store.
    """
    _store().put(path, source or file_path(path))


def folder_publish(path: str) -> None:
    """Store all files of a folder, or none of them.

    Raises:
        StorageUnavailable: As in `file_publish`; the folder is removed.
    """
    store, root = _store(), file_path(path)
    try:
        for file in sorted(one for one in root.rglob("*") if one.is_file()):
            store.put(f"{path}/{file.relative_to(root).as_posix()}", file)
    except BaseException:
        folder_delete(path)
        raise


def file_hand_over(path: str) -> None:
    """Store a file that another process reads next, which may be on another machine.

    As `file_publish`; no copy stays here where others can get at the store, since nobody
    here would ever remove it.
    """
    file_publish(path)
    if files_shared():
        file_path(path).unlink(missing_ok=True)


def file_local(path: str, *, sha256: str = "") -> Path:
    """Return where a file can be read on this machine; fetch it if it is not there.

    Several processes may fetch the same file at once. A copy that is there is not
    checked again; with a bucket, its time becomes that of its last use.

    Args:
        path: The file.
        sha256: Of its bytes, hexadecimal; empty: not known.

    Raises:
        StorageUnavailable: The bucket does not answer, or refuses.
        StoredFileDamaged: What came has another hash; nothing of it is kept.
        StorageFull: There is no room for it here.

    Returns:
        The whole path. There is no file where the store has none.
    """
    local = file_path(path)
    if not local.is_file():
        _store().fetch(path, local, sha256)
    elif settings.S3_BUCKET:
        _touch(local)
    return local


def _touch(copy: Path) -> None:
    """Have a copy's time tell when it was last used, give or take an hour."""
    # Where it may only be read, or is removed at this moment, it keeps its time.
    with suppress(OSError):
        if copy.stat().st_mtime < time.time() - TOUCH_SECONDS:
            os.utime(copy)


def file_delete(path: str) -> None:
    """Remove a file from this machine and from the store, if it is there.

    Call it after the commit that made it useless. What the bucket does not let go is
    logged, and found by `check_data`.
    """
    file_path(path).unlink(missing_ok=True)
    try:
        _store().remove(path)
    except StorageUnavailable as error:
        logger.warning("%s stays in the bucket: %s", path, error.message)


def folder_delete(path: str) -> None:
    """Remove a folder with all its files from this machine and from the store.

    As `file_delete` does with one file.
    """
    shutil.rmtree(file_path(path), ignore_errors=True)
    store = _store()
    try:
        for file in list(store.files(path)):
            store.remove(file.path)
    except StorageUnavailable as error:
        logger.warning("%s stays in the bucket: %s", path, error.message)


def file_list(folder: str) -> Iterator[StoredFile]:
    """Yield all files that are stored in a folder and in the folders in it.

    With a bucket these are its objects, and no copies on this machine.

    Raises:
        StorageUnavailable: The bucket does not answer, or refuses.
    """
    return _store().files(folder)


def file_link(path: str, *, filename: str, content_type: str) -> str | None:
    """Return an address from which anyone can download a file for S3_LINK_SECONDS.

    Args:
        path: The file.
        filename: What the downloaded file is to be called.
        content_type: Its media type.

    Raises:
        FileNotFoundError: The bucket does not have it.
        StorageUnavailable: The bucket does not answer, or refuses.

    Returns:
        The address; None without a bucket, where the file is at `file_local`.
    """
    return _store().link(path, filename, content_type)
