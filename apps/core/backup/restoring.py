"""Bringing a backup back: verify, refuse what does not fit, files, database."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from apps.core.backup.archive import BLOCK, ArchiveReader
from apps.core.backup.database import (
    database_get,
    database_name,
    migrations_applied,
    tables_with_rows,
)
from apps.core.backup.errors import ArchiveUnfit, DatabaseNotEmpty, RestoreFailed
from apps.core.backup.making import FILES
from apps.core.backup.progress import MIB, Meter
from apps.core.backup.registry import restore_steps
from apps.core.files import file_path, file_publish
from apps.core.files.errors import StorageFull
from apps.core.files.guard import storage_guard
from apps.core.files.scratch import scratch_folder

if TYPE_CHECKING:
    from pathlib import Path

    from apps.core.backup.manifest import Manifest
    from apps.core.backup.progress import Say

SHOWN = 5
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back.

    Attributes:
        created_at: When the backup's snapshot was taken, ISO 8601.
        rows: Of all tables.
        files: How many.
        left_out: The tables without their rows.
        steps: What rooms did afterwards, as sentences.
    """

    created_at: str
    rows: int
    files: int
    left_out: list[str]
    steps: list[str]


def backup_restore(*, archive: Path, replace: bool, say: Say) -> Restored:
    """Bring a backup back into an empty database and DATA_DIR.

    The whole archive is verified, and compared with this installation, before anything
    is changed. Files come first: one without a row is found by check_data, a row without
    its file would be a loss.

    Args:
        archive: What `backup_make` has written.
        replace: Whether what is in the database may go.
        say: Is told how far the work has come.

    Raises:
        ArchiveDamaged: It was cut off or changed; names the member.
        ArchiveUnfit: It is of another database, or of a newer schema.
        DatabaseNotEmpty: There are rows, and `replace` is false.
        StorageFull: DATA_DIR has no room.
        RestoreFailed: What was written does not agree with the archive.
    """
    with ArchiveReader(archive) as reader:
        manifest = reader.manifest
        _fit_check(manifest)
        if not replace:
            _empty_check()
        members = [name for name in manifest.members if name.startswith(FILES)]
        total = sum(reader.size(name) for name in members)
        _room_check(total)
        whole = archive.stat().st_size
        reader.verify(Meter(say, "verifying", whole))
        _files(reader, members, Meter(say, "files", total))
        say("database")
        database_get().load(reader)
    if migrations_applied() != manifest.migrations:
        msg = "The database has other migrations than the archive."
        raise RestoreFailed(msg)
    say("bringing the schema up to date")
    call_command("migrate", verbosity=0, interactive=False)
    steps = list(restore_steps())
    return Restored(
        manifest.created_at, manifest.rows, len(members), manifest.left_out, steps
    )


def _fit_check(manifest: Manifest) -> None:
    if manifest.vendor != connection.vendor:
        msg = (
            f"The archive is of {NAMES.get(manifest.vendor, manifest.vendor)}, "
            f"DATABASE_URL leads to {NAMES.get(connection.vendor, connection.vendor)}; "
            "restore into the same kind of database."
        )
        raise ArchiveUnfit(msg)
    known = {".".join(one) for one in MigrationLoader(None).disk_migrations}
    unknown = sorted(set(manifest.migrations) - known)
    if unknown:
        more = f" and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else ""
        msg = (
            f"The archive is of a newer schema (version {manifest.version}): this one "
            f"does not know {', '.join(unknown[:SHOWN])}{more}. Install that version "
            "and restore with it."
        )
        raise ArchiveUnfit(msg)


def _empty_check() -> None:
    tables = tables_with_rows()
    if tables:
        more = f" and {len(tables) - SHOWN} more" if len(tables) > SHOWN else ""
        msg = (
            f"The database {database_name()} has rows in {', '.join(tables[:SHOWN])}"
            f"{more}; --replace puts the archive in their place."
        )
        raise DatabaseNotEmpty(msg)


def _room_check(needed: int) -> None:
    free = shutil.disk_usage(settings.DATA_DIR).free
    if needed > free:
        msg = (
            f"The files need {needed / MIB:,.0f} MiB, DATA_DIR has {free / MIB:,.0f} MiB "
            "free; nothing was changed."
        )
        raise StorageFull(msg)


def _files(reader: ArchiveReader, members: list[str], told: Meter) -> None:
    """Write all files under other names first, then give them theirs."""
    with storage_guard(), scratch_folder() as scratch:
        for number, name in enumerate(members):
            with (
                reader.member(name) as stream,
                (scratch / str(number)).open("wb") as file,
            ):
                while block := stream.read(BLOCK):
                    file.write(block)
                    told(len(block))
        # One wait for the disk instead of one for each file.
        os.sync()
        for number, name in enumerate(members):
            path = name.removeprefix(FILES)
            target = file_path(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            (scratch / str(number)).replace(target)
            file_publish(path)
        os.sync()
