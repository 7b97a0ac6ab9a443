"""What can go wrong with stored files."""

from __future__ import annotations

from apps.core.errors import Unavailable


class StorageFull(Unavailable):
    """The disk has no room for the file; nothing was changed."""

    code = "storage_full"


class StorageUnavailable(Unavailable):
    """The disk or the bucket cannot be written or reached; nothing was changed."""

    code = "storage_unavailable"


class StoredFileDamaged(Unavailable):
    """What the bucket has under a name is not what was put there."""

    code = "stored_file_damaged"
