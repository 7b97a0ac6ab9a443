"""What can go wrong with backups."""

from __future__ import annotations

from apps.core.errors import Conflict, Unavailable, Unprocessable


class BackupFailed(Unavailable):
    """No backup was made; what was there before is as it was."""

    code = "backup_failed"


class BackupRunning(Conflict):
    """Another backup or restore is at work."""

    code = "backup_running"


class ArchiveDamaged(Unprocessable):
    """The archive is not what was written; it names the member at fault."""

    code = "archive_damaged"


class ArchiveUnfit(Unprocessable):
    """The archive is whole, but not for this installation."""

    code = "archive_unfit"


class DatabaseNotEmpty(Conflict):
    """The database has rows, and nobody said that they may go."""

    code = "database_not_empty"


class RestoreFailed(Unavailable):
    """What was written does not agree with the archive."""

    code = "restore_failed"
