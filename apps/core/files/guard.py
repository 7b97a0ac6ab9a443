"""A disk that is full, or may not be written, is an answer and not a crash."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

from apps.core.files.errors import StorageFull, StorageUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_ROOM = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT})
_NO_WRITING = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


@contextmanager
def storage_guard() -> Iterator[None]:
    """Turn the system's word for no room, or no writing, into ours; other errors pass.

    Raises:
        StorageFull: The disk or a quota is full, or the file may not grow further.
        StorageUnavailable: The disk is read-only, or the folder is somebody else's.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _NO_WRITING:
            msg = (
                f"DATA_DIR cannot be written ({error.strerror}). Nothing was changed; "
                "give the service's user a folder that it may write."
            )
            raise StorageUnavailable(msg) from error
        if error.errno not in _NO_ROOM:
            raise
        msg = (
            f"There is no room to write the file ({error.strerror}). Nothing was "
            "changed; free some space in DATA_DIR and try again."
        )
        raise StorageFull(msg) from error
