"""What freqtrade reads and writes: candles and signals in, its export out."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyarrow import feather

from apps.engines.adapters.freqtrade.config import DATA, QUOTE, RESULTS, STRATEGIES

if TYPE_CHECKING:
    from apps.engines.contracts import FloatArray, IntArray

PARTS = Path(__file__).parent


def candles_write(
    directory: Path,
    base: str,
    timeframe: str,
    time_ms: IntArray,
    columns: dict[str, FloatArray],
) -> None:
    """Write candles in freqtrade's own format.

    Args:
        directory: Of the run.
        base: The market's base currency.
        timeframe: In ccxt's notation; part of the file's name.
        time_ms: Open times, int64 milliseconds since the epoch, n.
        columns: `open, high, low, close, volume`, float64, n of each.
    """
    table = pa.table(
        {
            "date": pa.array(time_ms, type=pa.timestamp("ms", tz="UTC")),
            **{name: np.ascontiguousarray(one) for name, one in columns.items()},
        }
    )
    path = directory / DATA / f"{base}_{QUOTE}-{timeframe}.feather"
    feather.write_feather(table, str(path), compression="lz4")


def rows_write(directory: Path, name: str, rows: dict[str, Any]) -> str:
    """Write what a strategy looks up, arrays by name; return where."""
    path = directory / f"{name}.npz"
    np.savez(path, **rows)
    return str(path)


def strategy_write(directory: Path, template: str, more: str = "") -> None:
    """Write a strategy file: one of our templates and what this run adds to it."""
    text = (PARTS / template).read_text()
    (directory / STRATEGIES / "parallax.py").write_text(text + more)


def export_exists(directory: Path) -> bool:
    """Return whether freqtrade has stored its results, or is about to."""
    return any((directory / RESULTS).glob("*.zip"))


def export_read(directory: Path) -> dict[str, list[dict[str, Any]]] | None:
    """Return the trades of each strategy from freqtrade's export; None without one.

    Raises:
        KeyError: The export holds something else.
        ValueError: The export cannot be read.
    """
    found = sorted((directory / RESULTS).glob("*.zip"))
    if not found:
        return None
    try:
        with zipfile.ZipFile(found[0]) as archive:
            results = json.loads(archive.read(f"{found[0].stem}.json"))
    except zipfile.BadZipFile as error:
        raise ValueError(str(error)) from error
    return {name: one["trades"] for name, one in results["strategy"].items()}
