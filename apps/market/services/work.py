"""How an import is carried out: on whose behalf, and how it is told and fenced."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

if TYPE_CHECKING:
    import uuid
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
