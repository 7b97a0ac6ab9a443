"""How fast a long CSV file is imported, and in how much memory.

    python -m tests.benchmarks.bench_import [--rows 10000000] [--unsorted]

Prints rows a second and the peak of resident memory.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv as pacsv

from apps.market.enums import Timeframe
from apps.market.files import FileLimits, candle_file_open
from apps.market.intake import IntakeOptions, candles_intake
from apps.market.store.reading import candles_read
from tests.benchmarks.report import AS_LINES, Figure, report

PEAK_MIB = 600
BLOCK = 500_000
START = 1_000_000_000


def measure() -> list[Figure]:
    """Write a file, import it, and return the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--unsorted", action="store_true")
    parser.add_argument(AS_LINES, action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "candles.csv"
        _write(path, arguments.rows, unsorted=arguments.unsorted)
        size, before = path.stat().st_size / 2**20, _peak()
        seconds = _import(path, arguments.rows)
    peak = _peak()
    rows = f"{arguments.rows:,} rows of CSV, {size:,.0f} MiB"
    return [
        Figure(f"{rows}: rows a second", f"{arguments.rows / seconds:,.0f}"),
        Figure(
            f"{rows}: peak of memory",
            f"{peak:,.0f} MiB RSS",
            f"before the import {before:,.0f} MiB",
            target=f"{PEAK_MIB} MiB",
            met=peak < PEAK_MIB,
        ),
    ]


def _write(path: Path, rows: int, *, unsorted: bool) -> None:
    random = np.random.default_rng(1)
    names = ["time", "open", "high", "low", "close", "volume"]
    schema = pa.schema(
        [(names[0], pa.int64())] + [(n, pa.float64()) for n in names[1:]]
    )
    blocks = list(range(0, rows, BLOCK))
    with pacsv.CSVWriter(str(path), schema) as writer:
        for first in reversed(blocks) if unsorted else blocks:
            count = min(BLOCK, rows - first)
            minute = START // 60 * 60 + 60 * np.arange(first, first + count)
            close = np.round(100 + random.normal(0, 1, count), 2)
            volume = np.round(random.exponential(5, count), 4)
            columns = [minute, close, close + 0.5, close - 0.5, close, volume]
            writer.write(pa.record_batch(columns, schema=schema))


def _import(path: Path, rows: int) -> float:
    scratch = path.parent / "scratch"
    scratch.mkdir()
    begun = time.perf_counter()
    limits = FileLimits(rows, 1 << 34)
    with candle_file_open(path, limits=limits, scratch=scratch) as file:
        options = IntakeOptions(Timeframe.M1, None, rows, {}, 4 * 10**18)
        intake = candles_intake(
            file, options, scratch=scratch, progress=lambda _share, _words: None
        )
    seconds = time.perf_counter() - begun
    if len(candles_read(intake.written.path, columns=("time",))["time"]) != rows:
        sys.exit("rows were lost")
    return seconds


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    report("import", measure)
