"""What can be said of a row by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from apps.market.batches import (
    CLOSE,
    HIGH,
    LOW,
    OPEN,
    PRICES,
    VALUE_COLUMNS,
    VOLUME,
    CandleBatch,
)
from apps.market.grid import (
    MOST_PRICE_DECIMALS,
    MOST_QUANTITY_DECIMALS,
    DecimalsMeter,
    values_round,
)
from apps.market.moments import iso_from_ns

if TYPE_CHECKING:
    from apps.engines.contracts import BoolArray, FloatArray
    from apps.market.quality.report import QualityReport, Sample

_SAME = 1e-12


def faults_find(values: FloatArray) -> dict[str, BoolArray]:
    """Return by its reason where a bar is one that no market can have made.

    Args:
        values: Shape (5, n): open, high, low, close, volume. What is not a number is no
            fault here.

    Returns:
        For each reason a mask of shape (n,).
    """
    open_, high, low, close, volume = values
    return {
        "price not above zero": (values[PRICES] <= 0).any(axis=0),
        "volume below zero": volume < 0,
        "high below low": high < low,
        "high below open or close": high < np.maximum(open_, close),
        "low above open or close": low > np.minimum(open_, close),
    }


@dataclass(slots=True)
class RowChecks:
    """Rounds prices to their decimals and leaves out rows that cannot be.

    Attributes:
        report: Where findings are counted.
        line_word: What a row's place is called in samples: `line` or `row`.
        price_decimals: Decimals of the stated tick; None to find them.
        prices: Finds the decimals of prices.
        quantities: Finds the decimals of volumes.
    """

    report: QualityReport
    line_word: str
    price_decimals: int | None = None
    prices: DecimalsMeter = field(
        default_factory=lambda: DecimalsMeter(MOST_PRICE_DECIMALS)
    )
    quantities: DecimalsMeter = field(
        default_factory=lambda: DecimalsMeter(MOST_QUANTITY_DECIMALS)
    )

    def apply(self, batch: CandleBatch) -> CandleBatch:
        """Return the good rows of a batch, prices rounded, volumes as they are."""
        values = np.empty_like(batch.values)
        values[PRICES] = self._rounded(batch.values[PRICES])
        values[VOLUME] = batch.values[VOLUME]
        rounded = CandleBatch(batch.time, values, batch.first_line)
        self.report.rows += len(batch)
        finite = np.logical_and.reduce(np.isfinite(values))
        if not finite.all():
            self._missing(rounded, ~finite)
        possible = self._possible(rounded, finite)
        good = finite & possible
        self.quantities.measure(values[VOLUME][good])
        self.report.zero_volume += int(np.count_nonzero(values[VOLUME][good] == 0))
        return rounded if good.all() else rounded.where(good)

    def _rounded(self, prices: FloatArray) -> FloatArray:
        if self.price_decimals is None:
            return self.prices.measure(prices)
        rounded = values_round(prices, self.price_decimals)
        with np.errstate(invalid="ignore"):
            changed = np.abs(rounded - prices) > _SAME * np.abs(prices)
        self.report.rounded += int(np.count_nonzero(changed))
        return rounded

    def _missing(self, batch: CandleBatch, missing: BoolArray) -> None:
        places = np.flatnonzero(missing)
        self.report.nan += len(places)
        for place in places[: self.report.room("nan")]:
            wrong = ~np.isfinite(batch.values[:, place])
            names = [VALUE_COLUMNS[one] for one in np.flatnonzero(wrong)]
            sample = self._sample(batch, int(place), f"no number in {', '.join(names)}")
            self.report.add("nan", sample)

    def _possible(self, batch: CandleBatch, finite: BoolArray) -> BoolArray:
        faults = faults_find(batch.values)
        bad: BoolArray = np.logical_or.reduce(list(faults.values())) & finite
        places = np.flatnonzero(bad)
        self.report.impossible += len(places)
        for place in places[: self.report.room("impossible")]:
            reason = next(words for words, mask in faults.items() if mask[place])
            sample = self._sample(batch, int(place), reason)
            self.report.add("impossible", sample)
        return ~bad

    def _sample(self, batch: CandleBatch, place: int, reason: str) -> Sample:
        values = batch.values[:, place]
        sample: Sample = {
            self.line_word: batch.first_line + place,
            "time": iso_from_ns(int(batch.time[place])),
            "reason": reason,
        }
        for name, at in zip(
            VALUE_COLUMNS, (OPEN, HIGH, LOW, CLOSE, VOLUME), strict=True
        ):
            value = float(values[at])
            sample[name] = value if np.isfinite(value) else None
        return sample
