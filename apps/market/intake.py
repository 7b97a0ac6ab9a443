"""From a candle file to a stored one: read, judge, sort where needed, write.

Sorted files go straight through. A file that turns out to be unsorted is read a second
time, into a spool on disk, because only then is it known that it must be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from apps.market.batches import batches_resize
from apps.market.errors import RowsTooMany
from apps.market.quality.report import QualityReport, quality_verdict
from apps.market.quality.rows import RowChecks
from apps.market.quality.sequence import SequenceChecks
from apps.market.quality.steps import timeframe_settle
from apps.market.store.sorting import SortSpool
from apps.market.store.writing import SeriesWriter
from apps.market.ticks import decimals_of_tick

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from decimal import Decimal
    from pathlib import Path

    from apps.market.batches import CandleBatch
    from apps.market.enums import Timeframe
    from apps.market.files import CandleFile
    from apps.market.store.writing import WrittenFile

    type Progress = Callable[[float, str], None]


class _Unsorted(Exception):  # noqa: N818 - control flow inside this module
    """A row is earlier than one before it."""


@dataclass(frozen=True, slots=True)
class IntakeOptions:
    """What the caller states about a file, and how good it must be.

    Attributes:
        timeframe: The bars' length; None to find it.
        price_tick: Prices are rounded to its decimals; None to find them.
        max_rows: The most rows that are read.
        quality_limits: Largest allowed fractions; see `quality_verdict`.
        now_ns: The moment of the import, int64 nanoseconds UTC.
    """

    timeframe: Timeframe | None
    price_tick: Decimal | None
    max_rows: int
    quality_limits: Mapping[str, float]
    now_ns: int


@dataclass(frozen=True, slots=True)
class Intake:
    """A file that was found good, written under a temporary name.

    Attributes:
        written: The new file.
        timeframe: Stated or found.
        report: What was found in it.
        price_decimals: The most decimals of a price.
        quantity_decimals: The most decimals of a volume, at most 8.
    """

    written: WrittenFile
    timeframe: Timeframe
    report: QualityReport
    price_decimals: int
    quantity_decimals: int


def candles_intake(
    file: CandleFile,
    options: IntakeOptions,
    *,
    scratch: Path,
    progress: Progress,
) -> Intake:
    """Read a candle file, judge it, and write it in the canonical form.

    Args:
        file: An open candle file.
        options: What is stated about it, and the limits.
        scratch: An empty folder on the file system of the data directory: the canonical
            file is written here, and columns are kept here while they are sorted.
        progress: Told how far it has come, from 0 to 1.

    Raises:
        CandleFileInvalid: The file cannot be read; see `apps.market.files`.
        RowsTooMany: It has more rows than allowed.
        TimeframeUnknown, TimeframeMismatch: See `timeframe_settle`.
        QualityRefused: It is worse than the limits allow.
        StorageFull: There is no room. Nothing is left behind.
    """
    run = _Run(file, options, scratch, progress)
    try:
        return run.straight()
    except _Unsorted:
        return run.sorted()


@dataclass(slots=True)
class _Run:
    file: CandleFile
    options: IntakeOptions
    scratch: Path
    progress: Progress

    def straight(self) -> Intake:
        """Stream a sorted file through.

        Raises:
            _Unsorted: It is not sorted.
        """
        rows = self._row_checks()
        return self._write(_in_order(self._checked(rows, span=(0.0, 1.0))), rows)

    def sorted(self) -> Intake:
        """Spool an unsorted file to disk, sort it, and write it."""
        rows = self._row_checks()
        with SortSpool(self.scratch) as spool:
            for batch in self._checked(rows, span=(0.0, 0.7)):
                spool.write(batch)
            rows.report.out_of_order = spool.out_of_order
            self.progress(0.75, "sorting")
            return self._write(spool.batches(), rows)

    def _row_checks(self) -> RowChecks:
        tick = self.options.price_tick
        decimals = None if tick is None else decimals_of_tick(tick)
        return RowChecks(QualityReport(), self.file.line_word, decimals)

    def _checked(
        self, rows: RowChecks, *, span: tuple[float, float]
    ) -> Iterator[CandleBatch]:
        start, end = span
        for batch in batches_resize(self.file.batches()):
            good = rows.apply(batch)
            read = rows.report.rows
            if read > self.options.max_rows:
                msg = f"The file has more than {self.options.max_rows:,} rows."
                raise RowsTooMany(msg, attr="file")
            share = min(1.0, read / max(1, self.file.expected_rows))
            self.progress(start + (end - start) * share, f"{read:,} rows read")
            if len(good):
                yield good

    def _write(self, batches: Iterable[CandleBatch], rows: RowChecks) -> Intake:
        report = rows.report
        sequence: SequenceChecks | None = None
        with SeriesWriter(self.scratch) as writer:
            for batch in batches:
                if sequence is None:
                    timeframe = timeframe_settle(batch.time, self.options.timeframe)
                    sequence = SequenceChecks(report, timeframe, self.options.now_ns)
                writer.write(sequence.apply(batch))
            if sequence is not None:
                sequence.finish()
            quality_verdict(report, self.options.quality_limits)
            written = writer.finish()
        if sequence is None:
            msg = "a file without a good row passed the verdict"
            raise AssertionError(msg)
        stated = rows.price_decimals
        return Intake(
            written=written,
            timeframe=sequence.timeframe,
            report=report,
            price_decimals=rows.prices.decimals if stated is None else stated,
            quantity_decimals=rows.quantities.decimals,
        )


def _in_order(batches: Iterable[CandleBatch]) -> Iterator[CandleBatch]:
    last: int | None = None
    for batch in batches:
        before = batch.time[0] if last is None else last
        if (np.diff(batch.time, prepend=before) < 0).any():
            raise _Unsorted
        last = int(batch.time[-1])
        yield batch
