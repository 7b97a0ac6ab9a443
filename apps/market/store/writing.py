"""Write a series' file so that it is there as a whole, or not at all."""

from __future__ import annotations

import hashlib
import os
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from apps.core.files.guard import storage_guard
from apps.market.batches import (
    BATCH_ROWS,
    VALUE_COLUMNS,
    batches_join,
)
from apps.market.errors import CandlesOutOfOrder
from apps.market.moments import iso_from_ns
from apps.market.store.paths import PARTIAL_SUFFIX

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from apps.market.batches import (
        CandleBatch,
    )

SCHEMA = pa.schema(
    [
        pa.field("time", pa.timestamp("ns", "UTC"), nullable=False),
        *(pa.field(name, pa.float64(), nullable=False) for name in VALUE_COLUMNS),
    ]
)
# Regular times shrink to almost nothing as differences. Prices split by byte pack as
# small as with zstd and dictionaries, and are read several times as fast.
_ENCODINGS = {
    "time": "DELTA_BINARY_PACKED",
    **dict.fromkeys(VALUE_COLUMNS, "BYTE_STREAM_SPLIT"),
}


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A whole file under a temporary name.

    Attributes:
        path: Where it is.
        sha256: Of its bytes, in hexadecimal.
        rows: How many candles it holds.
        size: Its bytes.
    """

    path: Path
    sha256: str
    rows: int
    size: int

    def publish(self, final: Path) -> None:
        """Give the file its final name in one step, for good.

        Args:
            final: On the same file system; whatever stands there is replaced.

        Raises:
            StorageFull: The disk is full.
        """
        with storage_guard():
            final.parent.mkdir(parents=True, exist_ok=True)
            self.path.replace(final)
            _folder_sync(final.parent)

    def discard(self) -> None:
        """Remove the file, if it was not published."""
        self.path.unlink(missing_ok=True)


class _HashingFile:
    """A file that is only appended to, and whose hash is known at the end."""

    closed = False

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb")
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        """Append bytes."""
        self._file.write(data)
        self._digest.update(data)
        self.size += len(data)
        return len(data)

    def tell(self) -> int:
        """Return how much was written."""
        return self.size

    def flush(self) -> None:
        """Hand all bytes to the system."""
        self._file.flush()

    def close(self) -> None:
        """Close the file; what was written may not be on the disk yet."""
        self.closed = True
        self._file.close()

    def sync(self) -> str:
        """Wait until all is on the disk, close, and return the sha256."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self.close()
        return self._digest.hexdigest()

    def readable(self) -> bool:
        """Return False."""
        return False

    def writable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return False."""
        return False


class SeriesWriter:
    """Streams sorted candles into a new Parquet file under a temporary name.

    Used as a context manager: unless `finish` was reached, nothing is left behind.

    Args:
        folder: Where to write; must exist, on the file system of the final place, so
            that the file can be renamed.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / f".{uuid.uuid4()}{PARTIAL_SUFFIX}"
        self._pending: list[CandleBatch] = []
        self._held = 0
        self._last: int | None = None
        self._rows = 0
        self._finished = False
        self._file: _HashingFile | None = None
        self._parquet: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        """Create the file.

        Raises:
            StorageFull: The disk is full.
        """
        with storage_guard():
            self._file = _HashingFile(self._path)
            try:
                self._parquet = pq.ParquetWriter(
                    self._file,
                    SCHEMA,
                    compression="lz4",
                    use_dictionary=False,
                    column_encoding=_ENCODINGS,
                    write_statistics=True,
                )
            except BaseException:
                self._abandon()
                raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove what was written, unless it was finished."""
        if not self._finished:
            self._abandon()

    def write(self, batch: CandleBatch) -> None:
        """Append candles that are later than all before.

        Raises:
            CandlesOutOfOrder: They are not.
            StorageFull: The disk is full.
        """
        if not len(batch):
            return
        last = batch.time[:1] - 1 if self._last is None else self._last
        if not (np.diff(batch.time, prepend=last) > 0).all():
            msg = (
                f"Candles from {iso_from_ns(int(batch.time[0]))} on are not each later "
                "than the one before; sort them."
            )
            raise CandlesOutOfOrder(msg)
        self._last = int(batch.time[-1])
        self._pending.append(batch)
        self._held += len(batch)
        if self._held >= BATCH_ROWS:
            joined = batches_join(self._pending)
            whole = self._held // BATCH_ROWS * BATCH_ROWS
            for start in range(0, whole, BATCH_ROWS):
                self._write_group(joined.rows(start, start + BATCH_ROWS))
            self._pending, self._held = [joined.rows(whole)], self._held - whole

    def finish(self) -> WrittenFile:
        """Write what is pending, wait for the disk, and return the whole file.

        Raises:
            StorageFull: The disk is full.
        """
        if self._held:
            self._write_group(batches_join(self._pending))
        if self._parquet is None or self._file is None:
            msg = "a SeriesWriter must be entered before it can finish"
            raise RuntimeError(msg)
        with storage_guard():
            self._parquet.close()
            sha256 = self._file.sync()
        self._finished = True
        return WrittenFile(self._path, sha256, self._rows, self._file.size)

    def _write_group(self, batch: CandleBatch) -> None:
        columns = [pa.array(batch.time).cast(SCHEMA.field(0).type)]
        columns += [pa.array(np.ascontiguousarray(row)) for row in batch.values]
        table = pa.Table.from_arrays(columns, schema=SCHEMA)
        with storage_guard():
            if self._parquet is not None:
                self._parquet.write_table(table, row_group_size=BATCH_ROWS)
        self._rows += len(batch)

    def _abandon(self) -> None:
        # Closing writes the footer, for which there may be no room either.
        if self._parquet is not None:
            with suppress(OSError, pa.ArrowException, ValueError):
                self._parquet.close()
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
        self._path.unlink(missing_ok=True)


def _folder_sync(folder: Path) -> None:
    # A rename is on the disk only when its folder is.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
