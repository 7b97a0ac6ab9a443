from __future__ import annotations

import gzip
import zipfile
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from apps.market import errors
from apps.market.enums import CandleFormat, TimeUnit
from apps.market.tests.candles import (
    HEADER,
    candles,
    csv_lines,
    csv_write,
    take_in,
)

if TYPE_CHECKING:
    from pathlib import Path

    from apps.core.errors import ApplicationError

ROW = "1704067200,1,2,0.5,1.5,3"
LATER = "1704070800,1,2,0.5,1.5,3"


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("", errors.FileEmpty, "empty"),
        (" \n\n", errors.FileEmpty, "empty"),
        (f"{HEADER}\n", errors.FileWithoutRows, "no candles"),
        ("time,open,high,low,volume\n1,1,1,1,1\n", errors.ColumnsWrong, "close"),
        (f"time,open,hihg,low,close,volume\n{ROW}\n", errors.ColumnsWrong, "'hihg'"),
        (f"when,open,high,low,close,volume\n{ROW}\n", errors.ColumnsWrong, "time"),
        (f"{HEADER},open\n{ROW},1\n", errors.ColumnsWrong, "more than once: open"),
        (f"{ROW}\n{LATER}\n", errors.ColumnsWrong, "no header"),
        (
            f"{HEADER}\n{ROW}\n{LATER.replace(',', ';')}\n",
            errors.SeparatorsMixed,
            "Line 3",
        ),
        (f"{HEADER}\n{ROW.replace(',', ';')}\n", errors.SeparatorsMixed, "Line 2"),
        (f"{HEADER}\n{ROW}\n{LATER},9\n", errors.LineMalformed, "Line 3 has 7 cells"),
        (
            f"{HEADER}\n{ROW}\n1704070800,1,2,0.5,abc,3\n",
            errors.ValueNotNumeric,
            "Line 3, column close: 'abc'",
        ),
        (
            f'{HEADER}\n{ROW}\n1704070800,"1,5",2,0.5,1,3\n',
            errors.ValueNotNumeric,
            "decimal point",
        ),
        (f"{HEADER}\n{ROW}\nyesterday,1,2,1,1,3\n", errors.TimeUnreadable, "Line 3"),
        (f"{HEADER}\n{ROW}\n,1,2,1,1,3\n", errors.TimeUnreadable, "Line 3"),
        (f"{HEADER}\nyesterday,1,2,1,1,3\n", errors.TimeUnreadable, "Line 2"),
        (f"{HEADER}\n20240101,1,2,1,1,3\n", errors.TimeUnitWrong, "no date between"),
        (
            f"{HEADER}\n{ROW}\n1704070800000,1,2,1,1,3\n",
            errors.TimeUnitWrong,
            "Line 3.*units are mixed",
        ),
        (f"{HEADER}\n{'1' * 70_000}\n", errors.LineMalformed, "longer"),
        (f"{HEADER}\n{ROW}\n{'1' * 70_000}\n", errors.LineMalformed, "longer"),
        (f"{HEADER}\n{ROW}\n", errors.TimeframeUnknown, "must be stated"),
        (
            f"{HEADER}\n{ROW}\n1704067207,1,2,1,1,3\n",
            errors.TimeframeUnknown,
            "7 s, which is no timeframe",
        ),
    ],
)
def test_a_bad_text_file_is_refused_by_name(
    tmp_path: Path, text: str, error: type[ApplicationError], words: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(error, match=words):
        take_in(path, tmp_path / "scratch")
    assert not list((tmp_path / "scratch").iterdir())


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"PAR1 this is no parquet file", errors.FileCorrupt),
        (b"ARROW1 this is no feather file", errors.FileCorrupt),
        (b"FEA1 an old one", errors.FormatUnknown),
        (b"\xff\xfet\x00i\x00m\x00e\x00", errors.FormatUnknown),
        (b"\x89PNG\r\n\x1a\n\x00\x00", errors.FormatUnknown),
        (b"PK\x03\x04 no zip", errors.FileCorrupt),
        (gzip.compress(b"time,open" * 999, mtime=0)[:40], errors.FileCorrupt),
        (
            gzip.compress(gzip.compress(b"time", mtime=0), mtime=0),
            errors.FormatUnknown,
        ),
        (gzip.compress(b"", mtime=0), errors.FileEmpty),
    ],
)
def test_bytes_that_are_not_what_they_claim_are_refused(
    tmp_path: Path, content: bytes, error: type[ApplicationError]
) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    with pytest.raises(error):
        take_in(path, tmp_path / "scratch")
    assert not list((tmp_path / "scratch").iterdir())


def test_a_parquet_file_cut_in_the_middle_is_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "a"
    pq.write_table(pa.table({"time": [1], "open": [1.0]}), path)
    whole = path.read_bytes()
    path.write_bytes(whole[:20] + bytes(40) + whole[60:])
    with pytest.raises((errors.FileCorrupt, errors.ColumnsWrong)):
        take_in(path, tmp_path / "scratch")
    path.write_bytes(whole[:-9])
    with pytest.raises(errors.FileCorrupt):
        take_in(path, tmp_path / "scratch")


def test_parquet_columns_must_hold_numbers(tmp_path: Path) -> None:
    columns = {"time": [1], "open": ["a"], "high": [1], "low": [1], "close": [1]}
    pq.write_table(pa.table({**columns, "volume": [1]}), tmp_path / "a")
    with pytest.raises(errors.ColumnsWrong, match="'open' is of type string"):
        take_in(tmp_path / "a", tmp_path / "scratch")


def test_a_parquet_file_without_rows_is_refused(tmp_path: Path) -> None:
    schema = pa.schema([(name, pa.float64()) for name in HEADER.split(",")])
    pq.write_table(schema.empty_table(), tmp_path / "a")
    with pytest.raises(errors.FileWithoutRows):
        take_in(tmp_path / "a", tmp_path / "scratch")


def test_a_zip_bomb_is_stopped_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", bytes(64 << 20))
    assert path.stat().st_size < 100_000
    with pytest.raises(errors.UnpackedTooLarge):
        take_in(path, tmp_path / "scratch")
    assert not list((tmp_path / "scratch").iterdir())


def test_unpacking_stops_at_the_limit_in_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress("\n".join(csv_lines(candles(5_000))).encode()))
    with pytest.raises(errors.UnpackedTooLarge, match="10,000 bytes"):
        take_in(path, tmp_path / "scratch", max_unpacked=10_000)


@pytest.mark.parametrize("members", [0, 2])
def test_a_zip_must_hold_exactly_one_file(tmp_path: Path, members: int) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(members):
            archive.writestr(f"{number}.csv", "time")
    with pytest.raises(errors.ArchiveInvalid, match=f"holds {members} files"):
        take_in(path, tmp_path / "scratch")


def test_more_rows_than_allowed_are_refused(tmp_path: Path) -> None:
    path = csv_write(tmp_path / "a", csv_lines(candles(101)))
    with pytest.raises(errors.RowsTooMany):
        take_in(path, tmp_path / "scratch", max_rows=100)
    take_in(path, tmp_path / "scratch", max_rows=101)


@pytest.mark.parametrize("stated", ["parquet", "kraken_csv", "freqtrade_feather"])
def test_a_stated_format_that_the_bytes_deny_is_refused(
    tmp_path: Path, stated: str
) -> None:
    path = csv_write(tmp_path / "a", csv_lines(candles(9)))
    with pytest.raises(errors.FormatMismatch):
        take_in(path, tmp_path / "scratch", stated=CandleFormat(stated))


def test_milliseconds_read_as_seconds_are_refused_with_what_is_right(
    tmp_path: Path,
) -> None:
    path = csv_write(tmp_path / "a", csv_lines(candles(9), unit=10**6))
    with pytest.raises(
        errors.TimeUnitWrong, match="time_unit=ms makes it 2024-01-01T00:00:00Z"
    ):
        take_in(path, tmp_path / "scratch", unit=TimeUnit.SECONDS)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.UploadMissing):
        take_in(tmp_path / "nothing", tmp_path / "scratch")


def test_an_error_far_down_names_its_line(tmp_path: Path) -> None:
    lines = csv_lines(candles(200_000, step=60 * 10**9))
    lines[190_000] = lines[190_000].replace(",", ",x", 1)
    path = csv_write(tmp_path / "a", lines)
    with pytest.raises(errors.ValueNotNumeric, match="Line 190002, column open"):
        take_in(path, tmp_path / "scratch")
