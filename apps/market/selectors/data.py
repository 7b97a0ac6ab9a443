"""Do the rows and the files agree?"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from django.conf import settings

from apps.core.files import file_list, file_path, files_shared
from apps.core.files.scratch import SCRATCH
from apps.jobs.enums import FINAL_STATES
from apps.jobs.models import Job
from apps.market.models import BookCapture, CandleSeries, Recording, TradeDay
from apps.market.store.paths import CANDLES, CAPTURES, RECORDINGS, TRADES, UPLOADS

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
    """Compare each series, capture and day of trades with its file, and files with rows.

    Args:
        now: The moment, UTC; what is younger than the longest job may still be in use.

    Returns:
        What is wrong, sorted by path; nothing where all is well.
    """
    found = [
        *_rows(CANDLES, CandleSeries, "Series", "import it again with replace"),
        *_rows(CAPTURES, BookCapture, "Capture", "import it again"),
        *_rows(TRADES, TradeDay, "Day of trades", "fetch it again with replace"),
        *_orphans(CANDLES, CandleSeries, "series", now),
        *_orphans(CAPTURES, BookCapture, "capture", now),
        *_orphans(TRADES, TradeDay, "day of trades", now),
        *_parts(),
        *_uploads(now),
        *_scratch(now),
    ]
    return sorted(found, key=lambda one: (one.path, one.code))


def _rows(
    folder: str,
    model: type[CandleSeries | BookCapture | TradeDay],
    what: str,
    again: str,
) -> Iterator[Finding]:
    rows = model._default_manager.values_list("path", "sha256", "pk")
    named = list(rows)
    stored = {one.path for one in file_list(folder)}
    for path, sha256, row_id in named:
        # What was replaced or deleted meanwhile has no file any more, nor a row.
        if path not in stored and rows.filter(path=path).exists():
            msg = f"{what} {row_id} has no file; delete it or import it again."
            yield Finding("file_missing", path, msg)
        file = file_path(path)
        if not file.is_file():
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
    folder: str,
    model: type[CandleSeries | BookCapture | TradeDay],
    what: str,
    now: datetime,
) -> Iterator[Finding]:
    # The files first: a row that comes meanwhile may name one of them.
    # In a bucket a file is there for a while before its row is.
    files = [
        one.path
        for one in file_list(folder)
        if not files_shared() or one.modified < _latest(now)
    ]
    known = set(model._default_manager.values_list("path", flat=True))
    for path in files:
        if path not in known:
            msg = f"No {what} has this file; it can be removed."
            yield Finding("file_orphaned", path, msg)


def _parts() -> Iterator[Finding]:
    # The files first: the row of a recording is there before its parts are.
    paths = [one.path for one in file_list(RECORDINGS)]
    known = {str(one) for one in Recording.objects.values_list("pk", flat=True)}
    for path in paths:
        if PurePosixPath(path).parts[1] not in known:
            msg = "No recording has this part; it can be removed."
            yield Finding("file_orphaned", path, msg)


def _uploads(now: datetime) -> Iterator[Finding]:
    pending = Job.objects.filter(kind__in=(IMPORT_JOB, CAPTURE_JOB)).exclude(
        state__in=FINAL_STATES
    )
    wanted: set[str] = set()
    for payload in pending.values_list("payload", flat=True):
        several = [one["id"] for one in payload.get("uploads", ())]
        wanted.update(several or [payload["upload"]])
    for file in file_list(UPLOADS):
        if file.modified < _latest(now) and PurePosixPath(file.path).name not in wanted:
            msg = "No job is going to read this upload; it can be removed."
            yield Finding("upload_orphaned", file.path, msg)


def _scratch(now: datetime) -> Iterator[Finding]:
    root = file_path(SCRATCH)
    for folder in root.iterdir() if root.is_dir() else ():
        if folder.stat().st_mtime < _latest(now):
            msg = "An import was cut off and left this behind; it can be removed."
            yield Finding("scratch_left", f"{SCRATCH}/{folder.name}", msg)


def _latest(now: datetime) -> float:
    """Return before when something came that no job can be at work on any more."""
    return now.timestamp() - float(settings.JOB_WALL_SECONDS)
