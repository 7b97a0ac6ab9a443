"""What a store of files does, whichever it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in the store.

    Attributes:
        path: Relative to DATA_DIR, with `/`.
        size: Its bytes.
        modified: When it came there, in seconds since 1970, UTC.
    """

    path: str
    size: int
    modified: float


class FileStore(Protocol):
    """Where files are that other machines may need; see `port` for each promise."""

    shared: bool

    def put(self, path: str, source: Path) -> None:
        """Take in a file."""

    def fetch(self, path: str, target: Path, sha256: str) -> None:
        """Make a file be at `target`, if the store has it."""

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""

    def files(self, folder: str) -> Iterator[StoredFile]:
        """Yield all files of a folder and the folders in it."""

    def link(self, path: str, filename: str, content_type: str) -> str | None:
        """Return an address to download a file from, or None where there is none."""
