"""Put candles that were found good into their series, in one step.

The new file is written as a whole beside the old one, and goes to the bucket where there
is one. One transaction gives it its name and switches the row to it; the old file goes
after the commit. A crash at any point leaves the old series or the new one, and at most a
file without a row, which `check_data` finds.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from apps.core.files import file_delete, file_path, file_publish
from apps.market.enums import QualityTrigger, Timeframe
from apps.market.errors import SeriesChanged
from apps.market.models import CandleSeries
from apps.market.moments import datetime_from_ns, iso_from_ns
from apps.market.requests import symbol_parse, venue_parse
from apps.market.selectors.series import series_local
from apps.market.services.gaps import gaps_settle
from apps.market.services.orphans import orphan_remove
from apps.market.services.quality import quality_measure, series_quality_record
from apps.market.services.rules import instrument_settle
from apps.market.store.paths import candles_folder, series_file

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from apps.market.enums import CandleFormat, TimeUnit
    from apps.market.intake import Intake
    from apps.market.quality.report import QualityReport
    from apps.market.requests import ImportRequest
    from apps.market.services.work import ImportWork
    from apps.market.store.writing import WrittenFile
    from apps.users.models import User

_TRIES = 3


@dataclass(frozen=True, slots=True)
class Source:
    """Where candles came from.

    Attributes:
        name: A label for people.
        format: The layout of the file.
        time_unit: The unit of its times.
        synthetic: Whether they were invented.
        trigger: What the history of the series' quality says had it looked at.
    """

    name: str
    format: CandleFormat | str
    time_unit: TimeUnit
    synthetic: bool = False
    trigger: QualityTrigger = QualityTrigger.IMPORT


@dataclass(frozen=True, slots=True)
class _Whole:
    """The new file of a series, and what it holds.

    Attributes:
        base: The row that it builds upon; None for a new series.
        series_id: Of that row, or of the new one.
        path: What the file is to be called.
        written: The file.
        report: Rows, range and holes of the whole series.
        quality: How good the whole series is.
    """

    base: CandleSeries | None
    series_id: uuid.UUID
    path: str
    written: WrittenFile
    report: QualityReport
    quality: dict[str, Any]


class _Stale(Exception):  # noqa: N818 - control flow inside this module
    """Another import switched the row meanwhile."""


@dataclass(frozen=True, slots=True)
class _Storing:
    """One import on its way into its series."""

    actor: User
    request: ImportRequest
    intake: Intake
    source: Source
    scratch: Path
    work: ImportWork
    now: datetime

    def current(self, *, lock: bool = False) -> CandleSeries | None:
        """Return the row as it is now."""
        series = CandleSeries.objects.filter(
            owner=self.actor,
            instrument__venue=venue_parse(self.request.venue),
            instrument__symbol=symbol_parse(self.request.symbol)[0],
            timeframe=self.intake.timeframe,
        )
        return (series.select_for_update() if lock else series).first()

    def whole(self) -> _Whole:
        """Write the series as it will be: the new candles, and those of before."""
        base = self.current()
        written, report = self.intake.written, self.intake.report
        if base is not None:
            self.work.progress(0.95, "joining with what is stored")
            written, report = self._merged(base)
        series_id, revision = _version(base) or (uuid.uuid4(), 0)
        folder = candles_folder(
            venue_parse(self.request.venue),
            symbol_parse(self.request.symbol)[0],
            self.intake.timeframe,
        )
        path = str(series_file(folder, series_id, revision + 1))
        self.work.progress(0.97, "looking at how good they are")
        quality = quality_measure(written.path, self.intake.timeframe, self.now)
        return _Whole(base, series_id, path, written, report, quality)

    def _merged(self, base: CandleSeries) -> tuple[WrittenFile, QualityReport]:
        # Only a process that imports needs pyarrow and numpy.
        from apps.market.quality.report import QualityReport  # noqa: PLC0415
        from apps.market.quality.steps import StepChecks  # noqa: PLC0415
        from apps.market.store.merging import candles_merge  # noqa: PLC0415
        from apps.market.store.reading import candles_batches  # noqa: PLC0415
        from apps.market.store.writing import SeriesWriter  # noqa: PLC0415

        report = QualityReport()
        steps = StepChecks(report, Timeframe(base.timeframe))
        with SeriesWriter(self.scratch) as writer:
            for batch in candles_merge(
                candles_batches(series_local(base)),
                candles_batches(self.intake.written.path),
                replace=self.request.replace,
            ):
                steps.apply(batch.time)
                writer.write(batch)
            steps.finish()
            return writer.finish(), report

    def switch(self, whole: _Whole) -> CandleSeries:
        """Make the new file the series', within the current transaction.

        Raises:
            _Stale: The row is not the one that the file builds upon.
        """
        current = self.current(lock=True)
        if _version(current) != _version(whole.base):
            raise _Stale
        instrument = instrument_settle(
            actor=self.actor,
            request=self.request,
            price_decimals=self.intake.price_decimals,
            quantity_decimals=self.intake.quantity_decimals,
            venue_rules=self.request.venue_rules,
        )
        series = current or CandleSeries(
            id=whole.series_id, owner=self.actor, revision=0
        )
        old_path = series.path
        series.instrument = instrument
        series.revision += 1
        self._describe(series, whole)
        series.full_clean()
        series.save()
        series_quality_record(
            series=series,
            report=whole.quality,
            trigger=self.source.trigger,
            now=self.now,
        )
        if current is not None:
            gaps_settle(
                series=series,
                path=whole.written.path,
                start_ns=self.intake.report.first_ns,
                end_ns=self.intake.report.last_ns,
            )
        whole.written.publish(file_path(series.path))
        if old_path:
            # What the row no longer speaks of is of no use to anybody.
            transaction.on_commit(lambda: file_delete(old_path))
        return series

    def _describe(self, series: CandleSeries, whole: _Whole) -> None:
        before = 0 if whole.base is None else whole.base.price_decimals
        series.timeframe = self.intake.timeframe
        series.path = whole.path
        series.first = datetime_from_ns(whole.report.first_ns)
        series.last = datetime_from_ns(whole.report.last_ns)
        series.rows = whole.written.rows
        series.gaps = whole.report.holes
        series.price_decimals = max(before, self.intake.price_decimals)
        series.sha256 = whole.written.sha256
        series.source_name = self.source.name
        series.source_format = self.source.format
        series.time_unit = self.source.time_unit
        series.synthetic = self.source.synthetic
        series.import_job_id = self.work.job_id
        series.quality = {
            "series": {
                "rows": whole.written.rows,
                "first": iso_from_ns(whole.report.first_ns),
                "last": iso_from_ns(whole.report.last_ns),
                "expected": whole.report.expected,
                "gaps": {
                    "count": whole.report.holes,
                    "missing": whole.report.missing,
                    "largest": whole.report.largest,
                },
            },
            "last_import": self.intake.report.as_json(),
        }


def series_store(
    *,
    actor: User,
    request: ImportRequest,
    intake: Intake,
    source: Source,
    scratch: Path,
    work: ImportWork,
    now: datetime,
) -> CandleSeries:
    """Put accepted candles into the actor's series; make it where there is none.

    Args:
        actor: Whose series it is.
        request: Venue, symbol, stated rules, and whether to replace.
        intake: The accepted candles.
        source: Where they came from.
        scratch: A folder of this import's own.
        work: Its progress, fence and job.
        now: The moment, UTC, for the history of the series' quality.

    Raises:
        CandlesConflict: Stored bars have other numbers, and `replace` is not set.
        RulesInvalid: The stated tick is coarser than what is stored.
        SeriesChanged: Other imports of the same series kept winning.
        StorageFull, StorageUnavailable: There is no room, or no bucket. Nothing was
            changed.
    """
    storing = _Storing(actor, request, intake, source, scratch, work, now)
    for _ in range(_TRIES):
        whole = storing.whole()
        try:
            # Outside of the transaction: a bucket may be slow, and locks are held there.
            file_publish(whole.path, source=whole.written.path)
            with work.fence():
                series = storing.switch(whole)
        except (_Stale, IntegrityError):
            # Two first imports meet at the unique constraint instead of the lock.
            orphan_remove(whole.path, CandleSeries)
            continue
        except BaseException:
            orphan_remove(whole.path, CandleSeries)
            raise
        work.progress(1.0, f"{series.rows:,} bars stored")
        return series
    msg = "Other imports keep changing this series; try again when they are done."
    raise SeriesChanged(msg)


def _version(series: CandleSeries | None) -> tuple[uuid.UUID, int] | None:
    return None if series is None else (series.pk, series.revision)
