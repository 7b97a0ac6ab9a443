"""How an import is carried out: on whose behalf, and how it is told and fenced."""

from __future__ import annotations

import os
import shutil
import socket
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from apps.market.store.failures import storage_guard
from apps.market.store.paths import SCRATCH

if TYPE_CHECKING:
    from collections.abc import Iterator

type Progress = Callable[[float, str], None]
type Fence = Callable[[], AbstractContextManager[None]]


def progress_ignored(fraction: float, message: str) -> None:
    """Tell nobody."""


@contextmanager
def _transaction() -> Iterator[None]:
    with transaction.atomic():
        yield


@dataclass(frozen=True, slots=True)
class ImportWork:
    """The surroundings of one import.

    Attributes:
        progress: Told how far it has come: a fraction from 0 to 1, and in words.
        fence: Opens the transaction of all database writes; a job's own one makes sure
            that a run which was given up on commits nothing.
        job_id: The job that does it, if one does.
    """

    progress: Progress = progress_ignored
    fence: Fence = _transaction
    job_id: uuid.UUID | None = None


def _here() -> str:
    # Other machines may share the data directory; their processes can't be asked for.
    return f"{socket.gethostname()}-"


def _sweep(root: Path) -> None:
    """Remove what imports of this machine left whose process was killed."""
    for left in root.glob(f"{_here()}*"):
        owner = left.name.removeprefix(_here()).split("-")[0]
        if not Path(f"/proc/{owner}").exists():
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give a folder of one's own in the data directory, gone at the end.

    Raises:
        StorageFull: The disk is full.
    """
    root = Path(settings.DATA_DIR) / SCRATCH
    _sweep(root)
    folder = root / f"{_here()}{os.getpid()}-{uuid.uuid4()}"
    with storage_guard():
        folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
