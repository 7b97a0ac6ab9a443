"""A run's trades and equity as Parquet files, and their hash.

Files are written under a temporary name and renamed, so that a name that exists is a
whole file. Whoever writes them records them in the database afterwards; a crash between
the two leaves files that no row names, and never a row without files.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from apps.analysis.errors import ResultMissing
from apps.core.errors import Unavailable
from apps.core.files import file_local, file_path, file_publish, stored_path
from apps.core.files.guard import storage_guard
from apps.engines.contracts import (
    ExitReason,
    RunResult,
    Skipped,
    Trades,
)

if TYPE_CHECKING:
    from pathlib import Path

    from apps.engines.contracts import (
        Bars,
    )

# Microseconds, as Python has them.
MOMENT = pa.timestamp("us", tz="UTC")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
REASONS = tuple(reason.value for reason in ExitReason)
TRADES_FILE, EQUITY_FILE = "trades.parquet", "equity.parquet"


class ResultStorageFull(Unavailable):
    """There is no room for the result; nothing of it was kept."""

    code = "storage_full"


def bars_hash(bars: Bars) -> str:
    """Return the SHA-256 of all numbers of a series, as 64 hexadecimal digits."""
    digest = hashlib.sha256(str(bars.timeframe_ns).encode())
    for name in ("time", "open", "high", "low", "close", "volume"):
        digest.update(np.ascontiguousarray(getattr(bars, name)).data)
    return digest.hexdigest()


def result_hash(result: RunResult) -> str:
    """Return the SHA-256 of a run's trades, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for field in fields(result.trades):
        digest.update(np.ascontiguousarray(getattr(result.trades, field.name)).data)
    return digest.hexdigest()


def result_write(folder: Path, bars: Bars, result: RunResult) -> None:
    """Write a run's trades and equity.

    Args:
        folder: Where; made when it is not there.
        bars: The series that was run.
        result: What came of it.

    Raises:
        ResultStorageFull: The disk has no room; nothing is left behind.
    """
    trades = result.trades
    columns = {field.name: getattr(trades, field.name) for field in fields(trades)}
    columns["entry_time"] = _moments(bars.time[trades.entry_bar])
    columns["exit_time"] = _moments(bars.time[trades.exit_bar])
    tables = {
        TRADES_FILE: pa.table(columns),
        EQUITY_FILE: pa.table({"time": _moments(bars.time), "equity": result.equity}),
    }
    tables_write({folder / name: table for name, table in tables.items()})


def tables_write(tables: dict[Path, pa.Table]) -> None:
    """Write tables so that a name that exists is a whole file.

    Raises:
        ResultStorageFull: The disk has no room; nothing is left behind.
    """
    temporaries = {path: path.with_suffix(".new") for path in tables}
    try:
        for path, table in tables.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(table, temporaries[path], compression="zstd")
        # All are whole before the first gets its name.
        for path, temporary in temporaries.items():
            temporary.replace(path)
    except OSError as error:
        for temporary in temporaries.values():
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        msg = f"The result could not be stored: {error.strerror or error}."
        raise ResultStorageFull(msg) from error


def file_store(path: Path, content: bytes) -> None:
    """Store a picture or a page, in one step; one that is there is replaced.

    Raises:
        StorageFull, StorageUnavailable: There is no room, or no bucket.
    """
    temporary = path.with_suffix(".new")
    with storage_guard():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
    file_publish(stored_path(path), source=temporary)
    temporary.replace(path)


def _moments(times: Any) -> pa.Array:
    return pa.array(times // 1_000, type=MOMENT)


def table_read(path: Path) -> pa.Table:
    """Return a result's table.

    Raises:
        ResultMissing: The file is gone or damaged.
    """
    try:
        # Not `read_table`, which loads pandas and the like: 50 MiB in a web process.
        with pq.ParquetFile(path) as file:
            return file.read()
    except (OSError, pa.ArrowInvalid) as error:
        msg = "This result's file is gone or damaged; run the backtest again."
        raise ResultMissing(msg) from error


def table_rows(table: pa.Table) -> list[dict[str, Any]]:
    """Return a result's rows, by column names, moments as aware datetimes in UTC.

    What is not known is None. As `to_pylist` does, which would load pandas for the moments.
    """
    columns = [_values(column) for column in table.columns]
    rows = zip(*columns, strict=True)
    return [dict(zip(table.column_names, row, strict=True)) for row in rows]


def _values(column: pa.ChunkedArray) -> list[Any]:
    if pa.types.is_timestamp(column.type):
        since = column.cast(MOMENT).cast(pa.int64()).to_pylist()
        return [
            None if value is None else EPOCH + timedelta(microseconds=value)
            for value in since
        ]
    values: list[Any] = column.to_pylist()
    return values


def run_read(path: str) -> RunResult:
    """Return a run as it was stored, fetched from the bucket where that is needed.

    Args:
        path: The run's folder, as its row has it.

    Raises:
        ResultMissing: A file is gone or damaged.
        StorageFull, StorageUnavailable: It could not be fetched.
    """
    for name in (TRADES_FILE, EQUITY_FILE):
        file_local(f"{path}/{name}")
    return result_read(file_path(path))


def result_read(folder: Path) -> RunResult:
    """Return a run as it was written, without its versions and times.

    Raises:
        ResultMissing: A file is gone or damaged.
    """
    table = table_read(folder / TRADES_FILE)
    columns = {
        field.name: table[field.name].to_numpy(zero_copy_only=False)
        for field in fields(Trades)
    }
    equity = table_read(folder / EQUITY_FILE)["equity"].to_numpy()
    return RunResult(Trades(**columns), equity, Skipped(), engine_seconds=0.0)
