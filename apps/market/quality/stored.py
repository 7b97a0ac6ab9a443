"""The report of bars that are stored: of a whole series, or of a range of it.

It is made of blocks of `BATCH_ROWS` bars from the first bar on, in constant memory, so
that the report of a range is that of a series which holds nothing else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.market.batches import (
    BATCH_ROWS,
    CLOSE,
    HIGH,
    LOW,
    OPEN,
    CandleBatch,
    batches_resize,
)
from apps.market.moments import iso_from_ns
from apps.market.quality.breaks import BreakChecks
from apps.market.quality.outliers import OutlierChecks
from apps.market.quality.report import QualityReport
from apps.market.quality.rows import faults_find
from apps.market.quality.runs import QuietChecks
from apps.market.quality.steps import StepChecks
from apps.market.quality.telling import coverage_text, findings_tell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from apps.engines.contracts import Bars, BoolArray
    from apps.market.enums import Timeframe

# A high or low this many usual moves beyond open and close came back within its bar.
_WICK_DEVIATIONS = 40.0
_LARGEST_LOG = 300.0


@dataclass(frozen=True, slots=True)
class Asked:
    """Which range is reported on, and when.

    Attributes:
        now_ns: The moment, int64 nanoseconds UTC.
        start_ns: The first open time that was asked for, inclusive; None: the first bar.
        end_ns: The end that was asked for, exclusive; None: the last bar.
    """

    now_ns: int
    start_ns: int | None = None
    end_ns: int | None = None


@dataclass(slots=True)
class StoredChecks:
    """Measures bars in the order of their times.

    Attributes:
        timeframe: The regular step.
    """

    timeframe: Timeframe
    _report: QualityReport = field(default_factory=QualityReport)
    _quiet: QuietChecks = field(default_factory=QuietChecks)
    _duplicates: int = 0
    _wicks: int = 0
    _last_ns: int | None = None
    _steps: StepChecks = field(init=False)
    _outliers: OutlierChecks = field(init=False)
    _breaks: BreakChecks = field(init=False)

    def __post_init__(self) -> None:
        self._steps = StepChecks(self._report, self.timeframe)
        self._outliers = OutlierChecks(self._report)
        self._breaks = BreakChecks(self.timeframe)

    def apply(self, batch: CandleBatch) -> None:
        """Take in the next bars."""
        if not len(batch):
            return
        batch = self._unique(batch)
        self._report.rows += len(batch)
        self._steps.apply(batch.time)
        good = self._good(batch)
        if not len(good):
            return
        self._outliers.apply(good.time, good.values[CLOSE])
        scale = self._outliers.scale
        self._breaks.apply(good.time, good.values[OPEN], good.values[CLOSE], scale)
        self._wicks_find(good, scale)
        self._quiet.apply(good)

    def finish(self, asked: Asked) -> dict[str, Any]:
        """Return the report as it is stored and sent; there must have been a bar."""
        self._steps.finish()
        self._breaks.finish()
        self._quiet.finish()
        found, step = self._report, self.timeframe.nanoseconds
        report: dict[str, Any] = {
            "rows": found.rows,
            "first": iso_from_ns(found.first_ns),
            "last": iso_from_ns(found.last_ns),
            "expected": found.expected,
            "coverage": coverage_text(found.rows, found.expected),
            "gaps": {
                "count": found.holes,
                "missing": found.missing,
                "largest": found.largest,
            },
            **_ends(found, asked, step),
            "impossible": found.impossible,
            "nan": found.nan,
            "duplicates": self._duplicates,
            "off_grid": found.off_grid,
            "spikes": found.outliers,
            "wicks": self._wicks,
            "zero_volume": self._quiet.zero_volume.as_json(),
            "frozen": self._quiet.frozen.as_json(),
            "breaks": {"count": self._breaks.count, "found": self._breaks.found},
            "samples": found.samples,
        }
        return report | {"findings": findings_tell(report)}

    def _unique(self, batch: CandleBatch) -> CandleBatch:
        last = batch.time[0] - 1 if self._last_ns is None else self._last_ns
        later = np.diff(batch.time, prepend=last) > 0
        self._last_ns = int(batch.time[-1])
        if later.all():
            return batch
        self._duplicates += int(np.count_nonzero(~later))
        return batch.where(later)

    def _good(self, batch: CandleBatch) -> CandleBatch:
        """Return the bars that can be, and count the others."""
        finite = np.logical_and.reduce(np.isfinite(batch.values))
        faults = faults_find(batch.values)
        bad: BoolArray = np.logical_or.reduce(list(faults.values())) & finite
        good = finite & ~bad
        if good.all():
            return batch
        self._report.nan += int(np.count_nonzero(~finite))
        self._report.impossible += int(np.count_nonzero(bad))
        for place in np.flatnonzero(bad)[: self._report.room("impossible")]:
            reason = next(words for words, mask in faults.items() if mask[place])
            time = iso_from_ns(int(batch.time[place]))
            self._report.add("impossible", {"time": time, "reason": reason})
        return batch.where(good)

    def _wicks_find(self, batch: CandleBatch, scale: float) -> None:
        if not scale:
            return
        far = math.exp(min(_WICK_DEVIATIONS * scale, _LARGEST_LOG))
        open_, high, low, close = (
            batch.values[one] for one in (OPEN, HIGH, LOW, CLOSE)
        )
        above = high / far > np.maximum(open_, close)
        below = low < np.minimum(open_, close) / far
        places = np.flatnonzero(above | below)
        self._wicks += len(places)
        for place in places[: self._report.room("wicks")]:
            sample = {
                "time": iso_from_ns(int(batch.time[place])),
                "low": float(low[place]),
                "high": float(high[place]),
                "close": float(close[place]),
            }
            self._report.add("wicks", sample)


def stored_measure(
    batches: Iterable[CandleBatch], timeframe: Timeframe, asked: Asked
) -> dict[str, Any]:
    """Return the report of stored bars.

    Args:
        batches: At least one bar, sorted by time.
        timeframe: The regular step.
        asked: Which range they are, and when.

    Returns:
        Counts and samples by measure, and `findings`: what is odd, as sentences. See
        `SeriesReportOutput` for each of its fields.
    """
    checks = StoredChecks(timeframe)
    for batch in batches_resize(batches):
        checks.apply(batch)
    return checks.finish(asked)


def bars_batches(bars: Bars) -> Iterator[CandleBatch]:
    """Yield bars in the blocks that a file has."""
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    for start in range(0, len(bars), BATCH_ROWS):
        part = slice(start, start + BATCH_ROWS)
        values = np.stack([column[part] for column in columns])
        yield CandleBatch(bars.time[part], values, start + 1)


def _ends(found: QualityReport, asked: Asked, step: int) -> dict[str, Any]:
    """Return how far the bars fall short of what was asked for, and of now."""
    over = found.last_ns + step
    end = asked.now_ns if asked.end_ns is None else min(asked.end_ns, asked.now_ns)
    before = 0 if asked.start_ns is None else found.first_ns - asked.start_ns
    return {
        "asked": {
            "start": None if asked.start_ns is None else iso_from_ns(asked.start_ns),
            "end": None if asked.end_ns is None else iso_from_ns(asked.end_ns),
            "missing_before": max(0, before) // step,
        },
        "as_of": iso_from_ns(asked.now_ns),
        "age_bars": max(0, end - over) // step,
    }
