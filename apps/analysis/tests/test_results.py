"""Results as files: whole or not at all, and the same again when read."""

from __future__ import annotations

import errno
import resource
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apps.analysis.errors import ResultMissing
from apps.analysis.results import (
    EQUITY_FILE,
    TRADES_FILE,
    ResultStorageFull,
    bars_hash,
    result_hash,
    result_read,
    result_write,
    table_read,
)
from apps.analysis.tests.runs import bars_make, result_make

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from apps.engines.contracts import Bars, RunResult

HOUR_NS = 3_600_000_000_000
RANDOM = np.random.default_rng(5)
BARS = bars_make(100 + RANDOM.normal(0, 1, 20_000), timeframe_ns=HOUR_NS)
RESULT = result_make(
    10_000 + RANDOM.normal(0, 100, 20_000),
    trades=[(1, 4, 3.0, "signal"), (6, 9, -2.0, "stop_loss")],
)


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    result_write(tmp_path, BARS, RESULT)

    found = result_read(tmp_path)

    np.testing.assert_array_equal(found.equity, RESULT.equity)
    for field in fields(RESULT.trades):
        expected = getattr(RESULT.trades, field.name)
        column = getattr(found.trades, field.name)
        np.testing.assert_array_equal(column, expected)
        assert column.dtype == expected.dtype, field.name


def test_a_result_without_trades_is_read_as_one(tmp_path: Path) -> None:
    result_write(tmp_path, BARS, result_make(RESULT.equity))

    assert len(result_read(tmp_path).trades) == 0


def test_trades_carry_the_open_times_of_their_bars(tmp_path: Path) -> None:
    result_write(tmp_path, BARS, RESULT)

    column = table_read(tmp_path / TRADES_FILE)["entry_time"]
    times = column.cast(pa.timestamp("ns", "UTC")).cast("int64").to_pylist()
    assert times == [int(BARS.time[1]), int(BARS.time[6])]


def test_nothing_but_the_two_files_is_left(tmp_path: Path) -> None:
    result_write(tmp_path, BARS, RESULT)

    assert files(tmp_path) == sorted([TRADES_FILE, EQUITY_FILE])


def test_a_second_run_replaces_the_first(tmp_path: Path) -> None:
    result_write(tmp_path, BARS, RESULT)
    result_write(tmp_path, BARS, replace(RESULT, equity=RESULT.equity + 1))

    assert result_read(tmp_path).equity[0] == RESULT.equity[0] + 1
    assert len(files(tmp_path)) == 2


@pytest.mark.parametrize("size", [100, 10_000])
def test_a_full_disk_is_told_and_leaves_no_file(tmp_path: Path, size: int) -> None:
    # The small one is too small for the trades, the other only for the equity.
    with room_for(size), pytest.raises(ResultStorageFull) as caught:
        result_write(tmp_path / "new", BARS, RESULT)

    assert caught.value.code == "storage_full"
    assert files(tmp_path) == []


def test_a_full_disk_leaves_the_result_of_before(tmp_path: Path) -> None:
    result_write(tmp_path, BARS, RESULT)
    changed = replace(result_make(RESULT.equity + 1), engine_seconds=1.0)

    with room_for(10_000), pytest.raises(ResultStorageFull):
        result_write(tmp_path, BARS, changed)

    kept = result_read(tmp_path)
    np.testing.assert_array_equal(kept.equity, RESULT.equity)
    assert len(kept.trades) == 2


def test_a_folder_that_cannot_be_made_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pq, "write_table", refuse)

    with pytest.raises(ResultStorageFull, match="No space left"):
        result_write(tmp_path / "a" / "b", BARS, RESULT)


@pytest.mark.parametrize("name", [TRADES_FILE, EQUITY_FILE])
def test_a_file_that_is_gone_is_named_as_such(tmp_path: Path, name: str) -> None:
    result_write(tmp_path, BARS, RESULT)
    (tmp_path / name).unlink()

    with pytest.raises(ResultMissing, match="run the backtest again"):
        result_read(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"nonsense" * 100])
def test_a_file_that_is_damaged_is_named_as_such(
    tmp_path: Path, content: bytes
) -> None:
    result_write(tmp_path, BARS, RESULT)
    (tmp_path / EQUITY_FILE).write_bytes(content)

    with pytest.raises(ResultMissing):
        result_read(tmp_path)


def test_the_same_trades_have_the_same_hash_however_long_they_took() -> None:
    again = replace(RESULT, engine_seconds=9.0, versions={"numba": "9"})

    assert result_hash(again) == result_hash(RESULT)


def _other(result: RunResult, name: str) -> RunResult:
    column = getattr(result.trades, name).copy()
    column[-1] += 1
    return replace(result, trades=replace(result.trades, **{name: column}))


@pytest.mark.parametrize("name", [field.name for field in fields(RESULT.trades)])
def test_any_other_figure_of_a_trade_is_another_hash(name: str) -> None:
    assert result_hash(_other(RESULT, name)) != result_hash(RESULT)


def _changed(bars: Bars, name: str) -> Bars:
    column = getattr(bars, name).copy()
    column[-1] += 1
    return replace(bars, **{name: column})


@pytest.mark.parametrize("name", ["time", "open", "high", "low", "close", "volume"])
def test_any_other_figure_of_a_candle_is_another_hash(name: str) -> None:
    assert bars_hash(_changed(BARS, name)) != bars_hash(BARS)


def test_the_same_candles_as_other_bars_are_another_hash() -> None:
    assert bars_hash(replace(BARS, timeframe_ns=1)) != bars_hash(BARS)
