"""Read stored candles as arrays: the row groups that a range needs, and no more."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from apps.engines.contracts import Bars
from apps.market.batches import BATCH_ROWS, VALUE_COLUMNS, CandleBatch
from apps.market.errors import SeriesFileDamaged, SeriesFileMissing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

    from apps.market.enums import Timeframe

COLUMNS = ("time", *VALUE_COLUMNS)


def candles_read(
    path: Path,
    *,
    start_ns: int | None = None,
    end_ns: int | None = None,
    columns: Sequence[str] = COLUMNS,
    limit: int | None = None,
) -> dict[str, NDArray[Any]]:
    """Read a range of a series' file.

    Args:
        path: The file.
        start_ns: The first open time, inclusive, int64 nanoseconds UTC; None: from the
            first bar.
        end_ns: The end, exclusive; None: to the last bar.
        columns: Which of time, open, high, low, close, volume.
        limit: The most rows, from the start of the range.

    Raises:
        SeriesFileMissing: There is no such file.
        SeriesFileDamaged: It cannot be decoded.

    Returns:
        An array of shape (n,) for each column: `time` int64, the others float64.
    """
    wanted = ["time", *(name for name in columns if name != "time")]
    with _opened(path) as file:
        groups = _groups(file, start_ns, end_ns, limit)
        table = file.read_row_groups(groups, columns=wanted)
        arrays = {name: _array(table.column(name)) for name in wanted}
    time = arrays["time"]
    first = 0 if start_ns is None else int(np.searchsorted(time, start_ns))
    last = len(time) if end_ns is None else int(np.searchsorted(time, end_ns))
    if limit is not None:
        last = min(last, first + limit)
    return {name: arrays[name][first : max(first, last)] for name in columns}


def bars_read(
    path: Path,
    *,
    timeframe: Timeframe,
    start_ns: int | None = None,
    end_ns: int | None = None,
) -> Bars:
    """Read a range of a series' file as an engine takes it.

    Args:
        path: The file.
        timeframe: The series' timeframe.
        start_ns: The first open time, inclusive; None: from the first bar.
        end_ns: The end, exclusive; None: to the last bar.

    Raises:
        SeriesFileMissing: There is no such file.
        SeriesFileDamaged: It cannot be decoded.
    """
    arrays = candles_read(path, start_ns=start_ns, end_ns=end_ns)
    return Bars(**arrays, timeframe_ns=timeframe.nanoseconds)


def candles_batches(path: Path) -> Iterator[CandleBatch]:
    """Yield a series' file in batches, in constant memory.

    Raises:
        SeriesFileMissing: There is no such file.
        SeriesFileDamaged: It cannot be decoded.
    """
    with _opened(path) as file:
        row = 1
        for block in file.iter_batches(BATCH_ROWS, columns=list(COLUMNS)):
            time = block.column(0).view(pa.int64()).to_numpy()
            values = np.stack([block.column(one).to_numpy() for one in range(1, 6)])
            yield CandleBatch(time, values, row)
            row += block.num_rows


class CandleRows:
    """The candles of a range as Arrow batches, in constant memory, from an open file.

    The file is let go of after the last batch, or when nobody holds the rows any more.

    Args:
        path: The file.
        start_ns: The first open time, inclusive, int64 nanoseconds UTC; None: from the
            first bar.
        end_ns: The end, exclusive; None: to the last bar.

    Raises:
        SeriesFileMissing: There is no such file.
        SeriesFileDamaged: It cannot be decoded.
    """

    def __init__(
        self, path: Path, *, start_ns: int | None = None, end_ns: int | None = None
    ) -> None:
        """Open the file."""
        self._range = start_ns, end_ns
        with ExitStack() as opening:
            self._file = opening.enter_context(_opened(path))
            self._groups = _groups(self._file, start_ns, end_ns, None)
            self._closing = opening.pop_all()
        self.schema = self._file.schema_arrow.remove_metadata()

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the candles, oldest first.

        Raises:
            SeriesFileDamaged: They cannot be decoded.
        """
        start_ns, end_ns = self._range
        with self._closing:
            for block in self._file.iter_batches(BATCH_ROWS, row_groups=self._groups):
                time = np.from_dlpack(block.column(0).view(pa.int64()))
                first = 0 if start_ns is None else int(np.searchsorted(time, start_ns))
                last = (
                    len(time) if end_ns is None else int(np.searchsorted(time, end_ns))
                )
                if first < last:
                    yield block.slice(first, last - first)


def _groups(
    file: pq.ParquetFile, start_ns: int | None, end_ns: int | None, limit: int | None
) -> list[int]:
    """Return the row groups that overlap a range, by their statistics."""
    meta = file.metadata
    if start_ns is None and end_ns is None and limit is None:
        return list(range(meta.num_row_groups))
    groups: list[int] = []
    rows = 0
    for group in range(meta.num_row_groups):
        times = meta.row_group(group).column(0).statistics
        if end_ns is not None and times.min_raw >= end_ns:
            break
        if start_ns is not None and times.max_raw < start_ns:
            continue
        groups.append(group)
        # The first group may begin before the range, so it does not count in full.
        if limit is not None and rows >= limit:
            break
        rows += meta.row_group(group).num_rows if len(groups) > 1 else 0
    return groups


def _array(column: pa.ChunkedArray) -> NDArray[Any]:
    array = column.combine_chunks()
    if pa.types.is_timestamp(array.type):
        array = array.view(pa.int64())
    # Not `to_numpy`, which loads pandas: 45 MiB in a web process.
    return np.from_dlpack(array)


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    try:
        with pq.ParquetFile(path, memory_map=True) as file:
            yield file
    except FileNotFoundError as error:
        msg = f"The file {path.name} of this series is gone; run check_data."
        raise SeriesFileMissing(msg) from error
    except (pa.ArrowException, OSError) as error:
        msg = f"The file {path.name} of this series cannot be read; run check_data."
        raise SeriesFileDamaged(msg) from error
