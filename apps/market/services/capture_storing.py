"""From a collector's files to a stored capture: convert, describe, publish."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import IntegrityError

from apps.core.files import file_path, file_publish
from apps.core.files.scratch import scratch_folder
from apps.engines.captures import CaptureRequest
from apps.engines.errors import CaptureInvalid
from apps.market.errors import (
    CaptureChanged,
    RowsTooMany,
    RulesInvalid,
    UploadMissing,
)
from apps.market.models import BookCapture
from apps.market.moments import datetime_from_ns
from apps.market.requests import symbol_parse, venue_parse
from apps.market.selectors.captures import capture_known
from apps.market.services.orphans import orphan_remove
from apps.market.services.rules import instrument_settle
from apps.market.services.uploads import label_of
from apps.market.services.work import ImportWork
from apps.market.store.paths import capture_file
from apps.market.ticks import decimals_of_tick

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from apps.engines.captures import CaptureSummary
    from apps.market.models import Instrument
    from apps.market.requests import CaptureImportRequest
    from apps.market.store.writing import WrittenFile
    from apps.users.models import User

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class CaptureSource:
    """A collector's file: where it is, and its name for people."""

    path: Path
    label: str


@dataclass(frozen=True, slots=True)
class _Converted:
    """A capture that was found good, under a temporary name."""

    summary: CaptureSummary
    written: WrittenFile
    label: str
    price_decimals: int
    quantity_decimals: int


def capture_import(
    *,
    actor: User,
    sources: Sequence[CaptureSource],
    request: CaptureImportRequest,
    locate: Callable[[], str],
    work: ImportWork | None = None,
) -> BookCapture:
    """Import a captured order book, as a whole or not at all.

    The same capture again puts a lost or damaged file back, and is called as it was sent
    last.

    Args:
        actor: Whose capture it becomes.
        sources: The collector's files, the book first.
        request: What to make of them.
        locate: Returns the address of the warm engine that reads captures.
        work: Its progress, fence and job; by default none of them.

    Raises:
        UploadMissing: A file is not there.
        CaptureInvalid: It cannot be read or believed; the error says where and why.
        CaptureChanged: Others imported or deleted it at the same moment, twice.
        RowsTooMany: It has more rows than one import may have.
        RulesInvalid: The instrument's tick is coarser than the capture's prices.
        StorageFull, StorageUnavailable: There is no room, or no bucket. Nothing was
            changed.
        ApplicationError: The engine failed; see `engine_call`.

    Returns:
        The capture.
    """
    request.check()
    work = work or ImportWork()
    for source in sources:
        if not source.path.is_file():
            msg = f"There is no file {source.label!r} to import; give it again."
            raise UploadMissing(msg, attr="file")
    with scratch_folder() as scratch:
        work.progress(0.05, "reading the capture")
        converted = _convert(sources, request, locate, scratch)
        work.progress(0.9, "storing")
        try:
            capture = _store(actor, request, converted, work)
        except (CaptureChanged, IntegrityError):
            # Two first imports met at a unique constraint: now the other one is there.
            capture = _store(actor, request, converted, work)
    work.progress(1.0, f"{capture.rows:,} rows stored")
    return capture


def _convert(
    sources: Sequence[CaptureSource],
    request: CaptureImportRequest,
    locate: Callable[[], str],
    scratch: Path,
) -> _Converted:
    # Only a process that imports needs numpy and pyarrow.
    from apps.engines.runner.client import engine_call  # noqa: PLC0415
    from apps.market.store.capture_grid import quantity_decimals  # noqa: PLC0415
    from apps.market.store.writing import WrittenFile  # noqa: PLC0415

    # The engine may run elsewhere than here: whole paths.
    target = scratch.resolve() / "book.npz"
    links = tuple(
        str(_linked(scratch.resolve() / str(number), source))
        for number, source in enumerate(sources)
    )
    try:
        summary: CaptureSummary = engine_call(
            locate=locate,
            request=CaptureRequest(links, str(target), request.layout),
            wall_seconds=settings.ENGINE_WALL_SECONDS,
            memory_bytes=settings.ENGINE_MEMORY_BYTES,
        )
    except CaptureInvalid as error:
        raise CaptureInvalid(error.message, attr="file") from error
    most = int(settings.IMPORT_MAX_ROWS)
    if summary.rows > most:
        msg = f"The capture has {summary.rows:,} rows; {most:,} are allowed."
        raise RowsTooMany(msg, attr="file")
    size = target.stat().st_size
    return _Converted(
        summary=summary,
        written=WrittenFile(target, summary.sha256, summary.rows, size),
        label=label_of(sources[0].label),
        price_decimals=decimals_of_tick(Decimal(summary.price_tick)),
        quantity_decimals=quantity_decimals(target),
    )


def _linked(folder: Path, source: CaptureSource) -> Path:
    """Give a file its own name again, which the engine's messages quote."""
    folder.mkdir()
    name = _NOT_IN_NAMES.sub("_", source.label)[-_LONGEST_NAME:].lstrip(".")
    link = folder / (name or "unnamed")
    link.symlink_to(source.path.resolve())
    return link


def _store(
    actor: User,
    request: CaptureImportRequest,
    converted: _Converted,
    work: ImportWork,
) -> BookCapture:
    """Publish a capture and save its row, in one transaction."""
    known_id = capture_known(
        actor=actor,
        venue=venue_parse(request.venue),
        symbol=symbol_parse(request.symbol)[0],
        sha256=converted.summary.sha256,
    )
    capture_id = known_id or uuid.uuid4()
    path = str(capture_file(capture_id))
    try:
        # Outside of the transaction: a bucket may be slow, and locks are held there.
        file_publish(path, source=converted.written.path)
        with work.fence():
            instrument = instrument_settle(
                actor=actor,
                request=request,
                price_decimals=converted.price_decimals,
                quantity_decimals=converted.quantity_decimals,
            )
            _tick_check(instrument, converted)
            capture = _row(actor, instrument, converted, known_id)
            capture.pk = capture_id
            capture.path = path
            capture.import_job_id = work.job_id
            capture.full_clean()
            capture.save()
            converted.written.publish(file_path(path))
    except BaseException:
        orphan_remove(path, BookCapture)
        raise
    return capture


def _row(
    actor: User,
    instrument: Instrument,
    converted: _Converted,
    known_id: uuid.UUID | None,
) -> BookCapture:
    """Return the row of a capture, the one there is or a new one, not yet saved.

    Raises:
        CaptureChanged: It is not the one that was found before.
    """
    summary = converted.summary
    known = BookCapture.objects.select_for_update().filter(
        owner=actor, instrument=instrument, sha256=summary.sha256
    )
    found = known.first()
    if (found.pk if found else None) != known_id:
        msg = "The capture was imported or deleted meanwhile; try again."
        raise CaptureChanged(msg)
    capture = found or BookCapture(
        owner=actor, instrument=instrument, sha256=summary.sha256
    )
    capture.label = converted.label
    capture.layout = summary.layout
    capture.first = datetime_from_ns(summary.first)
    capture.last = datetime_from_ns(summary.last)
    capture.rows = summary.rows
    capture.depth_rows = summary.depth_rows
    capture.trade_rows = summary.trade_rows
    capture.moments = summary.moments
    capture.crossed = summary.crossed
    capture.clock_shift_ns = summary.clock_shift_ns
    capture.price_decimals = converted.price_decimals
    capture.findings = list(summary.findings)
    capture.size = converted.written.size
    return capture


def _tick_check(instrument: Instrument, converted: _Converted) -> None:
    """Refuse an instrument whose tick the capture's prices do not fit."""
    if decimals_of_tick(instrument.price_tick) >= converted.price_decimals:
        return
    msg = (
        f"The capture's prices have {converted.price_decimals} decimals, which does not "
        f"fit the price tick {instrument.price_tick.normalize():f} of {instrument}; "
        "state the right tick, or name another symbol."
    )
    raise RulesInvalid(msg, attr="price_tick")
