"""Write bars as they came: each number the float nearest to the exchange's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apps.market.batches import PRICES, VOLUME, CandleBatch
from apps.market.grid import (
    MOST_PRICE_DECIMALS,
    MOST_QUANTITY_DECIMALS,
    DecimalsMeter,
)
from apps.market.intake import Intake
from apps.market.quality.report import QualityReport
from apps.market.quality.steps import StepChecks
from apps.market.store.writing import SeriesWriter

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from apps.market.enums import Timeframe


def rows_sorted(batch: CandleBatch) -> CandleBatch:
    """Return a batch sorted by time, each time once."""
    if (np.diff(batch.time) > 0).all():
        return batch
    moments, first = np.unique(batch.time, return_index=True)
    return CandleBatch(moments, batch.values[:, first])


def chunk_write(
    batches: Iterable[CandleBatch], timeframe: Timeframe, scratch: Path
) -> Intake | None:
    """Write sorted bars under a temporary name, with nothing rounded.

    There is no verdict: an exchange that has holes is no reason to store nothing.

    Args:
        batches: The bars, in order.
        timeframe: Their length.
        scratch: Where to write.

    Raises:
        StorageFull: There is no room.

    Returns:
        What was written; None where there was no bar.
    """
    prices = DecimalsMeter(MOST_PRICE_DECIMALS)
    volumes = DecimalsMeter(MOST_QUANTITY_DECIMALS)
    report = QualityReport()
    steps = StepChecks(report, timeframe)
    with SeriesWriter(scratch) as writer:
        for batch in batches:
            if not len(batch):
                continue
            prices.measure(batch.values[PRICES])
            volumes.measure(batch.values[VOLUME])
            report.rows += len(batch)
            report.zero_volume += int(np.count_nonzero(batch.values[VOLUME] == 0))
            steps.apply(batch.time)
            writer.write(batch)
        steps.finish()
        if not report.rows:
            return None
        written = writer.finish()
    return Intake(
        written=written,
        timeframe=timeframe,
        report=report,
        price_decimals=prices.decimals,
        quantity_decimals=volumes.decimals,
    )
