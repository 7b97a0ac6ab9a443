"""Backups: the database and the files that its rows name, as one verified archive.

Files never change under their names, and are deleted after the rows that name them. So a
snapshot of the database is taken first, then the files that its rows name are linked,
which takes seconds; all else is done at leisure. A file that is gone by then was deleted
meanwhile, and the whole begins anew.

This package knows no rooms: they register what names their files, and what must be
mended after a restore.
"""

from __future__ import annotations

from apps.core.backup.registry import (
    NamedFile,
    backup_files,
    files_named,
    restore_step,
)

__all__ = ["NamedFile", "backup_files", "files_named", "restore_step"]
