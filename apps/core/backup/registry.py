"""What rooms say of themselves to a backup, by dotted names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    type FilesOf = Callable[[], Iterable["NamedFile"]]


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A stored file that a row names.

    Attributes:
        path: Relative to DATA_DIR, with `/`.
        sha256: As the row has it, hexadecimal; empty where it has none.
    """

    path: str
    sha256: str = ""


_files: dict[str, str] = {}
_steps: dict[str, str] = {}


def backup_files(room: str, function: str) -> None:
    """Register what a room's rows name; call it in `AppConfig.ready`.

    Args:
        room: The room.
        function: The dotted name of a function that returns all `NamedFile`s. It is
            called in the snapshot, and must only read rows.
    """
    _files[room] = function


def restore_step(room: str, function: str) -> None:
    """Register what a room mends when rows have come back; call it in `AppConfig.ready`.

    Args:
        room: The room.
        function: The dotted name of a function without arguments; it returns a sentence
            on what it did, or nothing.
    """
    _steps[room] = function


def files_named() -> Iterator[NamedFile]:
    """Yield every file that a row of any room names."""
    for function in _files.values():
        yield from import_string(function)()


def restore_steps() -> Iterator[str]:
    """Mend what rooms have to mend, and yield what they say of it."""
    for function in _steps.values():
        said = import_string(function)()
        if said:
            yield said
