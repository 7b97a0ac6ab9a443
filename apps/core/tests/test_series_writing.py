"""Rows as CSV, Arrow and Parquet: the same rows, exact, in constant memory."""

from __future__ import annotations

import csv
import io
import math
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings, strategies as st

from apps.core.series_writing import arrow_pieces, csv_pieces, parquet_pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

ROOT = Path(__file__).parents[3]
SCHEMA = pa.schema(
    [
        ("time", pa.timestamp("ns", "UTC")),
        ("value", pa.float64()),
        ("word", pa.string()),
        ("count", pa.int64()),
    ]
)
START = datetime(2024, 1, 1, tzinfo=UTC)
ROWS: list[dict[str, object]] = [
    {"time": START, "value": 0.1, "word": "long", "count": 1},
    {"time": START + timedelta(hours=1), "value": 1e-7, "word": 'a,"b"', "count": -2},
    {"time": START + timedelta(hours=2), "value": None, "word": None, "count": None},
]


def batch(rows: list[dict[str, object]] = ROWS) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(rows, SCHEMA)


def numbers(values: list[float]) -> pa.RecordBatch:
    return pa.record_batch({"value": pa.array(values, pa.float64())})


def text(batches: Iterable[pa.RecordBatch], schema: pa.Schema = SCHEMA) -> str:
    return b"".join(csv_pieces(schema, batches)).decode()


def test_csv_has_times_with_z_plain_numbers_quoted_words_and_nothing_for_nothing() -> (
    None
):
    assert text([batch()]) == (
        "time,value,word,count\n"
        "2024-01-01T00:00:00Z,0.1,long,1\n"
        '2024-01-01T01:00:00Z,0.0000001,"a,""b""",-2\n'
        "2024-01-01T02:00:00Z,,,\n"
    )


def test_csv_has_a_fraction_of_a_second_where_there_is_one() -> None:
    moments = pa.array([1_500_000], pa.int64()).cast(pa.timestamp("us", "UTC"))
    rows = pa.record_batch({"time": moments})
    assert text([rows], rows.schema).splitlines()[1] == "1970-01-01T00:00:01.500000Z"


@settings(deadline=None, max_examples=200)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_each_float_comes_back_from_csv_and_no_exponent_is_written(
    values: list[float],
) -> None:
    rows = numbers(values)
    lines = text([rows], rows.schema).splitlines()[1:]
    assert [float(line) for line in lines] == values
    assert not any("e" in line or line.endswith(".0") for line in lines)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (100.0, "100"),
        (0.00001, "0.00001"),
        (1e-8, "0.00000001"),
        (1.5e-9, "0.0000000015"),
        (-2.5e-7, "-0.00000025"),
        (1e22, "10000000000000000000000"),
        (1.2345678901234568e17, "123456789012345680"),
        (64_123.45, "64123.45"),
    ],
)
def test_a_number_is_its_shortest_decimal(value: float, written: str) -> None:
    rows = numbers([value])
    assert text([rows], rows.schema).splitlines()[1] == written


def test_a_batch_that_is_a_slice_is_written_from_its_own_first_row() -> None:
    whole = batch()
    assert text([whole.slice(1, 1)]).splitlines()[1:] == text([whole]).splitlines()[2:3]


def test_arrow_and_parquet_hold_the_very_rows() -> None:
    arrow = b"".join(arrow_pieces(SCHEMA, [batch(), batch()]))
    parquet = b"".join(parquet_pieces(SCHEMA, [batch(), batch()]))
    with pa.ipc.open_stream(arrow) as stream:
        assert stream.read_all().to_pylist() == ROWS + ROWS
    with pq.ParquetFile(io.BytesIO(parquet)) as file:
        assert file.read().to_pylist() == ROWS + ROWS


@pytest.mark.parametrize("write", [csv_pieces, arrow_pieces, parquet_pieces])
def test_no_rows_make_a_whole_file(
    write: Callable[[pa.Schema, Iterable[pa.RecordBatch]], Iterator[bytes]],
) -> None:
    content = b"".join(write(SCHEMA, []))
    if write is csv_pieces:
        assert list(csv.reader(io.StringIO(content.decode()))) == [SCHEMA.names]
    elif write is arrow_pieces:
        with pa.ipc.open_stream(content) as stream:
            assert stream.read_all().schema == SCHEMA
    else:
        with pq.ParquetFile(io.BytesIO(content)) as file:
            assert file.metadata.num_rows == 0


@pytest.mark.parametrize("write", [csv_pieces, arrow_pieces, parquet_pieces])
def test_no_more_than_a_batch_is_held(
    write: Callable[[pa.Schema, Iterable[pa.RecordBatch]], Iterator[bytes]],
) -> None:
    rows = numbers([math.sqrt(one) for one in range(10_000)])
    given = 0

    def batches() -> Iterator[pa.RecordBatch]:
        nonlocal given
        for _ in range(50):
            given += 1
            yield rows

    for sent, piece in enumerate(write(rows.schema, batches()), start=1):
        # The header of CSV, and the end of the others, are pieces of their own.
        assert sent >= given
        assert len(piece) < 10 * rows.nbytes
    assert given == 50


def test_writing_loads_no_pandas() -> None:
    code = (
        "import io, sys, pyarrow as pa, pyarrow.parquet as pq;"
        "from apps.core.series_writing import *;"
        "rows = pq.ParquetFile(io.BytesIO(sys.stdin.buffer.read()));"
        "schema = rows.schema_arrow;"
        "[b''.join(write(schema, rows.iter_batches()))"
        " for write in (csv_pieces, arrow_pieces, parquet_pieces)];"
        "print('pandas' in sys.modules)"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        cwd=ROOT,
        input=b"".join(parquet_pieces(SCHEMA, [batch()])),
        capture_output=True,
        check=True,
    )
    assert done.stdout == b"False\n"
