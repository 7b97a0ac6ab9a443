from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from apps.market.batches import BATCH_ROWS, CandleBatch, batches_join, batches_resize
from apps.market.enums import Timeframe
from apps.market.errors import (
    CandlesConflict,
    CandlesOutOfOrder,
    SeriesFileDamaged,
    SeriesFileMissing,
)
from apps.market.store.merging import candles_merge
from apps.market.store.paths import candles_folder
from apps.market.store.reading import bars_read, candles_read
from apps.market.store.writing import SeriesWriter
from apps.market.tests.candles import HOUR, START, candles, csv_lines, csv_write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.market.store.writing import WrittenFile

MINUTE = Timeframe.M1.nanoseconds
ROOT = Path(__file__).resolve().parents[3]


def write(folder: Path, batch: CandleBatch) -> WrittenFile:
    with SeriesWriter(folder) as writer:
        writer.write(batch)
        return writer.finish()


def test_candles_come_back_as_they_were_written(tmp_path: Path) -> None:
    batch = candles(1_000)
    stored = candles_read(write(tmp_path, batch).path)
    assert np.array_equal(stored["time"], batch.time)
    assert np.array_equal(stored["volume"], batch.values[4])


def test_the_hash_is_that_of_the_bytes_on_disk(tmp_path: Path) -> None:
    written = write(tmp_path, candles(70_000, step=MINUTE))
    content = written.path.read_bytes()
    assert written.sha256 == hashlib.sha256(content).hexdigest()
    assert written.size == len(content)


def test_row_groups_have_statistics_so_that_ranges_are_cheap(tmp_path: Path) -> None:
    batch = candles(3 * BATCH_ROWS + 5, step=MINUTE)
    with SeriesWriter(tmp_path) as writer:
        for part in batches_resize([batch], 10_007):
            writer.write(part)
        written = writer.finish()
    meta = pq.read_metadata(written.path)
    groups = [meta.row_group(one) for one in range(meta.num_row_groups)]
    assert [group.num_rows for group in groups] == [BATCH_ROWS] * 3 + [5]
    assert groups[1].column(0).statistics.min_raw == batch.time[BATCH_ROWS]


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    start=st.integers(-5, 210_000),
    length=st.integers(0, 150_000),
    limit=st.none() | st.integers(1, 100_000),
)
def test_a_range_is_the_same_rows_as_a_slice(
    tmp_path: Path, start: int, length: int, limit: int | None
) -> None:
    path = tmp_path / "whole.parquet"
    whole = candles(200_000, step=MINUTE)
    if not path.exists():
        write(tmp_path, whole).publish(path)
    first, last = START + start * MINUTE, START + (start + length) * MINUTE
    stored = candles_read(path, start_ns=first, end_ns=last, limit=limit)
    expected = whole.time[max(0, start) : max(0, start + length)][:limit]
    assert np.array_equal(stored["time"], expected)


def test_bars_are_what_engines_take(tmp_path: Path) -> None:
    bars = bars_read(write(tmp_path, candles(10)).path, timeframe=Timeframe.H1)
    assert len(bars) == 10
    assert bars.timeframe_ns == HOUR
    assert (str(bars.time.dtype), str(bars.close.dtype)) == ("int64", "float64")


@pytest.mark.parametrize("step", [-HOUR, 0])
def test_candles_that_are_not_each_later_are_not_written(
    tmp_path: Path, step: int
) -> None:
    with pytest.raises(CandlesOutOfOrder), SeriesWriter(tmp_path) as writer:
        writer.write(candles(1))
        writer.write(candles(1, start=START + step))
    assert not list(tmp_path.glob("*.p*")) + list(tmp_path.glob(".*"))


@pytest.mark.parametrize("fails_at", [0, 1, 5])
def test_an_error_between_batches_leaves_nothing(tmp_path: Path, fails_at: int) -> None:
    def cut_off() -> Iterator[CandleBatch]:
        for number, part in enumerate(batches_resize([candles(600_000)], 80_000)):
            if number == fails_at:
                msg = "cut off"
                raise RuntimeError(msg)
            yield part

    with pytest.raises(RuntimeError), SeriesWriter(tmp_path) as writer:
        for part in cut_off():
            writer.write(part)
    assert not list(tmp_path.glob("*.p*")) + list(tmp_path.glob(".*"))


def test_a_missing_and_a_damaged_file_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(SeriesFileMissing):
        candles_read(tmp_path / "nothing.parquet")
    (tmp_path / "a.parquet").write_bytes(b"PAR1 nonsense")
    with pytest.raises(SeriesFileDamaged):
        candles_read(tmp_path / "a.parquet")


@pytest.mark.parametrize(
    "symbol", ["../../etc", "BTC/USDT", "Ünï/..", "", "XRP/USDT:USDT"]
)
def test_no_symbol_leads_out_of_its_folder(symbol: str) -> None:
    parts = candles_folder("../x", symbol, Timeframe.H1).parts
    assert len(parts) == 4
    assert all(part.strip(".") == part and "/" not in part for part in parts)


TIMES = st.lists(st.integers(0, 60), unique=True, max_size=40).map(sorted)


def at(times: list[int]) -> CandleBatch:
    time = START + HOUR * np.array(times, dtype=np.int64)
    return CandleBatch(time, np.tile(time / 1e9, (5, 1)))


@settings(max_examples=50, deadline=None)
@given(old=TIMES, new=TIMES, size=st.integers(1, 9))
def test_a_merge_is_the_sorted_union(old: list[int], new: list[int], size: int) -> None:
    left, right = (batches_resize([at(times)], size) for times in (old, new))
    merged = batches_join(list(candles_merge(left, right, replace=False)))
    expected = START + HOUR * np.array(sorted({*old, *new}), dtype=np.int64)
    assert np.array_equal(merged.time, expected)
    assert np.array_equal(merged.values[0], expected / 1e9)


def test_a_merge_refuses_other_numbers_and_names_them() -> None:
    changed = candles(10)
    changed.values[3, 4] = 77
    with pytest.raises(
        CandlesConflict, match=r"2024-01-01T04:00:00Z \(close .* 77 given"
    ):
        list(candles_merge(iter([candles(10)]), iter([changed]), replace=False))


def test_a_merge_that_replaces_takes_the_new_numbers() -> None:
    changed = candles(10)
    changed.values[3, 4] = 77
    merged = candles_merge(iter([candles(10)]), iter([changed]), replace=True)
    assert batches_join(list(merged)).values[3, 4] == 77


def test_reading_a_year_of_minutes_is_as_fast_as_pyarrow(tmp_path: Path) -> None:
    path = write(tmp_path, candles(525_600, step=MINUTE)).path

    def best(call: object) -> float:
        times = []
        for _ in range(7):
            begun = time.perf_counter()
            call(path)  # type: ignore[operator]
            times.append(time.perf_counter() - begun)
        return min(times)

    assert best(candles_read) <= 2 * best(pq.read_table) + 0.002


_FULL_DISK = """
import resource, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from apps.core.files.errors import StorageFull
from apps.market.store.sorting import SortSpool
from apps.market.store.writing import SeriesWriter
from apps.market.tests.candles import candles, csv_lines, csv_write, take_in

folder, source, limit = Path({folder!r}), Path({source!r}), {limit}
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
try:
    take_in(source, folder)
except StorageFull as error:
    print(error.code, error.kind, [one.name for one in folder.iterdir()])
"""


@pytest.mark.parametrize("limit", [3, 200_000])
@pytest.mark.parametrize("kind", ["sorted", "unsorted", "packed"])
def test_a_full_disk_is_told_and_leaves_nothing(
    tmp_path: Path, limit: int, kind: str
) -> None:

    lines = csv_lines(candles(20_000))
    path = csv_write(tmp_path / "a", lines[::-1] if kind == "unsorted" else lines)
    if kind == "packed":
        path.write_bytes(gzip.compress(path.read_bytes()))
    script = _FULL_DISK.format(
        root=str(ROOT), folder=str(tmp_path / "s"), source=str(path), limit=limit
    )
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "storage_full unavailable []", done.stderr


_MEMORY = """
import resource, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from apps.market.tests.candles import take_in

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

take_in(Path({small!r}), Path({scratch!r}))
before = peak()
intake = take_in(Path({large!r}), Path({scratch!r}))
print((peak() - before) // 1024, intake.written.rows)
"""


@pytest.mark.parametrize("order", [1, -1])
def test_a_long_file_takes_little_more_memory_than_a_short_one(
    tmp_path: Path, order: int
) -> None:

    lines = csv_lines(candles(300_000, step=MINUTE))
    small = csv_write(tmp_path / "small", lines[:100_000][::order])
    large = csv_write(tmp_path / "large", lines[::order])
    script = _MEMORY.format(
        root=str(ROOT), small=str(small), large=str(large), scratch=str(tmp_path / "s")
    )
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    grown, rows = map(int, done.stdout.split())
    assert rows == 300_000
    assert grown < 60, f"{grown} MiB more for 200,000 more rows"
