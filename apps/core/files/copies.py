"""The copies of stored files on this machine, and the bucket."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from apps.core.files.local import LocalFiles
from apps.core.files.port import file_list, file_path, file_publish


def folder_upload(folder: str) -> int:
    """Publish all files of a folder here that the bucket lacks; return how many.

    For files that were stored before there was a bucket.

    Raises:
        StorageUnavailable: The bucket does not answer, or refuses.
    """
    there = {one.path for one in file_list(folder)}
    lacking = [one for one in _copies(folder) if one not in there]
    for path in lacking:
        file_publish(path)
    return len(lacking)


def copies_trim(folder: str, *, before: float) -> int:
    """Remove copies here of what the bucket has; return how many.

    Args:
        folder: Whose files, with those of the folders in it.
        before: Copies that came earlier are removed, seconds since 1970, UTC.

    Raises:
        StorageUnavailable: The bucket does not answer, or refuses.
    """
    there = {one.path: one.size for one in file_list(folder)}
    copies = _copies(folder, before)
    # A copy of another length is for check_data to tell.
    known = [path for path, size in copies.items() if there.get(path) == size]
    for path in known:
        file_path(path).unlink(missing_ok=True)
    return len(known)


def _copies(folder: str, before: float | None = None) -> dict[str, int]:
    """Return the path and size of files on this machine."""
    return {
        one.path: one.size
        for one in LocalFiles(Path(settings.DATA_DIR)).files(folder)
        if before is None or one.modified < before
    }
