"""Where the parts of a recording are, and who wrote them.

A part is named after who wrote it, and numbered: two processes that both believe that a
recording is theirs never write over each other.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from uuid import uuid4

from apps.core.files import file_list
from apps.market.store.paths import RECORDINGS

if TYPE_CHECKING:
    from uuid import UUID


def recording_folder(recording_id: UUID) -> PurePosixPath:
    """Return where the parts of a recording are, relative to the data directory."""
    return PurePosixPath(RECORDINGS, str(recording_id))


def holder_name(now_ns: int, *, after: str) -> str:
    """Return a name for who writes parts from now on; it sorts behind those before it.

    Args:
        now_ns: The time.
        after: Who wrote last; empty for nobody. Its clock may have been fast.
    """
    last = int(after.partition("-")[0]) if after else 0
    return f"{max(now_ns, last + 1):020d}-{uuid4().hex[:8]}"


def part_path(recording_id: UUID, holder: str, number: int) -> str:
    """Return the path of a part, relative to the data directory."""
    name = f"{holder}-{number:08d}" if holder else f"{number:08d}"
    return str(recording_folder(recording_id) / f"{name}.parquet")


def parts_list(recording_id: UUID) -> list[str]:
    """Return the paths of the parts of a recording, by who wrote them and in order."""
    found = file_list(str(recording_folder(recording_id)))
    paths = [one.path for one in found if one.path.endswith(".parquet")]
    return sorted(paths, key=part_place)


def part_place(path: str) -> tuple[str, int]:
    """Return who wrote a part, and its number."""
    holder, _, number = PurePosixPath(path).stem.rpartition("-")
    return holder, int(number)
