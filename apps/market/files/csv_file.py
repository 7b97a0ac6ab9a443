"""Candles from text files, block by block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyarrow import csv as pacsv

from apps.market.batches import VALUE_COLUMNS, CandleBatch
from apps.market.files.csv_diagnosis import MISSING_NUMBERS, csv_diagnose
from apps.market.files.csv_layout import TimeStyle, csv_layout
from apps.market.files.times import times_check, times_to_ns

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from apps.engines.contracts import IntArray
    from apps.market.enums import CandleFormat, TimeUnit
    from apps.market.files.csv_layout import CsvLayout

_BLOCK_BYTES = 1 << 20
_TIME_TYPES = {
    TimeStyle.INTEGER: pa.int64(),
    TimeStyle.FLOAT: pa.float64(),
    TimeStyle.ISO_ZONED: pa.timestamp("ns", "UTC"),
    TimeStyle.ISO_PLAIN: pa.timestamp("ns"),
}


@dataclass(frozen=True, slots=True)
class CsvCandleFile:
    """A text file whose layout is known."""

    path: Path
    layout: CsvLayout
    line_word: str = "line"

    @property
    def format(self) -> CandleFormat:
        """The layout that was found."""
        return self.layout.format

    @property
    def time_unit(self) -> TimeUnit:
        """The unit of its times."""
        return self.layout.time_unit

    @property
    def expected_rows(self) -> int:
        """An estimate of the rows, by the length of the first lines."""
        return max(1, self.path.stat().st_size // self.layout.line_bytes)

    def batches(self) -> Iterator[CandleBatch]:
        """Yield the rows in the file's order, in blocks of about 1 MiB of text.

        Raises:
            CandleFileInvalid: A line cannot be read; it is named.
        """
        rows_read = 0
        try:
            with _reader(self.path, self.layout) as reader:
                for block in reader:
                    first_line = self.layout.header_lines + rows_read + 1
                    if block.num_rows:
                        yield _batch(block, self.layout, first_line)
                    rows_read += block.num_rows
        except pa.ArrowInvalid as error:
            raise csv_diagnose(
                self.path, self.layout, rows_read=rows_read, reason=str(error)
            ) from error


def csv_file_open(
    path: Path, stated: CandleFormat, unit: TimeUnit | None
) -> CsvCandleFile:
    """Open a text file; see `csv_layout` for what may be wrong with it."""
    return CsvCandleFile(path, csv_layout(path, stated, unit))


def _reader(path: Path, layout: CsvLayout) -> pacsv.CSVStreamingReader:
    # Columns go by their place: names in files may be doubled or absent.
    names = [str(place) for place in range(len(layout.names))]
    needed = [names[place] for place in layout.places.all()]
    types = dict.fromkeys(needed, pa.float64())
    types[needed[0]] = _TIME_TYPES[layout.time_style]
    return pacsv.open_csv(
        path,
        read_options=pacsv.ReadOptions(
            block_size=_BLOCK_BYTES, skip_rows=layout.header_lines, column_names=names
        ),
        parse_options=pacsv.ParseOptions(delimiter=layout.separator),
        convert_options=pacsv.ConvertOptions(
            column_types=types,
            include_columns=needed,
            null_values=list(MISSING_NUMBERS),
            check_utf8=False,
        ),
    )


def _batch(block: pa.RecordBatch, layout: CsvLayout, first_line: int) -> CandleBatch:
    if block.column(0).null_count:
        msg = "a time is missing"
        raise pa.ArrowInvalid(msg)
    values = np.empty((len(VALUE_COLUMNS), block.num_rows))
    for place in range(len(VALUE_COLUMNS)):
        values[place] = block.column(place + 1).to_numpy(zero_copy_only=False)
    return CandleBatch(_times(block.column(0), layout, first_line), values, first_line)


def _times(column: pa.Array, layout: CsvLayout, first_line: int) -> IntArray:
    if layout.time_style in {TimeStyle.INTEGER, TimeStyle.FLOAT}:
        raw = column.to_numpy(zero_copy_only=False)
        return times_to_ns(raw, layout.time_unit, first_line)
    time = column.view(pa.int64()).to_numpy(zero_copy_only=False)
    return times_check(time, first_line)
