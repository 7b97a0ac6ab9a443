"""Candles from Parquet and Feather files, batch by batch."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from apps.market.batches import BATCH_ROWS, VALUE_COLUMNS, CandleBatch
from apps.market.enums import CandleFormat, TimeUnit
from apps.market.errors import (
    ColumnsWrong,
    FileCorrupt,
    FileWithoutRows,
    RowsTooMany,
    TimeUnitWrong,
    TimeUnreadable,
    UnpackedTooLarge,
)
from apps.market.files.columns import columns_find
from apps.market.files.times import times_check, times_to_ns, unit_settle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from apps.engines.contracts import IntArray
    from apps.market.files.columns import ColumnPlaces
    from apps.market.files.contracts import FileLimits

_UNITS = {
    "s": TimeUnit.SECONDS,
    "ms": TimeUnit.MILLISECONDS,
    "us": TimeUnit.MICROSECONDS,
}


@dataclass(frozen=True, slots=True)
class ColumnarCandleFile:
    """A Parquet or Feather file whose columns are known."""

    path: Path
    format: CandleFormat
    schema: pa.Schema
    places: ColumnPlaces
    time_unit: TimeUnit
    expected_rows: int
    line_word: str = "row"

    def batches(self) -> Iterator[CandleBatch]:
        """Yield the rows in the file's order.

        Raises:
            FileCorrupt: Something inside cannot be decoded.
            TimeUnitWrong: A time is not plausible.
        """
        names = [self.schema.names[place] for place in self.places.all()]
        rows_read = 0
        with _corrupt_guard(self.format):
            for block in _blocks(self.path, self.format, names):
                if block.num_rows:
                    yield self._batch(block, rows_read + 1)
                rows_read += block.num_rows

    def _batch(self, block: pa.RecordBatch, first_row: int) -> CandleBatch:
        column = block.column(0)
        if column.null_count:
            at = first_row + int(
                np.argmax(column.is_null().to_numpy(zero_copy_only=False))
            )
            msg = f"Row {at} has no time; each row needs one."
            raise TimeUnreadable(msg, attr="file")
        values = np.empty((len(VALUE_COLUMNS), block.num_rows))
        for place in range(len(VALUE_COLUMNS)):
            numbers = block.column(place + 1).cast(pa.float64())
            values[place] = numbers.to_numpy(zero_copy_only=False)
        return CandleBatch(_times(column, self.time_unit, first_row), values, first_row)


def columnar_file_open(
    path: Path, found: CandleFormat, unit: TimeUnit | None, limits: FileLimits
) -> ColumnarCandleFile:
    """Open a Parquet or Feather file and find its columns.

    Raises:
        FileCorrupt: It cannot be decoded.
        FileWithoutRows: It has none.
        RowsTooMany: It says that it has more rows than allowed.
        UnpackedTooLarge: It says that it unpacks to more than allowed.
        ColumnsWrong: Columns are missing or of a type that is no number.
        TimeUnitWrong: The first time is implausible in the stated unit, or in all.
    """
    with _corrupt_guard(found):
        schema, rows = _schema_and_rows(path, found, limits)
        if not rows:
            msg = "The file has columns but no candles."
            raise FileWithoutRows(msg, attr="file")
        if rows > limits.max_rows:
            msg = f"The file has {rows:,} rows; {limits.max_rows:,} are allowed."
            raise RowsTooMany(msg, attr="file")
        places = columns_find(schema.names)
        _types_check(schema, places)
        name = schema.names[places.time]
        first = next(one for one in _blocks(path, found, [name]) if one.num_rows)
        return ColumnarCandleFile(
            path=path,
            format=found,
            schema=schema,
            places=places,
            time_unit=_time_unit(first.column(0)[0], schema.field(places.time), unit),
            expected_rows=rows,
        )


def _schema_and_rows(
    path: Path, found: CandleFormat, limits: FileLimits
) -> tuple[pa.Schema, int]:
    if found is CandleFormat.PARQUET:
        with pq.ParquetFile(path) as file:
            meta = file.metadata
            groups = range(meta.num_row_groups)
            unpacked = sum(meta.row_group(one).total_byte_size for one in groups)
            if unpacked > limits.max_unpacked_bytes:
                msg = (
                    f"The file unpacks to {unpacked:,} bytes; "
                    f"{limits.max_unpacked_bytes:,} are allowed."
                )
                raise UnpackedTooLarge(msg, attr="file")
            return file.schema_arrow, meta.num_rows
    with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as file:
        groups = range(file.num_record_batches)
        return file.schema, sum(file.get_batch(one).num_rows for one in groups)


def _blocks(
    path: Path, found: CandleFormat, names: list[str]
) -> Iterator[pa.RecordBatch]:
    if found is CandleFormat.PARQUET:
        with pq.ParquetFile(path) as file:
            for block in file.iter_batches(BATCH_ROWS, columns=names):
                yield block.select(names)
        return
    with pa.memory_map(str(path)) as source:
        file = pa.ipc.open_file(source)
        for one in range(file.num_record_batches):
            yield file.get_batch(one).select(names)


def _types_check(schema: pa.Schema, places: ColumnPlaces) -> None:
    for place in places.values:
        column = schema.field(place)
        kind = column.type
        if not (
            pa.types.is_integer(kind)
            or pa.types.is_floating(kind)
            or pa.types.is_decimal(kind)
        ):
            msg = f"Column {column.name!r} is of type {kind}; it must hold numbers."
            raise ColumnsWrong(msg, attr="file")


def _time_unit(first: pa.Scalar, column: pa.Field, stated: TimeUnit | None) -> TimeUnit:
    kind = column.type
    if pa.types.is_timestamp(kind):
        typed = _UNITS.get(kind.unit, TimeUnit.NANOSECONDS)
        if stated in {None, typed, TimeUnit.ISO}:
            return typed
        msg = f"The file itself says {typed} for its times, not {stated}; leave it out."
        raise TimeUnitWrong(msg, attr="time_unit")
    if pa.types.is_date(kind):
        return TimeUnit.ISO
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return unit_settle(float(first.as_py() or 0), stated)
    msg = (
        f"Column {column.name!r} is of type {kind}; it must be a timestamp or numbers."
    )
    raise ColumnsWrong(msg, attr="file")


def _times(column: pa.Array, unit: TimeUnit, first_row: int) -> IntArray:
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        # Without a zone a time is UTC; with one, Arrow counts in UTC as well.
        plain = column.cast(pa.timestamp(getattr(kind, "unit", "ms")), safe=False)
        time = pc.cast(plain, pa.timestamp("ns")).view(pa.int64())
        return times_check(time.to_numpy(zero_copy_only=False), first_row)
    if pa.types.is_integer(kind):
        column = column.cast(pa.int64())
    else:
        column = column.cast(pa.float64())
    return times_to_ns(column.to_numpy(zero_copy_only=False), unit, first_row)


@contextmanager
def _corrupt_guard(found: CandleFormat) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, EOFError) as error:
        msg = f"The file cannot be decoded as {found}: {str(error)[:300]}"
        raise FileCorrupt(msg, attr="file") from error
