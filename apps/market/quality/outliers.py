"""Closes that jump far away and come back at once, as a wrong print does.

With r the log return of the close and s = 1.4826 * median(|r|) over the returns that are
not zero, bar i is an outlier when |r[i]| > 20 s, the next return goes the other way, and
takes back at least half of it. 1.4826 makes the median absolute deviation estimate a
normal standard deviation (Rousseeuw and Croux, 1993); crypto returns have a median so
near zero that it is left out. A crash that stays is no outlier.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from apps.market.moments import iso_from_ns

if TYPE_CHECKING:
    from apps.engines.contracts import BoolArray, FloatArray, IntArray
    from apps.market.quality.report import QualityReport

_MAD_TO_DEVIATION = 1.4826
_DEVIATIONS = 20.0
_TAKEN_BACK = 0.5
# Fewer returns than this say nothing about what is usual.
_LEAST_RETURNS = 30


@dataclass(slots=True)
class OutlierChecks:
    """Counts outliers; the scale is that of each batch, so that it follows the market.

    Attributes:
        report: Where they are counted.
    """

    report: QualityReport
    _time: IntArray | None = None
    _close: FloatArray | None = None
    _scale: float = 0.0

    @property
    def scale(self) -> float:
        """The usual move of a bar as a log return; 0 until enough were seen."""
        return self._scale

    def apply(self, time: IntArray, close: FloatArray) -> None:
        """Take in the next bars, sorted and unique, shapes (n,)."""
        if self._time is not None and self._close is not None:
            time = np.concatenate((self._time, time))
            close = np.concatenate((self._close, close))
        returns = np.diff(np.log(close))
        moves = np.abs(returns)
        moving = moves[moves > 0]
        if len(moving) >= _LEAST_RETURNS:
            self._scale = _MAD_TO_DEVIATION * float(np.median(moving))
        if self._scale and len(returns) > 1:
            here, after = returns[:-1], returns[1:]
            taken_back = -after * np.sign(here)
            far = np.abs(here) > _DEVIATIONS * self._scale
            self._count(time, close, far & (taken_back >= _TAKEN_BACK * np.abs(here)))
        # The last return waits for the next one: two closes are carried over.
        self._time, self._close = time[-2:], close[-2:]

    def _count(self, time: IntArray, close: FloatArray, found: BoolArray) -> None:
        places = np.flatnonzero(found) + 1
        self.report.outliers += len(places)
        for place in places[: self.report.room("outliers")]:
            self.report.add(
                "outliers",
                {
                    "time": iso_from_ns(int(time[place])),
                    "before": float(close[place - 1]),
                    "close": float(close[place]),
                    "after": float(close[place + 1]),
                },
            )
