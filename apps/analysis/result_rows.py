"""A result's rows as they are sent in files, read while they are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from apps.analysis.errors import ResultMissing
from apps.core.series_writing import ROWS_AT_ONCE, strings_array

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    # A column's numbers and the words that they stand for.
    type Words = Mapping[int, str]


class TableRows:
    """The rows of a result's file as Arrow batches, in constant memory.

    Args:
        path: The file.
        columns: Which of its columns, in the order in which they are sent.
        words: For columns of numbers that stand for words, the words.

    Raises:
        ResultMissing: The file is gone or damaged.
    """

    def __init__(
        self, path: Path, columns: Sequence[str], words: Mapping[str, Words]
    ) -> None:
        """Open the file."""
        try:
            self._file = pq.ParquetFile(path)
            kept = self._file.schema_arrow
            self._columns, self._words = list(columns), words
            fields = [
                pa.field(name, pa.string()) if name in words else kept.field(name)
                for name in columns
            ]
        except (OSError, pa.ArrowException, KeyError) as error:
            msg = "This result's file is gone or damaged; run it again."
            raise ResultMissing(msg) from error
        self.schema = pa.schema(fields)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows, in their order."""
        with self._file:
            for block in self._file.iter_batches(ROWS_AT_ONCE, columns=self._columns):
                columns = [
                    self._told(name, block.column(name)) for name in self._columns
                ]
                yield pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def _told(self, name: str, column: pa.Array) -> pa.Array:
        words = self._words.get(name)
        if words is None:
            return column
        known = sorted(words)
        found = np.searchsorted(known, np.from_dlpack(column)).astype(np.int32)
        # Neither hands pyarrow a list: it would load pandas.
        at = pa.Array.from_buffers(pa.int32(), len(found), [None, pa.py_buffer(found)])
        return pc.take(strings_array([words[one] for one in known]), at)
