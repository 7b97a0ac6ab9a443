"""Candles for tests, and ways to write and take them in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from apps.market.batches import CandleBatch
from apps.market.enums import CandleFormat, Timeframe
from apps.market.files import FileLimits, candle_file_open
from apps.market.intake import IntakeOptions, candles_intake

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from apps.market.enums import TimeUnit
    from apps.market.intake import Intake

HOUR = Timeframe.H1.nanoseconds
START = 1_704_067_200_000_000_000  # 2024-01-01T00:00:00Z
NOW = START + 10_000 * Timeframe.D1.nanoseconds
LIMITS: Mapping[str, float] = {"gaps": 0.5, "duplicates": 0.05, "outliers": 0.01}
SHARED = Path(__file__).resolve().parents[3] / ".." / "shared" / "data" / "ohlcv"
HEADER = "time,open,high,low,close,volume"


def shared_file(name: str) -> Path:
    """Return a file of the optional shared data, or skip the test."""
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"the optional data file shared/data/ohlcv/{name} is not here")
    return path


def candles(rows: int, *, start: int = START, step: int = HOUR) -> CandleBatch:
    """Return a plausible random walk on a grid of 0.01, always the same."""
    random = np.random.default_rng(7)
    close = np.round(100 * np.exp(np.cumsum(random.normal(0, 0.002, rows))), 2)
    open_ = np.concatenate(([100.0], close[:-1]))
    spread = np.round(random.exponential(0.2, (2, rows)), 2)
    high = np.round(np.maximum(open_, close) + spread[0], 2)
    low = np.round(np.minimum(open_, close) - spread[1], 2)
    volume = np.round(random.exponential(5, rows), 4)
    time = start + step * np.arange(rows, dtype=np.int64)
    return CandleBatch(time, np.stack([open_, high, low, close, volume]))


def csv_lines(batch: CandleBatch, *, unit: int = 1_000_000_000) -> list[str]:
    """Return rows of text, times counted in `unit` nanoseconds."""
    rows = zip(batch.time // unit, *batch.values, strict=True)
    return [
        ",".join([str(row[0]), *(f"{one:.10g}" for one in row[1:])]) for row in rows
    ]


def csv_write(path: Path, lines: list[str], header: str | None = HEADER) -> Path:
    """Write a text file and return its path."""
    head = [] if header is None else [header]
    path.write_text("\n".join([*head, *lines]) + "\n")
    return path


def _silent(share: float, words: str) -> None:
    """Tell nobody."""


def take_in(
    path: Path,
    scratch: Path,
    *,
    stated: CandleFormat = CandleFormat.AUTO,
    unit: TimeUnit | None = None,
    timeframe: Timeframe | None = None,
    tick: Decimal | None = None,
    limits: Mapping[str, float] = LIMITS,
    max_rows: int = 1_000_000,
    max_unpacked: int = 1 << 30,
    now: int = NOW,
) -> Intake:
    """Take a file in as an import would, without a database."""
    scratch.mkdir(exist_ok=True)
    with candle_file_open(
        path,
        stated=stated,
        time_unit=unit,
        limits=FileLimits(max_rows, max_unpacked),
        scratch=scratch,
    ) as file:
        options = IntakeOptions(timeframe, tick, max_rows, limits, now)
        return candles_intake(file, options, scratch=scratch, progress=_silent)
