"""Sort more candles than should be in memory at once.

The columns go to disk as they come. Only the times are sorted in memory, as an index;
then one column after the other is put into that order. Ten million rows take 80 MB for
the index and as much for the column at hand.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, BinaryIO, Self

import numpy as np

from apps.core.files.guard import storage_guard
from apps.market.batches import BATCH_ROWS, VALUE_COLUMNS, CandleBatch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType
    from typing import Any

    from numpy.typing import DTypeLike, NDArray

_NAMES = ("time", *VALUE_COLUMNS)
_TYPES = (np.int64, *[np.float64] * len(VALUE_COLUMNS))


class SortSpool:
    """Takes in candles in any order and gives them back sorted by time.

    Rows of the same time keep the order in which they came. Used as a context manager:
    its files are gone at the end.

    Args:
        folder: Where the columns are kept meanwhile; must exist.
    """

    def __init__(self, folder: Path) -> None:
        self._paths = [folder / f"spool-{name}" for name in _NAMES]
        self._files: list[BinaryIO] = []
        self._last: int | None = None
        self.rows = 0
        self.out_of_order = 0

    def __enter__(self) -> Self:
        """Create the columns' files.

        Raises:
            StorageFull: The disk is full.
        """
        with storage_guard(), contextlib.ExitStack() as stack:
            self._files = [stack.enter_context(one.open("wb")) for one in self._paths]
            stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the columns' files."""
        for file in self._files:
            # Closing writes what is buffered, for which there may be no room.
            with contextlib.suppress(OSError):
                file.close()
        for path in self._paths:
            path.unlink(missing_ok=True)

    def write(self, batch: CandleBatch) -> None:
        """Take in candles, in any order.

        Raises:
            StorageFull: The disk is full.
        """
        if not len(batch):
            return
        last = batch.time[0] if self._last is None else self._last
        back = np.diff(batch.time, prepend=last) < 0
        self.out_of_order += int(np.count_nonzero(back))
        self._last = int(batch.time[-1])
        self.rows += len(batch)
        with storage_guard():
            for file, column in zip(
                self._files, (batch.time, *batch.values), strict=True
            ):
                file.write(np.ascontiguousarray(column).tobytes())

    def batches(self) -> Iterator[CandleBatch]:
        """Yield all candles, sorted by time; nothing can be written any more.

        Raises:
            StorageFull: The disk is full.
        """
        with storage_guard():
            for file in self._files:
                file.close()
            self._sort()
        for start in range(0, self.rows, BATCH_ROWS):
            count = min(BATCH_ROWS, self.rows - start)
            time = _part(self._paths[0], np.int64, start, count)
            values = [_part(path, np.float64, start, count) for path in self._paths[1:]]
            yield CandleBatch(time, np.stack(values), start + 1)

    def _sort(self) -> None:
        time = np.fromfile(self._paths[0], dtype=np.int64)
        order = np.argsort(time, kind="stable")
        del time
        for path, dtype in zip(self._paths, _TYPES, strict=True):
            column = np.fromfile(path, dtype=dtype)
            with path.open("wb") as file:
                # Piece by piece, so that there is no second column in memory.
                for start in range(0, self.rows, BATCH_ROWS):
                    file.write(column[order[start : start + BATCH_ROWS]].tobytes())
            del column


def _part(path: Path, dtype: DTypeLike, start: int, count: int) -> NDArray[Any]:
    return np.fromfile(path, dtype=dtype, count=count, offset=start * 8)
