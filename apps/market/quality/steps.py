"""The steps between bars: which timeframe they make, and where one is too long."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from apps.market.enums import Timeframe
from apps.market.errors import TimeframeMismatch, TimeframeUnknown
from apps.market.moments import NANOSECONDS_PER_SECOND, iso_from_ns

if TYPE_CHECKING:
    from apps.engines.contracts import IntArray
    from apps.market.quality.report import QualityReport

_LARGEST = 20
# With fewer steps than this a hole may well be the most frequent step.
_FEW_STEPS = 5


def timeframe_settle(time: IntArray, stated: Timeframe | None) -> Timeframe:
    """Return the timeframe of a series, found by its most frequent step or stated.

    Args:
        time: Open times of its first bars, int64 nanoseconds, sorted.
        stated: The caller's word, or None.

    Raises:
        TimeframeUnknown: Nothing is stated and there is no step, or none that fits.
        TimeframeMismatch: The most frequent step is another than the stated one.
    """
    steps = np.diff(time)
    steps = steps[steps > 0]
    if not len(steps):
        if stated is not None:
            return stated
        msg = "There is only one bar, so its timeframe must be stated."
        raise TimeframeUnknown(msg, attr="timeframe")
    found, counts = np.unique(steps, return_counts=True)
    modal = int(found[np.argmax(counts)])
    share = float(counts.max() / len(steps))
    if stated is None:
        timeframe = Timeframe.from_nanoseconds(modal)
        if timeframe is not None:
            return timeframe
        msg = (
            f"The most frequent step between rows is {_seconds(modal)}, which is no "
            f"timeframe; known: {', '.join(Timeframe)}."
        )
        raise TimeframeUnknown(msg, attr="timeframe")
    holes_only = len(steps) < _FEW_STEPS and not (steps % stated.nanoseconds).any()
    if modal == stated.nanoseconds or holes_only:
        return stated
    right = Timeframe.from_nanoseconds(modal)
    msg = (
        f"The timeframe is stated as {stated}, but {share:.0%} of the steps between "
        f"rows are {_seconds(modal)}{f': state {right}' if right else ''}."
    )
    raise TimeframeMismatch(msg, attr="timeframe")


@dataclass(slots=True)
class StepChecks:
    """Counts holes and bars off the grid, in times that are sorted and unique.

    Attributes:
        report: Where they are counted.
        timeframe: The regular step.
    """

    report: QualityReport
    timeframe: Timeframe
    _last: int | None = None
    _offset: int | None = None
    _largest: list[tuple[int, int]] = field(default_factory=list)

    def apply(self, time: IntArray) -> None:
        """Take in the next times, int64 nanoseconds, shape (n,)."""
        if not len(time):
            return
        if self._last is None:
            self.report.first_ns = int(time[0])
            before, after = time[:-1], time[1:]
        else:
            before = np.concatenate(([self._last], time[:-1]))
            after = time
        self._holes(before, after)
        self._grid(time)
        self._last = self.report.last_ns = int(time[-1])
        self.report.kept += len(time)

    def finish(self) -> None:
        """Write what is known only at the end."""
        step = self.timeframe.nanoseconds
        if self.report.kept:
            span = self.report.last_ns - self.report.first_ns
            self.report.expected = span // step + 1
        self.report.largest = [
            {"start": iso_from_ns(start), "bars": bars} for bars, start in self._largest
        ]

    def _holes(self, before: IntArray, after: IntArray) -> None:
        step = self.timeframe.nanoseconds
        missing = (after - before) // step - 1
        places = np.flatnonzero(missing > 0)
        if not len(places):
            return
        self.report.holes += len(places)
        self.report.missing += int(missing[places].sum())
        longest = places[np.argsort(-missing[places], kind="stable")[:_LARGEST]]
        found = [(int(missing[at]), int(before[at]) + step) for at in longest]
        ordered = sorted([*self._largest, *found], key=lambda one: (-one[0], one[1]))
        self._largest = ordered[:_LARGEST]

    def _grid(self, time: IntArray) -> None:
        """Count the bars that do not open where the first bars do.

        Weeks begin on Mondays at most venues, days at other hours than midnight at
        some: the grid is what most bars of the first batch share.
        """
        residue = time % self.timeframe.nanoseconds
        if self._offset is None:
            found, counts = np.unique(residue, return_counts=True)
            self._offset = int(found[np.argmax(counts)])
        places = np.flatnonzero(residue != self._offset)
        self.report.off_grid += len(places)
        for place in places[: self.report.room("off_grid")]:
            self.report.add("off_grid", {"time": iso_from_ns(int(time[place]))})


def _seconds(step: int) -> str:
    return f"{step / NANOSECONDS_PER_SECOND:,.15g} s"
