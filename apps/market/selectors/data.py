"""Do the rows and the files agree?"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from apps.jobs.enums import FINAL_STATES
from apps.jobs.models import Job
from apps.market.models import BookCapture, CandleSeries
from apps.market.store.paths import CANDLES, CAPTURES, SCRATCH, UPLOADS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

IMPORT_JOB = "candles.import"
CAPTURE_JOB = "capture.import"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
        code: `file_missing`, `sha256_differs`, `file_orphaned`, `upload_orphaned` or
            `scratch_left`.
        path: The file, relative to the data directory.
        message: What it means and what to do.
    """

    code: str
    path: str
    message: str


def data_check(*, now: datetime) -> list[Finding]:
    """Compare every candle series and capture with its file, and every file with its row.

    Args:
        now: The moment, UTC; what is younger than the longest job may still be in use.

    Returns:
        What is wrong, sorted by path; nothing where all is well.
    """
    root = Path(settings.DATA_DIR)
    found = [
        *_rows(root, CandleSeries, "Series", "import it again with replace"),
        *_rows(root, BookCapture, "Capture", "import it again"),
        *_orphans(root, CANDLES, CandleSeries, "series"),
        *_orphans(root, CAPTURES, BookCapture, "capture"),
        *_uploads(root, now),
        *_scratch(root, now),
    ]
    return sorted(found, key=lambda one: (one.path, one.code))


def _rows(
    root: Path, model: type[CandleSeries | BookCapture], what: str, again: str
) -> Iterator[Finding]:
    rows = model._default_manager.values_list("path", "sha256", "pk")
    for path, sha256, row_id in rows.iterator():
        file = root / path
        if not file.is_file():
            msg = f"{what} {row_id} has no file; delete it or import it again."
            yield Finding("file_missing", path, msg)
            continue
        with file.open("rb") as stream:
            actual = hashlib.file_digest(stream, "sha256").hexdigest()
        if actual != sha256:
            msg = (
                f"{what} {row_id} is stored with sha256 {sha256[:12]}…, the file has "
                f"{actual[:12]}…; restore it, or {again}."
            )
            yield Finding("sha256_differs", path, msg)


def _orphans(
    root: Path, folder: str, model: type[CandleSeries | BookCapture], what: str
) -> Iterator[Finding]:
    known = set(model._default_manager.values_list("path", flat=True))
    for file in (root / folder).rglob("*"):
        path = file.relative_to(root).as_posix()
        if file.is_file() and path not in known:
            msg = f"No {what} has this file; it can be removed."
            yield Finding("file_orphaned", path, msg)


def _uploads(root: Path, now: datetime) -> Iterator[Finding]:
    pending = Job.objects.filter(kind__in=(IMPORT_JOB, CAPTURE_JOB)).exclude(
        state__in=FINAL_STATES
    )
    wanted: set[str] = set()
    for payload in pending.values_list("payload", flat=True):
        several = [one["id"] for one in payload.get("uploads", ())]
        wanted.update(several or [payload["upload"]])
    for file in _older(root / UPLOADS, now):
        if file.name not in wanted:
            msg = "No job is going to read this upload; it can be removed."
            yield Finding("upload_orphaned", f"{UPLOADS}/{file.name}", msg)


def _scratch(root: Path, now: datetime) -> Iterator[Finding]:
    for folder in _older(root / SCRATCH, now):
        msg = "An import was cut off and left this behind; it can be removed."
        yield Finding("scratch_left", f"{SCRATCH}/{folder.name}", msg)


def _older(folder: Path, now: datetime) -> Iterator[Path]:
    """Yield what no job can be at work on any more."""
    latest = now.timestamp() - float(settings.JOB_WALL_SECONDS)
    if folder.is_dir():
        yield from (one for one in folder.iterdir() if one.stat().st_mtime < latest)
