"""Reading stored candles as arrays, against pyarrow reading the same file.

python -m tests.benchmarks.bench_store
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from apps.market.batches import CandleBatch
from apps.market.enums import Timeframe
from apps.market.store.reading import bars_read
from apps.market.store.writing import SeriesWriter
from tests.benchmarks.report import Figure, milliseconds, report
from tests.benchmarks.timing import medians

BARS = 525_600  # a year of minutes
FIRST_NS = 1_577_836_800_000_000_000  # 2020-01-01
ROUNDS = 15
AT_MOST = 2.0


def file_write(folder: Path) -> Path:
    """Write a made-up year of minutes as the store does."""
    random = np.random.default_rng(1)
    close = np.round(100.0 * np.exp(np.cumsum(random.normal(0, 0.001, BARS))), 2)
    open_ = np.concatenate((close[:1], close[:-1]))
    high, low = np.maximum(open_, close), np.minimum(open_, close)
    volume = np.round(random.exponential(5.0, BARS), 4)
    time = FIRST_NS + Timeframe.M1.nanoseconds * np.arange(BARS)
    with SeriesWriter(folder) as writer:
        writer.write(CandleBatch(time, np.stack((open_, high, low, close, volume))))
        return writer.finish().path


def measure() -> list[Figure]:
    """Write a file, and read it in both ways."""
    with tempfile.TemporaryDirectory() as folder:
        path = file_write(Path(folder))
        taken = medians(
            {
                "arrays": partial(bars_read, path, timeframe=Timeframe.M1),
                "pyarrow": partial(pq.read_table, path),
            },
            rounds=ROUNDS,
        )
    ratio = taken["arrays"] / taken["pyarrow"]
    return [
        Figure(
            f"{BARS:,} candles into arrays",
            milliseconds(taken["arrays"]),
            f"pyarrow's read_table {milliseconds(taken['pyarrow'])}",
            f"{ratio:.2f}x as long",
            f"{AT_MOST:.0f}x",
            ratio <= AT_MOST,
        )
    ]


if __name__ == "__main__":
    report("store", measure)
