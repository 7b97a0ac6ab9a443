"""The quality report of stored candles, against a plain read of the same file.

python -m tests.benchmarks.bench_quality

Seven years of hours, as many as the longest real series in the tests, and ten years of
minutes. The peak of memory is that of the whole process: a report is made in blocks.
"""

from __future__ import annotations

import resource
import tempfile
from collections import deque
from functools import partial
from pathlib import Path

import numpy as np

from apps.market.batches import BATCH_ROWS, CandleBatch
from apps.market.enums import Timeframe
from apps.market.quality.stored import Asked, bars_batches, stored_measure
from apps.market.store.reading import bars_read, candles_batches
from apps.market.store.writing import SeriesWriter
from tests.benchmarks.report import Figure, milliseconds, report
from tests.benchmarks.timing import medians

SIZES = {58_419: Timeframe.H1, 5_000_000: Timeframe.M1}
FIRST_NS = 1_420_070_400_000_000_000  # 2015-01-01
ASKED = Asked(now_ns=FIRST_NS + 20 * 365 * 86_400 * 10**9)
ROUNDS = 7
AT_MOST = 5.0


def file_write(folder: Path, bars: int, timeframe: Timeframe) -> Path:
    """Write made-up candles with some holes, as the store does."""
    random = np.random.default_rng(1)
    price = 100.0
    with SeriesWriter(folder) as writer:
        for start in range(0, bars, BATCH_ROWS):
            count = min(BATCH_ROWS, bars - start)
            moves = np.exp(np.cumsum(random.normal(0, 0.001, count)))
            close = np.round(price * moves, 2)
            price = float(close[-1])
            open_ = np.concatenate((close[:1], close[:-1]))
            high, low = np.maximum(open_, close), np.minimum(open_, close)
            volume = np.round(random.exponential(5.0, count), 4)
            index = start + np.arange(count) + 3 * ((start + np.arange(count)) // 9_000)
            time = FIRST_NS + timeframe.nanoseconds * index
            writer.write(CandleBatch(time, np.stack((open_, high, low, close, volume))))
        return writer.finish().path


def measure() -> list[Figure]:
    """Write both files, read each, and report on each."""
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        for bars, timeframe in SIZES.items():
            path = file_write(Path(folder), bars, timeframe)
            figures += _figures(path, bars, timeframe)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures.append(Figure("peak of memory, bars of a run included", f"{peak:,.0f} MiB"))
    return figures


def _figures(path: Path, bars: int, timeframe: Timeframe) -> list[Figure]:
    loaded = bars_read(path, timeframe=timeframe)
    taken = medians(
        {
            "read": lambda: deque(candles_batches(path), maxlen=0),
            "file": lambda: stored_measure(candles_batches(path), timeframe, ASKED),
            "bars": partial(_bars_measure, loaded, timeframe),
        },
        rounds=ROUNDS,
    )
    against = f"a plain read of the file {milliseconds(taken['read'])}"
    return [
        Figure(
            what,
            milliseconds(taken[name]),
            against,
            f"{taken[name] / taken['read']:.1f}x as long",
            f"{AT_MOST:.0f}x",
            taken[name] <= AT_MOST * taken["read"],
        )
        for name, what in (
            ("file", f"{bars:,} candles in a file, read and reported on"),
            ("bars", f"{bars:,} candles in memory, as before a backtest"),
        )
    ]


def _bars_measure(bars: object, timeframe: Timeframe) -> None:
    stored_measure(bars_batches(bars), timeframe, ASKED)  # type: ignore[arg-type]


if __name__ == "__main__":
    report("quality", measure)
