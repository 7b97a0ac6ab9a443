"""Folders for what is not whole yet; they stay on this machine."""

from __future__ import annotations

import os
import shutil
import socket
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from apps.core.files.guard import storage_guard

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRATCH = "scratch"


def _here() -> str:
    # Other machines may share the data directory; their processes can't be asked for.
    return f"{socket.gethostname()}-"


def _sweep(root: Path) -> None:
    """Remove what this machine's processes left that were killed."""
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
