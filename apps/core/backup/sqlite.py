"""SQLite: a copy of the whole file, taken and put back by SQLite itself."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import connection

from apps.core.backup.archive import BLOCK
from apps.core.backup.errors import BackupFailed, RestoreFailed
from apps.core.backup.manifest import Table
from apps.core.backup.shelf import PARTIAL_SUFFIX
from apps.core.files.guard import storage_guard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.core.backup.archive import ArchiveReader, ArchiveWriter

MEMBER = "database.sqlite3.gz"
WAIT_SECONDS = 20.0
_HELD = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


class SqliteDatabase:
    """The embedded database."""

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """See the database as it is now; in WAL mode that holds up no writer."""
        with connection.cursor() as cursor:
            # Not `atomic`, which would take the write lock.
            cursor.execute("BEGIN DEFERRED")
            try:
                cursor.execute("SELECT count(*) FROM sqlite_master")
                yield
            finally:
                cursor.execute("ROLLBACK")

    def dump(self, writer: ArchiveWriter, left_out: list[str]) -> dict[str, Table]:
        """Write the database without some tables' rows, as one member."""
        with tempfile.TemporaryDirectory(
            dir=writer.folder, prefix=".", suffix=PARTIAL_SUFFIX
        ) as made:
            path = Path(made) / "copy"
            tables = _saved(path, left_out)
            with path.open("rb") as file:
                writer.add_packed(MEMBER, iter(lambda: file.read(BLOCK), b""))
        return tables

    def sequences(self) -> dict[str, int | None]:
        """Return nothing: they are in the file."""
        return {}

    def load(self, reader: ArchiveReader) -> None:
        """Put the archive's database into the place of ours, in one step.

        Raises:
            RestoreFailed: It is damaged, or somebody holds ours.
        """
        connection.ensure_connection()
        folder = Path(connection.settings_dict["NAME"]).parent
        with tempfile.TemporaryDirectory(dir=folder, prefix=".restore-") as made:
            path = Path(made) / "copy"
            with (
                storage_guard(),
                reader.unpacked(MEMBER) as packed,
                path.open("wb") as file,
            ):
                while block := packed.read(BLOCK):
                    file.write(block)
                os.fsync(file.fileno())
            try:
                _put(path, reader)
            except sqlite3.Error as error:
                msg = f"The database could not be written: {error}."
                raise RestoreFailed(msg) from error
        connection.close()


def _saved(path: Path, left_out: list[str]) -> dict[str, Table]:
    """Write a copy of our database, and return the rows of its tables."""
    full = path.with_suffix(".full")
    try:
        with closing(sqlite3.connect(full)) as copy:
            _copy(connection.connection, copy)
            # One file, without a log beside it.
            copy.execute("PRAGMA journal_mode=DELETE")
            for table in left_out:
                copy.execute(f'DELETE FROM "{table}"')  # noqa: S608 - our models'
            copy.commit()
            # Into a new file: pages that are free may still hold what was deleted.
            copy.execute("VACUUM INTO ?", [str(path)])
        full.unlink()
        with closing(sqlite3.connect(path)) as copy:
            wrong = _wrong(copy)
            tables = _counts(copy)
    except sqlite3.Error as error:
        msg = f"No backup was written to {path.parents[1]}: {error}."
        raise BackupFailed(msg) from error
    if wrong:
        msg = f"The database is damaged: {wrong}; restore a backup."
        raise BackupFailed(msg)
    return tables


def _copy(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    until = time.monotonic() + WAIT_SECONDS

    def waited(status: int, *_pages: int) -> None:
        # Python's own `backup` tries again for ever.
        if status in _HELD and time.monotonic() > until:
            msg = "The database is in use; stop the service and try again."
            raise RestoreFailed(msg)

    source.backup(target, progress=waited)


def _put(path: Path, reader: ArchiveReader) -> None:
    with closing(sqlite3.connect(path)) as copy:
        wrong = _wrong(copy)
        if not wrong and _counts(copy) != reader.manifest.tables:
            wrong = "its tables have other numbers of rows than were written"
        if wrong:
            msg = f"The archive's database cannot be used: {wrong}."
            raise RestoreFailed(msg)
        _copy(copy, connection.connection)


def _wrong(database: sqlite3.Connection) -> str:
    """Return what is wrong with a database, or nothing."""
    found = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        return str(found)
    broken = database.execute("PRAGMA foreign_key_check").fetchone()
    return (
        f"a row of {broken[0]} names a row of {broken[2]} that is not" if broken else ""
    )


def _counts(database: sqlite3.Connection) -> dict[str, Table]:
    names = database.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' "
        "AND name NOT LIKE 'sqlite_%' ORDER BY name"
    ).fetchall()
    return {
        name: Table(
            database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608
        )
        for (name,) in names
    }
