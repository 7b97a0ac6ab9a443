"""A full disk is an answer, not a crash."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

from apps.core.files.errors import StorageFull

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_ROOM = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT})


@contextmanager
def storage_guard() -> Iterator[None]:
    """Turn the system's word for no room into ours; other errors pass.

    Raises:
        StorageFull: The disk or a quota is full, or the file may not grow further.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        msg = (
            f"There is no room to write the file ({error.strerror}). Nothing was "
            "changed; free some space in DATA_DIR and try again."
        )
        raise StorageFull(msg) from error
