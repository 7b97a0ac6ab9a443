"""DATA_DIR alone: what is there is the store."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from apps.core.files.contracts import StoredFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class LocalFiles:
    """The store of one machine: a file that has its name in DATA_DIR is stored.

    Args:
        root: DATA_DIR.
    """

    shared = False

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, path: str, source: Path) -> None:
        """Do nothing: it is where it belongs, or will be renamed to it."""

    def fetch(self, path: str, target: Path, sha256: str) -> None:
        """Do nothing: what is not in DATA_DIR is nowhere."""

    def remove(self, path: str) -> None:
        """Do nothing: the caller removes what is in DATA_DIR."""

    def files(self, folder: str) -> Iterator[StoredFile]:
        """Yield what is in DATA_DIR."""
        for file in (self._root / folder).rglob("*"):
            # Another process may remove it at this moment.
            with suppress(FileNotFoundError):
                state = file.stat()
                if file.is_file():
                    path = file.relative_to(self._root).as_posix()
                    yield StoredFile(path, state.st_size, state.st_mtime)

    def link(
        self,
        path: str,  # noqa: ARG002 - the other store needs them
        filename: str,  # noqa: ARG002
        content_type: str,  # noqa: ARG002
    ) -> str | None:
        """Return None: there is nobody else to download it from."""
        return None
