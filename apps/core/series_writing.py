"""Rows as bytes, piece by piece and in constant memory: CSV, Arrow, Parquet.

pyarrow does the work, outside of Python's lock. Nothing here hands it a Python list or
text to turn into an array: it would load pandas for that, 45 MiB in a web process.
"""

from __future__ import annotations

from array import array
from functools import cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# Arrow's offsets are of 32 bits: rows of one piece, far from 2 GiB.
ROWS_AT_ONCE = 65_536
_TO_BE_QUOTED = '[",\r\n]'


class _Outlet:
    """A file that holds what was written until it is taken."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def write(self, data: Any) -> int:
        """Append bytes."""
        piece = bytes(data)
        self._pieces.append(piece)
        self._size += len(piece)
        return len(piece)

    def tell(self) -> int:
        """Return how much was written in all."""
        return self._size

    def flush(self) -> None:
        """Have nothing to do: nothing is held back."""

    def close(self) -> None:
        """Refuse more."""
        self.closed = True

    def readable(self) -> bool:
        """Return False."""
        return False

    def writable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return False."""
        return False

    def take(self) -> bytes:
        """Return what was written since the last call."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def arrow_pieces(
    schema: pa.Schema, batches: Iterable[pa.RecordBatch]
) -> Iterator[bytes]:
    """Yield rows as an Arrow IPC stream."""
    outlet = _Outlet()
    with pa.ipc.new_stream(outlet, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
            yield outlet.take()
    yield outlet.take()


def parquet_pieces(
    schema: pa.Schema, batches: Iterable[pa.RecordBatch]
) -> Iterator[bytes]:
    """Yield rows as a Parquet file, one row group for each batch."""
    outlet = _Outlet()
    with pq.ParquetWriter(outlet, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)
            yield outlet.take()
    yield outlet.take()


def csv_pieces(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    r"""Yield rows as CSV: a header, then one line each, all of them ended by `\n`.

    Times are ISO 8601 with `Z`. A float is the shortest decimal that gives it again,
    without an exponent: `0.00001`, never `1e-05`; `100`, not `100.0`. What is not known
    is empty.
    """
    yield f"{','.join(schema.names)}\n".encode()
    for batch in batches:
        for start in range(0, batch.num_rows, ROWS_AT_ONCE):
            yield _lines(batch.slice(start, ROWS_AT_ONCE))


def strings_array(values: Sequence[str]) -> pa.StringArray:
    """Return texts as an Arrow array, without loading pandas for it."""
    encoded = [value.encode() for value in values]
    offsets = array("i", [0])
    for one in encoded:
        offsets.append(offsets[-1] + len(one))
    buffers = [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(encoded), buffers)


def _lines(batch: pa.RecordBatch) -> bytes:
    comma, nothing, end = (_constant(one) for one in (",", "", "\n"))
    cells = [pc.fill_null(_cells(column), nothing) for column in batch.columns]
    rows = pc.binary_join_element_wise(*cells, comma)
    ended = pc.binary_join_element_wise(rows, end, nothing)
    # The lines already lie one behind the other.
    _, offsets, data = ended.buffers()
    last = memoryview(offsets).cast("i")[ended.offset + len(ended)]
    return bytes(memoryview(data)[:last])


def _cells(column: pa.Array) -> pa.StringArray:
    if pa.types.is_timestamp(column.type):
        return _iso(column)
    cells = pc.cast(column, pa.string())
    if pa.types.is_floating(column.type) and _any(cells, "e"):
        return _without_exponent(cells)
    if pa.types.is_string(column.type) and _any(cells, _TO_BE_QUOTED, regex=True):
        return strings_array([_quoted(cell or "") for cell in cells.to_pylist()])
    return cells


def _iso(column: pa.TimestampArray) -> pa.StringArray:
    try:
        # A fraction only where there is one.
        moments = pc.cast(column, pa.timestamp("s"))
    except pa.ArrowInvalid:
        moments = pc.cast(column, pa.timestamp(column.type.unit))
    text = pc.replace_substring(pc.cast(moments, pa.string()), " ", "T")
    return pc.binary_join_element_wise(text, _constant("Z"), _constant(""))


def _any(cells: pa.StringArray, pattern: str, *, regex: bool = False) -> bool:
    match = pc.match_substring_regex if regex else pc.match_substring
    return bool(pc.any(match(cells, pattern)).as_py())


def _without_exponent(cells: pa.StringArray) -> pa.StringArray:
    return strings_array([_plain(cell or "") for cell in cells.to_pylist()])


def _plain(text: str) -> str:
    """Return the same decimal without an exponent."""
    mantissa, _, exponent = text.partition("e")
    if not exponent:
        return text
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.removeprefix("-").partition(".")
    digits, point = whole + fraction, len(whole) + int(exponent)
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    if point >= len(digits):
        return f"{sign}{digits.ljust(point, '0')}"
    return f"{sign}{digits[:point]}.{digits[point:]}"


def _quoted(cell: str) -> str:
    if not any(one in cell for one in '",\r\n'):
        return cell
    return '"' + cell.replace('"', '""') + '"'


@cache
def _constant(text: str) -> pa.StringScalar:
    return strings_array([text])[0]
