"""The copies of stored files on this machine, and the bucket."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from apps.core.files.local import LocalFiles
from apps.core.files.port import file_list, file_path

if TYPE_CHECKING:
    from collections.abc import Collection


def copies_lacking(folder: str) -> list[str]:
    """Return the paths of a folder's files here that the bucket lacks.

    Raises:
        StorageUnavailable: The bucket does not answer, or refuses.
    """
    there = {one.path for one in file_list(folder)}
    return [one for one in _copies(folder) if one not in there]


def copies_trim(folder: str, *, before: float, named: Collection[str] = ()) -> int:
    """Remove copies here of what the bucket has, and of what nothing knows any more.

    Args:
        folder: Whose files, with those of the folders in it.
        before: Copies that were last used earlier are removed, seconds since 1970, UTC.
        named: The paths that rows name. What neither they nor the bucket have goes too;
            where there are none, it stays: it may be the wrong database.

    Raises:
        StorageUnavailable: The bucket does not answer, or refuses.

    Returns:
        How many were removed.
    """
    there = {one.path: one.size for one in file_list(folder)}
    removed = 0
    for path, size in _copies(folder, before).items():
        unknown = bool(named) and path not in named and path not in there
        # A copy of another length is for check_data to tell.
        if unknown or there.get(path) == size:
            file_path(path).unlink(missing_ok=True)
            removed += 1
    return removed


def _copies(folder: str, before: float | None = None) -> dict[str, int]:
    """Return the path and size of files on this machine."""
    return {
        one.path: one.size
        for one in LocalFiles(Path(settings.DATA_DIR)).files(folder)
        if before is None or one.modified < before
    }
