"""Captures: what is read from collectors' files, and what is refused, with its reason."""

from __future__ import annotations

import gzip
import json
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from apps.engines.captures import CaptureLayout, CaptureReader, CaptureRequest
from apps.engines.errors import CaptureInvalid

pytest.importorskip("hftbacktest")

from apps.engines.adapters.hftbacktest.adapter import HftbacktestEngine
from apps.engines.adapters.hftbacktest.capture import capture_load
from apps.engines.adapters.hftbacktest.rows import (
    BUY,
    EXCHANGE,
    KIND,
    LOCAL,
    SEEN,
    SELL,
    SNAPSHOT,
    TRADE,
)
from apps.engines.adapters.hftbacktest.sample import BEGIN_MS, sample_capture
from apps.engines.tests.captures import (
    ASK,
    BEGIN,
    BID,
    BOUGHT,
    LATENCY,
    MS,
    SOLD,
    book,
    rows_of,
    upstream,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from apps.engines.captures import CaptureSummary

TICKS = Path(__file__).parents[3] / ".." / "shared" / "data" / "ticks"
REAL = "hft_binance_usdm_btcusdt_20240808"
TARDIS_BOOK = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"
TARDIS_TRADES = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount"


def read(
    folder: Path, *sources: str | Path, layout: CaptureLayout | None = None
) -> CaptureSummary:
    engine = HftbacktestEngine()
    assert isinstance(engine, CaptureReader)
    names = tuple(str(source) for source in sources)
    return engine.capture(CaptureRequest(names, str(folder / "read.npz"), layout))


CONVERT = """
import os
from ast import literal_eval
from importlib import import_module
import numpy
folder, name, source = argv[1:]
os.chdir(folder)  # tardis looks for 'trades' in the whole path
convert = import_module(f"hftbacktest.data.utils.{name}").convert
numpy.save("theirs.npy", convert(literal_eval(source), buffer_size=1_000))
"""
PLAY = """
from hftbacktest import BacktestAsset, HashMapMarketDepthBacktest
asset = BacktestAsset().data(argv[1]).tick_size(0.1).lot_size(0.1)
backtest = HashMapMarketDepthBacktest([asset])
print(backtest.elapse(10**12), backtest.depth(0).best_bid)
"""


def converted(folder: Path, name: str, source: str | list[str]) -> NDArray[Any]:
    """Return what one of upstream's own converters makes of files."""
    upstream(CONVERT, folder, name, repr(source))
    rows: NDArray[Any] = np.load(folder / "theirs.npy")
    return rows


def rows_read(folder: Path) -> NDArray[Any]:
    rows: NDArray[Any] = np.load(folder / "read.npz")["data"]
    return rows


def refused(folder: Path, *sources: str | Path) -> str:
    """Return why a capture is refused, and see that nothing was left behind."""
    with pytest.raises(CaptureInvalid) as raised:
        read(folder, *sources)
    assert raised.value.code == "capture_invalid"
    assert not list(folder.glob("read.npz*"))
    return raised.value.message


def packed(folder: Path, text: str, name: str = "feed.gz") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()))
    return path


def lines_of(source: str) -> list[str]:
    return gzip.decompress(Path(source).read_bytes()).decode().splitlines(keepends=True)


def tardis(folder: Path, name: str, header: str, *rows: str) -> Path:
    return packed(folder, "\n".join([header, *rows]) + "\n", name)


def book_row(ms: float, side: str, price: float, amount: float, snapshot: str) -> str:
    at = BEGIN // 1_000 + round(ms * 1_000)
    return (
        f"binance-futures,BTCUSDT,{at},{at + 5_000},{snapshot},{side},{price},{amount}"
    )


def trade_row(ms: float, side: str, price: float, amount: float) -> str:
    at = BEGIN // 1_000 + round(ms * 1_000)
    return f"binance-futures,BTCUSDT,{at},{at + 5_000},t{at},{side},{price},{amount}"


# --- what is read ---------------------------------------------------------------------


def test_a_binance_capture_is_found_out_and_read_as_upstream_does(
    tmp_path: Path,
) -> None:
    made = sample_capture(tmp_path)
    summary = read(tmp_path, *made.sources)
    theirs = converted(tmp_path, "binancefutures", made.sources[0])
    np.testing.assert_array_equal(rows_read(tmp_path), theirs)
    assert summary.layout is CaptureLayout.BINANCE_USDM
    assert (summary.rows, summary.trade_rows) == (len(theirs), 10)
    assert (summary.first, summary.last) == (BEGIN_MS * MS, (BEGIN_MS + 9_000) * MS)
    assert (summary.moments, summary.crossed, summary.price_tick) == (10, 0, "0.1")
    assert summary.clock_shift_ns == 0


def test_a_clock_of_ours_that_is_behind_is_moved_on_and_told(tmp_path: Path) -> None:
    made = sample_capture(tmp_path)
    behind = [
        f"{int(line[:19]) - 1_272_156_851}{line[19:]}"
        for line in lines_of(made.sources[0])
    ]
    summary = read(tmp_path, packed(tmp_path, "".join(behind)))
    # The fastest message took 5 ms, and now takes none.
    assert summary.clock_shift_ns == 1_272_156_851 - 5 * MS
    rows = rows_read(tmp_path)
    assert (rows["local_ts"] - rows["exch_ts"]).min() == 0


def test_a_snapshot_clears_what_was_before_it(tmp_path: Path) -> None:
    made = sample_capture(tmp_path)
    snapshot = {
        "lastUpdateId": 1,
        "E": BEGIN_MS,
        "T": BEGIN_MS,
        "bids": [["90.00", "1"], ["89.00", "1"]],
        "asks": [["110.00", "1"], ["111.00", "1"]],
    }
    told = json.dumps(snapshot, separators=(",", ":"))
    lines = lines_of(made.sources[0])
    both = f"{lines[0][:19]} {told}\n" + "".join(lines)
    summary = read(tmp_path, packed(tmp_path, both))
    assert summary.findings == ()
    capture = capture_load(str(tmp_path / "read.npz"))
    assert capture.best[0].tolist() == [99.7, 99.9]


def test_findings_tell_of_a_missing_snapshot_and_missing_changes(
    tmp_path: Path,
) -> None:
    lines = lines_of(sample_capture(tmp_path).sources[0])
    found = read(tmp_path, packed(tmp_path, "".join(lines[:6] + lines[8:]))).findings
    assert found == (
        "There is no snapshot: the book fills up from changes.",
        "1 times changes of the book are missing.",
    )


def test_lines_that_two_threads_mixed_up_are_put_in_order_and_counted(
    tmp_path: Path,
) -> None:
    lines = lines_of(sample_capture(tmp_path).sources[0])
    lines[1] = f"{int(lines[1][:19]) - 1_000}{lines[1][19:]}"
    found = read(tmp_path, packed(tmp_path, "".join(lines))).findings
    assert "1 lines were put into the order of their times." in found


def test_tardis_files_are_read_as_upstream_does(tmp_path: Path) -> None:
    changes = tardis(
        tmp_path,
        "incremental_book_L2.csv.gz",
        TARDIS_BOOK,
        book_row(0, "bid", 99.9, 5, "true"),
        book_row(0, "bid", 99.8, 7, "true"),
        book_row(0, "ask", 100.1, 4, "true"),
        book_row(40, "bid", 99.9, 0, "false"),
        book_row(55.5, "ask", 100.0, 2.5, "false"),
    )
    trades = tardis(
        tmp_path,
        "trades.csv.gz",
        TARDIS_TRADES,
        trade_row(40, "sell", 99.9, 5),
        trade_row(60, "buy", 100.0, 1.5),
    )
    theirs = converted(tmp_path, "tardis", [trades.name, changes.name])
    summary = read(tmp_path, changes, trades)
    np.testing.assert_array_equal(rows_read(tmp_path), theirs)
    assert summary.layout is CaptureLayout.TARDIS
    assert (summary.depth_rows, summary.trade_rows) == (7, 2)


def test_a_later_and_larger_snapshot_of_tardis_is_kept_whole(tmp_path: Path) -> None:
    changes = tardis(
        tmp_path,
        "book.csv.gz",
        TARDIS_BOOK,
        book_row(0, "bid", 99.9, 5, "true"),
        book_row(0, "ask", 100.1, 5, "true"),
        book_row(10, "bid", 99.8, 5, "false"),
        *(book_row(20, "bid", 99.9 - one / 10, 5, "true") for one in range(7)),
        *(book_row(20, "ask", 100.1 + one / 10, 5, "true") for one in range(7)),
    )
    read(tmp_path, changes)
    rows = rows_read(tmp_path)
    kinds = rows["ev"] & np.uint64(KIND)
    assert np.count_nonzero(kinds == SNAPSHOT) == 16


def test_trades_of_no_side_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [book_row(0, "bid", 99.9, 5, "false"), book_row(0, "ask", 100, 5, "false")]
    changes = tardis(tmp_path, "book.csv.gz", TARDIS_BOOK, *rows)
    trades = tardis(
        tmp_path, "t.csv.gz", TARDIS_TRADES, trade_row(1, "unknown", 100, 1)
    )
    found = read(tmp_path, changes, trades).findings
    assert found[0] == "1 trades without a side were left out."


def test_events_of_hftbacktests_own_are_taken_without_other_streams(
    tmp_path: Path,
) -> None:
    events = rows_of([*book(0, 99.9, 100.1), (1, SOLD, 99.9, 1), (2, 103, 99.9, 1)])
    summary = read(tmp_path, written(tmp_path, events))
    assert summary.layout is CaptureLayout.HFTBACKTEST
    assert summary.rows == 5
    assert summary.findings == ("1 rows of other streams were left out.",)
    np.testing.assert_array_equal(rows_read(tmp_path), events[:5])


def test_events_that_reach_us_before_they_happen_are_moved_on(tmp_path: Path) -> None:
    events = rows_of([*book(0, 99.9, 100.1), *book(9, 99.9, 100.2)])
    events["local_ts"] -= 12 * MS
    summary = read(tmp_path, written(tmp_path, events))
    assert summary.clock_shift_ns == 12 * MS - LATENCY
    assert rows_read(tmp_path)["local_ts"][0] == BEGIN


def test_what_is_written_is_mapped_by_us_and_read_by_hftbacktest(
    tmp_path: Path,
) -> None:
    read(tmp_path, *sample_capture(tmp_path).sources)
    path = str(tmp_path / "read.npz")
    capture = capture_load(path)
    base: Any = capture.events
    while getattr(base, "base", None) is not None and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)
    assert capture.events.ctypes.data % 64 == 0
    code, best_bid = upstream(PLAY, path).split()
    assert int(code) == 1
    assert float(best_bid) == pytest.approx(100.1)


def test_best_prices_are_those_of_the_file_and_those_worked_out(tmp_path: Path) -> None:
    rows = [*book(0, 99.9, 100.1), (5, ASK, 100.0, 1.0), (7, ASK, 100.0, 0.0)]
    path = written(tmp_path, rows_of(rows))
    worked_out = capture_load(path)
    read(tmp_path, path)
    stored = capture_load(str(tmp_path / "read.npz"))
    np.testing.assert_array_equal(stored.best, worked_out.best)
    assert stored.best.tolist() == [[99.9, 100.1], [99.9, 100.0], [99.9, 100.1]]


def test_the_same_files_give_the_same_capture_to_the_byte(tmp_path: Path) -> None:
    made = sample_capture(tmp_path)
    first, second = read(tmp_path, *made.sources), read(tmp_path, *made.sources)
    assert first == second


# --- what is refused ------------------------------------------------------------------


def good() -> NDArray[Any]:
    rows = [*book(0, 99.9, 100.1), *book(10, 99.8, 100.0), (20, BOUGHT, 100.0, 1.0)]
    return rows_of(rows)


def changed(field: str, row: int, value: float) -> NDArray[Any]:
    events = good()
    events[field][row] = value
    return events


def with_flags(drop: int) -> NDArray[Any]:
    events = good()
    events["ev"] &= np.uint64(0xFFFFFFFF ^ drop)
    return events


CROSSED = [row for ms in range(9) for row in ((ms, ASK, 99.0, 1), (ms, BID, 100.0, 1))]

BROKEN: dict[str, tuple[Callable[[], NDArray[Any]], str]] = {
    "float rows": (lambda: np.zeros((3, 6)), "one of (ev <u8, exch_ts <i8"),
    "another dtype": (
        lambda: np.zeros(3, dtype=[("ev", "i4"), ("px", "f4")]),
        "(ev <i4, px <f4)",
    ),
    "no rows": (lambda: good()[:0], "has no rows"),
    "no flags": (lambda: with_flags(SEEN), "needs the flag EXCH"),
    "not for us": (lambda: with_flags(LOCAL), "has the flag LOCAL_EVENT"),
    "not for the exchange": (lambda: with_flags(EXCHANGE), "the flag EXCH_EVENT"),
    "no side": (lambda: with_flags(BUY), "exactly one side"),
    "orders one by one": (
        lambda: changed("ev", 3, 10 + EXCHANGE),
        "kind that is not",
    ),
    "a price of nothing": (
        lambda: changed("px", 3, np.nan),
        "has a price that is not",
    ),
    "a negative price": (lambda: changed("px", 2, -1.0), "not a positive number"),
    "an endless price": (lambda: changed("px", 2, np.inf), "not a positive number"),
    "a negative quantity": (lambda: changed("qty", 2, -1.0), "has a quantity"),
    "a trade of nothing": (lambda: changed("qty", 8, 0.0), "a trade of 0"),
    "no time": (lambda: changed("exch_ts", 0, 0), "time that is not positive"),
    "our clock runs backwards": (
        lambda: changed("local_ts", 6, BEGIN),
        "our clock runs backwards",
    ),
    "the exchange's clock runs backwards": (
        lambda: changed("exch_ts", 6, BEGIN - 1),
        "the exchange's clock runs backwards",
    ),
    "the clocks part": (
        lambda: changed("local_ts", 8, BEGIN + 3_600_000 * MS),
        "one of the two clocks was set",
    ),
    "crossed throughout": (lambda: rows_of(CROSSED), "is crossed: in 9 of 9 moments"),
    "one side alone": (
        lambda: rows_of([(0, BID, 99.0, 1)]),
        "never has a bid and an ask",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_events_that_cannot_be_played_are_refused(name: str, tmp_path: Path) -> None:
    make, said = BROKEN[name]
    assert said in refused(tmp_path, written(tmp_path, make(), "bad.npz"))


# What is wrong with these is wrong with what they say, not with how they can be played.
PLAYABLE = {"the clocks part", "one side alone", "crossed throughout"}


@pytest.mark.parametrize("name", [name for name in BROKEN if name not in PLAYABLE])
def test_a_run_refuses_them_too_and_does_not_hang(name: str, tmp_path: Path) -> None:
    make, said = BROKEN[name]
    with pytest.raises(CaptureInvalid) as raised:
        capture_load(written(tmp_path, make(), "bad.npz"))
    assert said in raised.value.message


def test_times_in_microseconds_are_refused(tmp_path: Path) -> None:
    events = good()
    for field in ("exch_ts", "local_ts"):
        events[field] //= 1_000
    assert "no nanoseconds" in refused(tmp_path, written(tmp_path, events))


def test_a_file_that_is_cut_off_or_damaged_is_refused(tmp_path: Path) -> None:
    whole = Path(written(tmp_path, np.tile(good(), 50))).read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    assert "cannot be read as a NumPy file" in refused(tmp_path, tmp_path / "cut.npz")
    feed = Path(sample_capture(tmp_path).sources[0]).read_bytes()
    (tmp_path / "cut.gz").write_bytes(feed[: len(feed) // 2])
    assert "'cut.gz' is cut off" in refused(tmp_path, tmp_path / "cut.gz")
    middle = len(feed) // 2
    (tmp_path / "bad.gz").write_bytes(
        feed[:middle] + b"\xff" * 40 + feed[middle + 40 :]
    )
    assert "'bad.gz'" in refused(tmp_path, tmp_path / "bad.gz")


def test_a_canonical_capture_that_was_cut_off_later_is_refused_in_a_run(
    tmp_path: Path,
) -> None:
    read(tmp_path, *sample_capture(tmp_path).sources)
    path = tmp_path / "read.npz"
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(CaptureInvalid, match="cannot be read"):
        capture_load(str(path))


def test_an_archive_without_the_rows_is_refused_with_what_it_has(
    tmp_path: Path,
) -> None:
    np.savez(tmp_path / "other.npz", depth=np.zeros(3), trades=np.zeros(3))
    said = refused(tmp_path, tmp_path / "other.npz")
    assert "no member 'data'" in said
    assert "it has depth, trades" in said
    with zipfile.ZipFile(tmp_path / "text.npz", "w") as archive:
        archive.writestr("readme.txt", "no array")
    assert "no member 'data'" in refused(tmp_path, tmp_path / "text.npz")


def test_an_array_that_claims_more_rows_than_it_has_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "claims.npy"
    np.save(path, np.zeros(4))
    # Of the same length, so that the header is whole.
    claim = b"(99999999999,), }"
    content = path.read_bytes()
    assert content.count(b"(4,), }".ljust(len(claim))) == 1
    content = content.replace(b"(4,), }".ljust(len(claim)), claim)
    path.write_bytes(content)
    assert "mmap length is greater than file size" in refused(tmp_path, str(path))


def test_objects_in_an_array_are_never_unpacked(tmp_path: Path) -> None:
    np.savez(tmp_path / "objects.npz", data=np.array([{}, print], dtype=object))
    assert "allow_pickle" in refused(tmp_path, tmp_path / "objects.npz")


@pytest.mark.parametrize(
    "content", [b"", b"open,high,low,close\n1,2,3,4\n", b"\x00\x01\x02", b"GIF89a"]
)
def test_what_is_no_capture_at_all_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "something").write_bytes(content)
    assert "is not a capture that can be read" in refused(
        tmp_path, tmp_path / "something"
    )


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "'none.gz' cannot be read" in refused(tmp_path, tmp_path / "none.gz")
    assert "at least one file" in refused(tmp_path)


def test_a_layout_that_the_file_does_not_have_is_refused(tmp_path: Path) -> None:
    source = sample_capture(tmp_path).sources[0]
    for layout in (CaptureLayout.TARDIS, CaptureLayout.HFTBACKTEST):
        with pytest.raises(CaptureInvalid, match=r"sample\.gz"):
            read(tmp_path, source, layout=layout)
    with pytest.raises(CaptureInvalid, match="is not a 19-digit time"):
        read(tmp_path, written(tmp_path, good()), layout=CaptureLayout.BINANCE_USDM)


def test_a_target_that_is_no_npz_is_refused(tmp_path: Path) -> None:
    source = sample_capture(tmp_path).sources[0]
    request = CaptureRequest((source,), str(tmp_path / "book.parquet"))
    with pytest.raises(CaptureInvalid, match=r"is an \.npz file"):
        HftbacktestEngine().capture(request)


def replaced(lines: list[str], at: int, line: str) -> list[str]:
    return [*lines[:at], line, *lines[at + 1 :]]


LINES: dict[str, tuple[Callable[[list[str]], list[str]], str]] = {
    "microseconds": (
        lambda lines: replaced(lines, 3, f"{lines[3][:16]} {lines[3][20:]}"),
        "Line 4 of 'feed.gz' is not a 19-digit time",
    ),
    "half a line": (
        lambda lines: [*lines[:-1], lines[-1][:90]],
        "Line 20 of 'feed.gz' is not a 19-digit time in nanoseconds, a space and a whole",
    ),
    "no JSON": (
        lambda lines: replaced(lines, 5, f"{lines[5][:20]}{{'e':1}}\n"),
        "Line 6 of 'feed.gz' holds no JSON",
    ),
    "no event": (
        lambda lines: replaced(lines, 5, f'{lines[5][:20]}{{"data":{{"x":1}}}}\n'),
        "Line 6 of 'feed.gz' holds no event",
    ),
    "our clock runs backwards": (
        lambda lines: replaced(
            lines, 8, f"{int(lines[8][:19]) - 4 * 10**9}{lines[8][19:]}"
        ),
        "Line 9 of 'feed.gz' was received 3.000 s before one above it: our clock runs",
    ),
    "the exchange's clock runs backwards": (
        lambda lines: replaced(
            lines, 8, lines[8].replace('"T":17000000', '"T":16900000')
        ),
        "s before one above it: the exchange's clock runs backwards",
    ),
    "two markets": (
        lambda lines: replaced(lines, 5, lines[5].replace("MADEUP", "OTHER")),
        "more than one market: MADEUP, OTHER",
    ),
    "no depth": (
        lambda lines: lines[1::2],
        "no changes of a book (depthUpdate) among 10 lines",
    ),
    "a time beyond all": (
        lambda lines: [*lines[:-2], lines[-2].replace('"T":1', f'"T":{10**30}')],
        "OverflowError",
    ),
    "a message too deep": (
        lambda lines: replaced(
            lines, 8, f"{lines[8][:20]}{{{'[' * 200_000}{lines[8][20:]}"
        ),
        "holds no JSON message",
    ),
    "a price of text": (
        lambda lines: replaced(lines, 4, lines[4].replace('["', '["x')),
        "could not convert string to float",
    ),
}


@pytest.mark.parametrize("name", LINES)
def test_a_binance_file_with_a_bad_line_is_refused_with_its_number(
    name: str, tmp_path: Path
) -> None:
    change, said = LINES[name]
    lines = change(lines_of(sample_capture(tmp_path).sources[0]))
    assert said in refused(tmp_path, packed(tmp_path, "".join(lines)))


def book_lines(**changes: str) -> list[str]:
    rows = [
        book_row(0, "bid", 99.9, 5, "true"),
        book_row(0, "ask", 100.1, 5, "true"),
        book_row(10, "bid", 99.8, 5, "false"),
    ]
    for old, new in changes.items():
        rows[2] = rows[2].replace(old, new)
    return rows


@pytest.mark.parametrize(
    ("header", "rows", "said"),
    [
        (
            TARDIS_BOOK.replace("amount", "size"),
            book_lines(),
            "The columns of 'b.csv.gz'",
        ),
        (TARDIS_BOOK, [], "has no rows"),
        (
            TARDIS_BOOK,
            book_lines(bid="middle"),
            "Row 2 of 'b.csv.gz' has the side 'middle'",
        ),
        (TARDIS_BOOK, [*book_lines(), "binance"], "cannot be read"),
        (TARDIS_BOOK, [*book_lines(), ",".join("x" * 8)], "cannot be read"),
        (TARDIS_BOOK, book_lines(BTCUSDT="ETHUSDT"), "more than one market"),
        (
            TARDIS_BOOK,
            [*book_lines(), book_row(-900, "bid", 99.7, 1, "false")],
            "Row 3 of 'b.csv.gz' was received 0.910 s before one above it: our clock",
        ),
        (
            TARDIS_BOOK,
            [*book_lines(), book_row(11, "bid", 99.7, 1, "false")[:-1]],
            "Row 3 of 'b.csv.gz' has no amount",
        ),
    ],
)
def test_a_tardis_file_with_a_fault_is_refused(
    header: str, rows: list[str], said: str, tmp_path: Path
) -> None:
    assert said in refused(tmp_path, tardis(tmp_path, "b.csv.gz", header, *rows))


def test_a_tardis_capture_is_one_book_and_at_most_one_trades_file(
    tmp_path: Path,
) -> None:
    trades = tardis(tmp_path, "t.csv.gz", TARDIS_TRADES, trade_row(0, "buy", 1, 1))
    changes = tardis(tmp_path, "b.csv.gz", TARDIS_BOOK, *book_lines())
    assert "0 are books" in refused(tmp_path, trades)
    assert "2 are books" in refused(tmp_path, changes, changes)
    assert "is one file, not 2" in refused(tmp_path, *[written(tmp_path, good())] * 2)


# --- real data ------------------------------------------------------------------------


@pytest.mark.skipif(
    not (TICKS / f"{REAL}.npz").exists(), reason="the shared capture is not here"
)
def test_a_real_capture_holds_the_trades_that_the_exchange_told(tmp_path: Path) -> None:
    summary = read(tmp_path, TICKS / f"{REAL}.npz")
    assert summary.crossed == 0
    assert Decimal(summary.price_tick) == Decimal("0.1")
    table = pq.read_table(TICKS / f"{REAL}.trades.parquet")
    rows = rows_read(tmp_path)
    ev = rows["ev"]
    trades = rows[(ev & KIND == TRADE) & (ev & EXCHANGE > 0)]
    assert len(trades) == summary.trade_rows == table.num_rows
    sold = trades["ev"] & np.uint64(SELL) > 0
    told = table.sort_by("exch_ts_ms").to_pydict()
    assert np.count_nonzero(sold) == sum(told["buyer_is_maker"])
    worth = np.dot(np.array(told["price"]), np.array(told["qty"]))
    assert np.dot(trades["px"], trades["qty"]) == pytest.approx(worth, rel=1e-12)
    assert (trades["exch_ts"] // MS).tolist() == told["exch_ts_ms"]
