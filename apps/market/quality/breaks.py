"""Where a series goes on as another market: delisted and listed again under one name.

Between the close c of a bar and the open o of the next one, with h bars missing between
them, r = ln(o / c) is what the price moved while nobody traded. A crash does not show
here: it moves within its bars, and each opens near the close before. With s the usual
move of a bar (see `outliers`), a random walk moves about s * sqrt(h + 1) over the hole
(the square-root-of-time rule; Bachelier, 1900). A break is, in this order,

- `rescaled`: |r| >= ln 10, with or without a hole. No market opens at ten times its last
  close; a token that was redenominated, or another one under the same name, does.
- `relisted`: h >= 12, |r| >= ln 2 and |r| > 8 s * sqrt(h + 1).
- `halted`: h >= 24 and the hole lasts 7 days or longer. Whatever the price, nobody could
  have traded: LUNA came back after 18 days at another scale, FTT after months at a price
  that it might have had.

The first two count only where the new level stays: the median of the next five closes
over that of the five before must have gone the same way at least half as far, in logs. A
wrong print that comes back is an outlier. The limits are conventions of this module.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.market.enums import Timeframe
from apps.market.moments import iso_from_ns
from apps.market.quality.report import SAMPLES_MOST

if TYPE_CHECKING:
    from apps.engines.contracts import BoolArray, FloatArray, IntArray

RESCALED, RELISTED, HALTED = "rescaled", "relisted", "halted"
_ABSURD = 10.0
_LEAST_RATIO = 2.0
_DEVIATIONS = 8.0
_HOLE_BARS = 12
_HALT_BARS = 24
_HALT_NS = 7 * Timeframe.D1.nanoseconds
_WINDOW = 5


@dataclass(slots=True)
class BreakChecks:
    """Finds breaks in bars that are sorted, with times that are unique.

    Attributes:
        timeframe: The regular step.
        count: How many were found.
        found: The first 20 of them.
    """

    timeframe: Timeframe
    count: int = 0
    found: list[dict[str, Any]] = field(default_factory=list)
    _time: IntArray = field(default_factory=lambda: np.empty(0, np.int64))
    _open: FloatArray = field(default_factory=lambda: np.empty(0))
    _close: FloatArray = field(default_factory=lambda: np.empty(0))
    _judged: int = 0
    _scale: float = 0.0

    def apply(
        self, time: IntArray, open_: FloatArray, close: FloatArray, scale: float
    ) -> None:
        """Take in the next bars.

        Args:
            time: Open times, int64 nanoseconds, shape (n,).
            open_: First prices, above zero, shape (n,).
            close: Last prices, above zero, shape (n,).
            scale: The usual move of a bar as a log return; 0 where it is not known.
        """
        self._time = np.concatenate((self._time, time))
        self._open = np.concatenate((self._open, open_))
        self._close = np.concatenate((self._close, close))
        self._scale = scale
        # The last ones wait for the bars that tell whether the new level stays.
        ready = max(self._judged, len(self._time) - 1 - _WINDOW)
        self._judge(ready)
        kept = max(0, ready - _WINDOW + 1)
        self._time = self._time[kept:]
        self._open, self._close = self._open[kept:], self._close[kept:]
        self._judged = ready - kept

    def finish(self) -> None:
        """Judge the last bars by those that there are."""
        self._judge(max(self._judged, len(self._time) - 1))

    def _judge(self, until: int) -> None:
        """Judge the steps from `_judged` up to `until`; step i is from bar i to i + 1."""
        at = slice(self._judged, until)
        if at.start >= until:
            return
        next_ = slice(at.start + 1, until + 1)
        missing = (self._time[next_] - self._time[at]) // self.timeframe.nanoseconds - 1
        ratio = self._open[next_] / self._close[at]
        absurd = (ratio >= _ABSURD) | (ratio <= 1 / _ABSURD)
        places = np.flatnonzero(absurd | (missing >= _HOLE_BARS))
        if not len(places):
            return
        missing, ratio, absurd = missing[places], ratio[places], absurd[places]
        stays = self._stays(places + at.start, np.log(ratio))
        unlikely = self._unlikely(missing, ratio) & stays
        halted = (missing >= _HALT_BARS) & (
            missing * self.timeframe.nanoseconds >= _HALT_NS
        )
        rescaled = absurd & stays
        for place, *which in zip(
            (places + at.start).tolist(),
            rescaled.tolist(),
            unlikely.tolist(),
            halted.tolist(),
            strict=True,
        ):
            if any(which):
                kind = (RESCALED, RELISTED, HALTED)[which.index(True)]
                self._add(place, kind)

    def _unlikely(self, missing: IntArray, ratio: FloatArray) -> BoolArray:
        """Return where a hole has a move that no market of this volatility makes."""
        move = np.abs(np.log(ratio))
        usual = self._scale * np.sqrt(np.maximum(missing, 0) + 1.0)
        unlikely: BoolArray = (
            (missing >= _HOLE_BARS)
            & (move >= np.log(_LEAST_RATIO))
            & (usual > 0)
            & (move > _DEVIATIONS * usual)
        )
        return unlikely

    def _stays(self, places: IntArray, move: FloatArray) -> BoolArray:
        """Return where the closes after a step are as far away as its open was."""
        steps = np.arange(_WINDOW)
        before = self._level(places[:, None] - steps)
        after = self._level(places[:, None] + 1 + steps)
        stays: BoolArray = np.log(after / before) * np.sign(move) >= np.abs(move) / 2
        return stays

    def _level(self, places: IntArray) -> FloatArray:
        """Return the median close of each row of places, as far as there are bars."""
        inside = (places >= 0) & (places < len(self._close))
        closes = self._close[np.clip(places, 0, len(self._close) - 1)]
        level: FloatArray = np.nanmedian(np.where(inside, closes, np.nan), axis=1)
        return level

    def _add(self, place: int, kind: str) -> None:
        self.count += 1
        if len(self.found) >= SAMPLES_MOST:
            return
        before, after = int(self._time[place]), int(self._time[place + 1])
        close, opened = float(self._close[place]), float(self._open[place + 1])
        self.found.append(
            {
                "kind": kind,
                "before": iso_from_ns(before),
                "after": iso_from_ns(after),
                "missing": (after - before) // self.timeframe.nanoseconds - 1,
                "close": close,
                "open": opened,
                "ratio": opened / close,
            }
        )
