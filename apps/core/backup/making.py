"""Making a backup: snapshot, files, archive, verification."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection

from apps.core.backup.archive import ArchiveWriter
from apps.core.backup.database import (
    database_get,
    migrations_applied,
    tables_left_out,
)
from apps.core.backup.errors import BackupFailed
from apps.core.backup.manifest import Manifest
from apps.core.backup.progress import Meter
from apps.core.backup.registry import files_named
from apps.core.backup.shelf import Shelf
from apps.core.files import file_local
from apps.core.files.scratch import scratch_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from apps.core.backup.progress import Say
    from apps.core.backup.registry import NamedFile

FILES = "files/"
TRIES = 3
SHOWN = 3
_NO_ROOM = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT})


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made and verified.

    Attributes:
        path: The archive.
        size: Its bytes.
        rows: Of all tables.
        files: How many.
        left_out: The tables without their rows.
        pruned: Older archives that were removed.
    """

    path: Path
    size: int
    rows: int
    files: int
    left_out: list[str]
    pruned: list[Path]


class _FilesGone(Exception):  # noqa: N818 - control flow inside this module
    """Files were deleted between the snapshot and now."""

    def __init__(self, paths: list[str]) -> None:
        super().__init__(paths)
        self.paths = paths


@dataclass(frozen=True, slots=True)
class _Held:
    """A file that stays readable, whatever becomes of its name."""

    named: NamedFile
    path: Path


def backup_make(*, folder: Path, now: datetime, keep: int | None, say: Say) -> Made:
    """Write database and files into one archive, and read it back.

    Args:
        folder: Where; made when it is not there.
        now: The moment, UTC; it becomes the archive's name.
        keep: How many archives to keep, this one included; None: all.
        say: Is told how far the work has come.

    Raises:
        BackupRunning: Another backup into this folder is at work.
        BackupFailed: The folder cannot be written or has no room, or files that rows
            name are gone or damaged. Nothing is left of the attempt.
    """
    shelf = Shelf(folder)
    with _writable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with shelf.alone():
            final = shelf.place(now)
            if final.exists():
                raise BackupFailed(f"{final} is there already; try again in a second.")
            made = _insist(final, now, say)
            pruned = [] if keep is None else shelf.prune(keep)
    manifest, size, files = made
    return Made(final, size, manifest.rows, files, manifest.left_out, pruned)


def _insist(final: Path, now: datetime, say: Say) -> tuple[Manifest, int, int]:
    gone: list[str] = []
    for _ in range(TRIES):
        try:
            return _attempt(final, now, say)
        except _FilesGone as error:
            gone = error.paths
            say(f"{len(gone)} files were deleted meanwhile; beginning anew")
    shown = ", ".join(gone[:SHOWN])
    msg = (
        f"{len(gone)} files that rows name are not there, {TRIES} times in a row: "
        f"{shown}. Run manage.py check_data; no backup was made."
    )
    raise BackupFailed(msg)


def _attempt(final: Path, now: datetime, say: Say) -> tuple[Manifest, int, int]:
    database = database_get()
    left_out = tables_left_out()
    with (
        scratch_folder() as links,
        ArchiveWriter(final, Meter(say, "saving")) as writer,
    ):
        with database.snapshot():
            held = _hold(links)
            manifest = Manifest(
                version=settings.SPECTACULAR_SETTINGS["VERSION"],
                created_at=now.astimezone(UTC).isoformat(),
                vendor=connection.vendor,
                migrations=migrations_applied(),
                tables=database.dump(writer, left_out),
                left_out=left_out,
                sequences=database.sequences(),
                members=writer.members,
            )
        for one in held:
            _add(writer, one)
        writer.finish(manifest)
        writer.verify(Meter(say, "reading it back"))
        return manifest, writer.publish(), len(held)


def _hold(links: Path) -> list[_Held]:
    """Give every file that a row names a second name of ours."""
    named = {one.path: one for one in files_named()}
    held, gone = [], []
    for number, (path, one) in enumerate(sorted(named.items())):
        local = file_local(path, sha256=one.sha256)
        link = links / str(number)
        try:
            os.link(local, link)
        except FileNotFoundError:
            gone.append(path)
        except OSError:
            # No links here: if it is deleted before its turn, all begins anew.
            held.append(_Held(one, local))
        else:
            held.append(_Held(one, link))
    if gone:
        raise _FilesGone(gone)
    return held


def _add(writer: ArchiveWriter, held: _Held) -> None:
    named = held.named
    try:
        sha256 = writer.add_file(FILES + named.path, held.path)
    except FileNotFoundError as error:
        raise _FilesGone([named.path]) from error
    if named.sha256 and sha256 != named.sha256:
        msg = (
            f"{named.path} is stored with sha256 {named.sha256[:12]}…, the file has "
            f"{sha256[:12]}…: it is damaged. Run manage.py check_data; no backup was "
            "made."
        )
        raise BackupFailed(msg)


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            reason = f"there is no room ({error.strerror}); free some, or use --to"
        else:
            where = error.filename or folder
            reason = f"{where}: {error.strerror or error}"
        msg = f"No backup was written to {folder}: {reason}."
        raise BackupFailed(msg) from error
