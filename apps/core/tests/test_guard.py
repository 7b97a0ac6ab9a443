"""What the system says of a disk, said as it helps."""

from __future__ import annotations

import errno
import os

import pytest

from apps.core.files.errors import StorageFull, StorageUnavailable
from apps.core.files.guard import storage_guard


@pytest.mark.parametrize(
    ("number", "kind", "says"),
    [
        (errno.ENOSPC, StorageFull, "No space left on device"),
        (errno.EDQUOT, StorageFull, "free some space"),
        (errno.EROFS, StorageUnavailable, "Read-only file system"),
        (errno.EACCES, StorageUnavailable, "give the service's user a folder"),
    ],
)
def test_a_disk_that_takes_nothing_is_named_with_what_would_help(
    number: int, kind: type[Exception], says: str
) -> None:
    with pytest.raises(kind, match=says), storage_guard():
        raise OSError(number, os.strerror(number))


def test_another_error_of_the_system_is_not_taken_for_the_disks() -> None:
    with pytest.raises(BrokenPipeError), storage_guard():
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")
