"""What can be said of rows that are sorted by time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from apps.market.batches import CLOSE, batches_join
from apps.market.moments import iso_from_ns
from apps.market.quality.outliers import OutlierChecks
from apps.market.quality.steps import StepChecks

if TYPE_CHECKING:
    from apps.engines.contracts import BoolArray
    from apps.market.batches import CandleBatch
    from apps.market.enums import Timeframe
    from apps.market.quality.report import QualityReport


@dataclass(slots=True)
class SequenceChecks:
    """Leaves out repeated and unfinished bars; counts holes, grid faults, outliers.

    Attributes:
        report: Where findings are counted.
        timeframe: The regular step.
        now_ns: The moment of the import; a bar that closes later is not over.
    """

    report: QualityReport
    timeframe: Timeframe
    now_ns: int
    _kept: CandleBatch | None = None
    _steps: StepChecks = field(init=False)
    _outliers: OutlierChecks = field(init=False)

    def __post_init__(self) -> None:
        self._steps = StepChecks(self.report, self.timeframe)
        self._outliers = OutlierChecks(self.report)

    def apply(self, batch: CandleBatch) -> CandleBatch:
        """Return the rows to store of the next batch, sorted by time, times unique."""
        batch = self._finished(self._unique(batch))
        self._steps.apply(batch.time)
        if len(batch):
            self._outliers.apply(batch.time, batch.values[CLOSE])
        return batch

    def finish(self) -> None:
        """Write what is known only at the end."""
        self._steps.finish()

    def _unique(self, batch: CandleBatch) -> CandleBatch:
        carried = 0 if self._kept is None else 1
        if self._kept is not None:
            batch = batches_join([self._kept, batch])
        first = np.ones(len(batch), dtype=np.bool_)
        first[1:] = batch.time[1:] != batch.time[:-1]
        if not first.all():
            self._repeats(batch, first)
        kept = np.flatnonzero(first)
        self._kept = batch.rows(int(kept[-1]), int(kept[-1]) + 1)
        if first.all():
            return batch.rows(carried)
        first[:carried] = False
        return batch.where(first)

    def _repeats(self, batch: CandleBatch, first: BoolArray) -> None:
        repeats = np.flatnonzero(~first)
        places = np.where(first, np.arange(len(first)), 0)
        originals = np.maximum.accumulate(places)[repeats]
        same = (batch.values[:, repeats] == batch.values[:, originals]).all(axis=0)
        self.report.identical += int(np.count_nonzero(same))
        conflicts = repeats[~same]
        self.report.conflicting += len(conflicts)
        for at, original in zip(conflicts, originals[~same], strict=True):
            if not self.report.room("duplicates"):
                break
            self.report.add(
                "duplicates",
                {
                    "time": iso_from_ns(int(batch.time[at])),
                    "kept": [float(one) for one in batch.values[:, original]],
                    "left_out": [float(one) for one in batch.values[:, at]],
                },
            )

    def _finished(self, batch: CandleBatch) -> CandleBatch:
        latest = self.now_ns - self.timeframe.nanoseconds
        over = int(np.searchsorted(batch.time, latest, side="right"))
        if over == len(batch):
            return batch
        self.report.unfinished += len(batch) - over
        for time in batch.time[over:][: self.report.room("future")]:
            self.report.add("future", {"time": iso_from_ns(int(time))})
        return batch.rows(0, over)
