"""The folder of backups: names, order, pruning, and one writer at a time."""

from __future__ import annotations

import fcntl
import re
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from apps.core.backup.errors import BackupRunning

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STAMP = "%Y%m%dT%H%M%SZ"
PARTIAL_SUFFIX = ".partial"
LOCK = ".lock"
_NAME = re.compile(r"parallax-(\d{8}T\d{6}Z)\.tar")
# How a tar ends: two blocks of zeros.
_END = bytes(1024)


@dataclass(frozen=True, slots=True)
class Kept:
    """A backup that is there."""

    path: Path
    made: datetime


class Shelf:
    """Where backups are kept.

    Args:
        folder: BACKUP_DIR, or another.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def archives(self) -> list[Kept]:
        """Return the backups that have their name, which they get once verified.

        The oldest comes first.
        """
        found = []
        for path in self.folder.iterdir():
            if match := _NAME.fullmatch(path.name):
                made = datetime.strptime(match[1], STAMP).replace(tzinfo=UTC)
                found.append(Kept(path, made))
        return sorted(found, key=lambda one: one.made)

    def place(self, now: datetime) -> Path:
        """Return the name of a backup that is made now."""
        return self.folder / f"parallax-{now.astimezone(UTC):{STAMP}}.tar"

    def prune(self, keep: int) -> list[Path]:
        """Remove all but the latest backups, and return what was removed."""
        old = [one.path for one in self.archives()[:-keep]]
        for path in old:
            path.unlink()
        return old

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let nobody else make a backup here, and clear away what was cut off.

        Raises:
            BackupRunning: Somebody is making one.
        """
        with (self.folder / LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                msg = f"Another backup into {self.folder} is at work; wait for its end."
                raise BackupRunning(msg) from error
            for left in self.folder.glob(f".*{PARTIAL_SUFFIX}"):
                if left.is_dir():
                    shutil.rmtree(left)
                else:
                    left.unlink()
            yield


def archive_ended(path: Path) -> bool:
    """Tell whether a tar has its end; one that was cut off has not."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - len(_END)))
        return file.read() == _END
