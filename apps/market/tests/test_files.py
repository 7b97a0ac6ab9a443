from __future__ import annotations

import gzip
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from pyarrow import feather, parquet as pq

from apps.market.batches import VALUE_COLUMNS, CandleBatch, batches_join
from apps.market.enums import CandleFormat, TimeUnit
from apps.market.files import FileLimits, candle_file_open
from apps.market.tests.candles import HEADER, START, candles, csv_lines, csv_write

if TYPE_CHECKING:
    from pathlib import Path

    from apps.market.files import CandleFile

LIMITS = FileLimits(1_000_000, 1 << 30)


def read(path: Path, **stated: object) -> tuple[CandleFile, CandleBatch]:
    with candle_file_open(path, limits=LIMITS, scratch=path.parent, **stated) as file:  # type: ignore[arg-type]
        return file, batches_join(list(file.batches()))


def same(read_back: CandleBatch, written: CandleBatch) -> bool:
    return bool(
        np.array_equal(read_back.time, written.time)
        and np.allclose(read_back.values, written.values, rtol=1e-9)
    )


def table(batch: CandleBatch, time_name: str, time_type: pa.DataType) -> pa.Table:
    time = pa.array(batch.time).cast(pa.timestamp("ns", "UTC")).cast(time_type)
    names = [time_name, *VALUE_COLUMNS]
    return pa.Table.from_arrays([time, *map(pa.array, batch.values)], names=names)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_csv_is_read_with_each_separator(tmp_path: Path, separator: str) -> None:
    lines = [line.replace(",", separator) for line in csv_lines(candles(30))]
    path = csv_write(tmp_path / "a", lines, HEADER.replace(",", separator))
    file, batch = read(path)
    assert file.format is CandleFormat.CSV
    assert same(batch, candles(30))


@pytest.mark.parametrize(
    ("unit", "length"),
    [
        (TimeUnit.SECONDS, 10**9),
        (TimeUnit.MILLISECONDS, 10**6),
        (TimeUnit.MICROSECONDS, 10**3),
        (TimeUnit.NANOSECONDS, 1),
    ],
)
def test_the_unit_of_times_is_found_by_their_size(
    tmp_path: Path, unit: TimeUnit, length: int
) -> None:
    path = csv_write(tmp_path / "a", csv_lines(candles(5), unit=length))
    file, batch = read(path)
    assert file.time_unit is unit
    assert np.array_equal(batch.time, candles(5).time)


@pytest.mark.parametrize(
    "moment",
    [
        "2024-01-01T00:00:00Z",
        "2024-01-01 00:00:00",
        "2024-01-01",
        "2024-01-01T01:00:00+01:00",
        "2024-01-01T00:00:00.000Z",
        "1704067200.0",
    ],
)
def test_times_are_read_however_they_are_written(tmp_path: Path, moment: str) -> None:
    _, batch = read(csv_write(tmp_path / "a", [f"{moment},1,2,0.5,1.5,3"]))
    assert batch.time.tolist() == [START]


@pytest.mark.parametrize(
    "header",
    [
        "Date,Open,High,Low,Close,Volume",
        ",Open,High,Low,Close,Volume",
        "\ufeffunix,OPEN,high,low,close,volume",
        "open_time, open ,high,low,close,volume",
    ],
)
def test_column_names_count_whatever_their_case(tmp_path: Path, header: str) -> None:
    _, batch = read(csv_write(tmp_path / "a", csv_lines(candles(3)), header))
    assert same(batch, candles(3))


def test_columns_are_found_in_any_order_among_others(tmp_path: Path) -> None:
    header = "symbol,volume,close,low,high,open,timestamp"
    path = csv_write(tmp_path / "a", ["BTC,9,1.5,1,2,1.2,1704067200"], header)
    _, batch = read(path)
    assert batch.values[:, 0].tolist() == [1.2, 2.0, 1.0, 1.5, 9.0]


@pytest.mark.parametrize(
    "header", [None, "open_time,open,high,low,close,volume,a,b,c,d,e,f"]
)
def test_binance_files_are_known_with_and_without_header(
    tmp_path: Path, header: str | None
) -> None:
    lines = [f"{line},0,0,0,0,0,0" for line in csv_lines(candles(9), unit=1_000)]
    file, batch = read(csv_write(tmp_path / "a", lines, header))
    assert (file.format, file.time_unit) == ("binance_csv", "us")
    assert same(batch, candles(9))


def test_kraken_files_are_known_by_their_seven_columns(tmp_path: Path) -> None:
    lines = [f"{line},12" for line in csv_lines(candles(9))]
    file, batch = read(csv_write(tmp_path / "a", lines, None))
    assert (file.format, file.time_unit) == ("kraken_csv", "s")
    assert same(batch, candles(9))


@pytest.mark.parametrize("compression", ["lz4", "zstd", "uncompressed"])
def test_a_freqtrade_feather_file_is_read_batch_by_batch(
    tmp_path: Path, compression: str
) -> None:
    written = table(candles(500), "date", pa.timestamp("ms", "UTC"))
    path = tmp_path / "a"
    feather.write_feather(written, str(path), compression=compression, chunksize=100)
    file, batch = read(path)
    assert file.format is CandleFormat.FREQTRADE_FEATHER
    assert same(batch, candles(500))


@pytest.mark.parametrize(
    "time_type",
    [
        pa.timestamp("s"),
        pa.timestamp("ms", "UTC"),
        pa.timestamp("us", "Europe/Berlin"),
        pa.timestamp("ns"),
    ],
)
def test_parquet_times_are_utc_whatever_their_type(
    tmp_path: Path, time_type: pa.DataType
) -> None:
    pq.write_table(table(candles(50), "time", time_type), tmp_path / "a")
    _, batch = read(tmp_path / "a")
    assert same(batch, candles(50))


def test_parquet_times_may_be_plain_numbers(tmp_path: Path) -> None:
    written = table(candles(50), "time", pa.timestamp("ms")).to_pydict()
    written["time"] = [int(one.timestamp()) for one in written["time"]]
    written["time"] = (candles(50).time // 10**6).tolist()
    pq.write_table(pa.table(written), tmp_path / "a")
    file, batch = read(tmp_path / "a")
    assert file.time_unit is TimeUnit.MILLISECONDS
    assert same(batch, candles(50))


def test_gzip_and_zip_are_unpacked_and_nothing_is_left(tmp_path: Path) -> None:
    plain = csv_write(tmp_path / "plain", csv_lines(candles(40)))
    (tmp_path / "a.gz").write_bytes(gzip.compress(plain.read_bytes()))
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(plain, "../../etc/passwd")
    for name in ("a.gz", "a.zip"):
        assert same(read(tmp_path / name)[1], candles(40))
    assert {one.name for one in tmp_path.iterdir() if one.is_file()} == {
        "plain",
        "a.gz",
        "a.zip",
    }


def test_a_missing_number_is_nan_and_no_error(tmp_path: Path) -> None:
    path = csv_write(tmp_path / "a", ["1704067200,1,2,,NaN,null"])
    _, batch = read(path)
    assert np.isnan(batch.values[:, 0]).tolist() == [False, False, True, True, True]


def test_windows_line_ends_and_blank_lines_are_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(f"{HEADER}\r\n1704067200,1,2,1,2,3\r\n\r\n".encode())
    assert len(read(path)[1]) == 1


PRICES = st.floats(0.00001, 1e6, allow_nan=False).map(lambda one: float(f"{one:.10g}"))


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    rows=st.lists(st.tuples(PRICES, PRICES, PRICES, PRICES, PRICES), min_size=1),
    packed=st.booleans(),
    unit=st.sampled_from([10**9, 10**6, 10**3, 1]),
)
def test_what_is_written_as_csv_is_read_back_exactly(
    tmp_path: Path, *, rows: list[tuple[float, ...]], packed: bool, unit: int
) -> None:
    time = START + 10**9 * np.arange(len(rows), dtype=np.int64)
    written = CandleBatch(time, np.array(rows).T)
    path = csv_write(tmp_path / "a", csv_lines(written, unit=unit))
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    _, batch = read(path)
    assert np.array_equal(batch.time, written.time)
    assert np.array_equal(batch.values, written.values)
