"""One day of an instrument's trades as a Parquet file, written whole and read in blocks."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from apps.core.files.guard import storage_guard
from apps.exchanges.contracts import Trades
from apps.market.batches import BATCH_ROWS
from apps.market.errors import SeriesFileDamaged, SeriesFileMissing
from apps.market.store.writing import WrittenFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

SCHEMA = pa.schema(
    [
        pa.field("time", pa.timestamp("ns", "UTC"), nullable=False),
        pa.field("price", pa.float64(), nullable=False),
        pa.field("quantity", pa.float64(), nullable=False),
        pa.field("side", pa.string(), nullable=False),
        pa.field("id", pa.string(), nullable=False),
    ]
)
_ENCODINGS = {
    "time": "DELTA_BINARY_PACKED",
    "price": "BYTE_STREAM_SPLIT",
    "quantity": "BYTE_STREAM_SPLIT",
    "id": "DELTA_BYTE_ARRAY",
}
# What the taker did.
BUY, SELL = "buy", "sell"


class TradesWriter:
    """Streams trades that are in order into a new file under a temporary name.

    Used as a context manager: unless `finish` was reached, nothing is left behind.

    Args:
        path: Where to write; must not exist, on the file system of the final place.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pending: list[pa.Table] = []
        self._held = 0
        self.rows = 0
        self._finished = False
        self._parquet: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        """Create the file.

        Raises:
            StorageFull: The disk is full.
        """
        with storage_guard():
            self._parquet = pq.ParquetWriter(
                self._path,
                SCHEMA,
                compression="zstd",
                use_dictionary=["side"],
                column_encoding=_ENCODINGS,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove what was written, unless it was finished."""
        if self._finished:
            return
        if self._parquet is not None:
            with suppress(OSError, pa.ArrowException, ValueError):
                self._parquet.close()
        self._path.unlink(missing_ok=True)

    def write(self, trades: Trades) -> None:
        """Append trades.

        Raises:
            StorageFull: The disk is full.
        """
        if not len(trades):
            return
        self._pending.append(_table(trades))
        self._held += len(trades)
        self.rows += len(trades)
        if self._held >= BATCH_ROWS:
            self._flush()

    def finish(self) -> WrittenFile:
        """Write what is pending, wait for the disk, and return the whole file.

        Raises:
            StorageFull: The disk is full.
        """
        self._flush()
        if self._parquet is None:
            msg = "a TradesWriter must be entered before it can finish"
            raise RuntimeError(msg)
        with storage_guard():
            self._parquet.close()
            with self._path.open("rb") as file:
                os.fsync(file.fileno())
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        self._finished = True
        return WrittenFile(self._path, sha256, self.rows, self._path.stat().st_size)

    def _flush(self) -> None:
        if self._parquet is None or not self._pending:
            return
        table, self._pending, self._held = pa.concat_tables(self._pending), [], 0
        with storage_guard():
            self._parquet.write_table(table, row_group_size=BATCH_ROWS)


def trades_read(path: Path) -> Iterator[Trades]:
    """Yield a file's trades in blocks, in constant memory.

    Raises:
        SeriesFileMissing: There is no such file.
        SeriesFileDamaged: It cannot be decoded.
    """
    try:
        with pq.ParquetFile(path, memory_map=True) as file:
            for block in file.iter_batches(BATCH_ROWS):
                yield Trades(
                    time=block.column("time").view(pa.int64()).to_numpy(),
                    price=block.column("price").to_numpy(),
                    quantity=block.column("quantity").to_numpy(),
                    buyer_taker=np.array(
                        [one == BUY for one in block.column("side").to_pylist()],
                        dtype=np.bool_,
                    ),
                    ids=tuple(block.column("id").to_pylist()),
                )
    except FileNotFoundError as error:
        msg = f"The file {path.name} of trades is gone; run check_data."
        raise SeriesFileMissing(msg) from error
    except (pa.ArrowException, OSError) as error:
        msg = f"The file {path.name} of trades cannot be read; run check_data."
        raise SeriesFileDamaged(msg) from error


def _table(trades: Trades) -> pa.Table:
    sides = np.where(trades.buyer_taker, BUY, SELL)
    return pa.Table.from_arrays(
        [
            pa.array(trades.time).cast(SCHEMA.field("time").type),
            pa.array(trades.price),
            pa.array(trades.quantity),
            pa.array(sides.tolist(), pa.string()),
            pa.array(trades.ids, pa.string()),
        ],
        schema=SCHEMA,
    )
