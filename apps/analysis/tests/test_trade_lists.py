"""Reading lists of trades from elsewhere: every fault is named with its place."""

from __future__ import annotations

import io
import json
import math
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from apps.analysis.errors import TradeListInvalid
from apps.analysis.tests.sides import bars_flat
from apps.analysis.trade_lists import reading, trade_list_read, trades_onto
from apps.analysis.trade_lists.contracts import ListedTrade, TradeList
from apps.analysis.trade_lists.csv_table import csv_trades
from apps.analysis.trade_lists.freqtrade_export import freqtrade_trades
from apps.engines.sample import HOUR_NS

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "entry_time,exit_time,quantity,entry_price,exit_price"
ROW = "2024-01-31T09:00:00Z,2024-01-31T12:00:00Z,0.5,100,110"
NINE = 1_706_691_600 * 10**9
TRADE: dict[str, Any] = {
    "pair": "BTC/USDT",
    "amount": 0.5,
    "open_rate": 100.0,
    "close_rate": 110.0,
    "open_timestamp": NINE // 10**6,
    "close_timestamp": (NINE + 3 * HOUR_NS) // 10**6,
    "fee_open": 0.001,
    "fee_close": 0.002,
    "profit_abs": 4.84,
    "exit_reason": "roi",
    "is_short": False,
}


def export(*trades: Any, **strategies: Any) -> dict[str, Any]:
    return {"strategy": {"Mine": {"trades": list(trades)}} | strategies}


def read(tmp_path: Path, content: bytes) -> TradeList:
    path = tmp_path / "list"
    path.write_bytes(content)
    return trade_list_read(path)


def zipped(**files: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "."), text)
    return packed.getvalue()


# --- CSV


def test_the_least_that_a_table_must_have_is_enough() -> None:
    (trade,) = csv_trades(f"{HEADER}\n{ROW}\n".encode())

    assert (trade.entry_ns, trade.exit_ns) == (NINE, NINE + 3 * HOUR_NS)
    assert (trade.quantity, trade.entry_price, trade.exit_price) == (0.5, 100, 110)
    assert (trade.side, trade.reason) == (1, "")
    assert math.isnan(trade.fee)
    assert math.isnan(trade.profit)


def test_other_programs_names_of_columns_are_known() -> None:
    text = (
        "open_date;close_date;direction;amount;open_rate;close_rate;commission;pnl\n"
        "2024-01-31 09:00:00+00:00;2024-01-31 12:00:00+00:00;short;0.5;110;100;1;4\n"
    )

    (trade,) = csv_trades(text.encode())

    assert (trade.entry_ns, trade.side, trade.fee, trade.profit) == (NINE, -1, 1.0, 4.0)


@pytest.mark.parametrize("scale", [1, 10**3, 10**6, 10**9])
def test_a_number_since_1970_is_taken_in_the_unit_that_it_has(scale: int) -> None:
    entry, leave = (NINE + hours * HOUR_NS for hours in (0, 3))
    times = f"{entry // (10**9 // scale)},{leave // (10**9 // scale)}"

    (trade,) = csv_trades(f"{HEADER}\n{times},1,100,110".encode())

    assert (trade.entry_ns, trade.exit_ns) == (entry, leave)


@given(st.integers(0, 9_000_000_000 * 10**6))
def test_an_iso_time_comes_back_to_the_microsecond(microseconds: int) -> None:
    moment = np.datetime64(microseconds, "us")

    (trade,) = csv_trades(f"{HEADER}\n{moment}Z,{moment}Z,1,100,110".encode())

    assert trade.entry_ns == microseconds * 1_000


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "The CSV's header lacks entry_time"),
        ("a,b\n1,2", "it has: a, b"),
        (f"{HEADER},quantity\n{ROW},1", "has 'quantity' more than once"),
        (f"{HEADER}\n{ROW},1", "Line 2 has 6 fields, the header has 5"),
        (
            f"{HEADER}\n{ROW.replace('0.5', 'half')}",
            "Line 2, column 'quantity': 'half'",
        ),
        (f"{HEADER}\n{ROW.replace('0.5', 'nan')}", "'nan' is not a number above 0"),
        (f"{HEADER}\n{ROW.replace('0.5', '-1')}", "'-1' is not a number above 0"),
        (f"{HEADER}\n{ROW.replace('110', 'inf')}", "column 'exit_price': 'inf'"),
        (f"{HEADER}\n{ROW.replace('2024-01-31T09', 'x')}", "column 'entry_time'"),
        (f"{HEADER}\n20240103,20240104,1,100,110", "'20240103' is not a time such"),
        (f"{HEADER}\n{ROW.replace('T12', 'T08')}", "not at or after the entry"),
        (f"{HEADER},side\n{ROW},up", "column 'side': 'up' is not long or short"),
        (f"{HEADER},pnl\n{ROW},much", "column 'pnl': 'much' is not a number"),
        (f"{HEADER}\n{'1' * 200_000}", "cannot be read near line 2: field larger"),
    ],
)
def test_a_faulty_table_is_refused_with_the_place(text: str, told: str) -> None:
    with pytest.raises(TradeListInvalid) as caught:
        csv_trades(text.encode())

    assert told in caught.value.message
    assert caught.value.attr == "file"


def test_text_in_another_encoding_is_said_to_be() -> None:
    with pytest.raises(TradeListInvalid, match="no text in UTF-8"):
        csv_trades(f"{HEADER}\n{ROW}".encode("utf-16"))


# --- freqtrade


def test_freqtrades_fees_are_of_both_fills() -> None:
    name, (trade,) = freqtrade_trades(export(TRADE))

    assert name == "freqtrade Mine"
    assert trade.fee == pytest.approx(0.5 * (100 * 0.001 + 110 * 0.002))
    assert (trade.reason, trade.side, trade.entry_ns) == ("take_profit", 1, NINE)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ([], "no results file of freqtrade"),
        ({"strategy": {}}, "no results file of freqtrade"),
        (export(TRADE, Other={"trades": []}), "several strategies (Mine, Other)"),
        ({"strategy": {"Mine": {}}}, "hold no list of trades"),
        (export(TRADE, TRADE | {"pair": "ETH/BTC"}), "several pairs"),
        (export(3), "Trade 1 is no object"),
        (export(TRADE, {"pair": "BTC/USDT"}), "Trade 2 has no 'amount'"),
        (export(TRADE | {"amount": "x"}), "Trade 1 holds what is no number"),
        (export(TRADE | {"amount": -1}), "Trade 1: its amount is not a number above"),
        (export(TRADE | {"close_timestamp": 0}), "its close_timestamp is not at or"),
        (export(TRADE | {"open_timestamp": 1e300}), "open_timestamp is not a time"),
    ],
)
def test_faulty_results_are_refused_with_the_trade(data: Any, told: str) -> None:
    with pytest.raises(TradeListInvalid) as caught:
        freqtrade_trades(data)

    assert told in caught.value.message


# --- files


def test_a_packed_export_is_read_beside_what_freqtrade_packs_with_it(
    tmp_path: Path,
) -> None:
    packed = zipped(
        result__json=json.dumps(export(TRADE)),
        result_config__json="{}",
        result_Mine__json="{}",
        result_Mine__py="",
    )

    found = read(tmp_path, packed)

    assert (found.source, len(found.trades)) == ("freqtrade Mine", 1)


def test_trades_are_put_in_order_of_entry(tmp_path: Path) -> None:
    later = ROW.replace("31T", "30T")

    found = read(tmp_path, f"\ufeff{HEADER}\n{ROW}\n\n{later}\n".encode())

    assert [one.entry_ns for one in found.trades] == [NINE - 24 * HOUR_NS, NINE]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "The file is empty"),
        (b" \n ", "The file is empty"),
        (b"{", "begins like JSON and is none"),
        (b"[" * 100_000, "begins like JSON and is none"),
        (b"PK\x03\x04 and no more", "cannot be unpacked"),
        (zipped(a__txt=""), "here there are: none"),
        (zipped(a__json="{}", b__json="{}"), "here there are: a.json, b.json"),
        (zipped(a__json=json.dumps(export(TRADE)))[:-40], "cannot be unpacked"),
    ],
)
def test_a_file_that_is_none_is_refused(
    tmp_path: Path, content: bytes, told: str
) -> None:
    with pytest.raises(TradeListInvalid) as caught:
        read(tmp_path, content)

    assert told in caught.value.message


def test_an_archive_of_very_many_files_is_refused_by_their_number(
    tmp_path: Path,
) -> None:
    many = zipped(**{f"a{number}__json": "" for number in range(101)})

    with pytest.raises(TradeListInvalid, match="holds 101 files"):
        read(tmp_path, many)


def test_an_archive_that_swells_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", 10_000)
    packed = zipped(a__json="[" + " " * 20_000 + "]")
    assert len(packed) < 10_000

    with pytest.raises(TradeListInvalid, match="20,002 bytes or more"):
        read(tmp_path, packed)


@given(st.binary(max_size=200))
def test_whatever_is_sent_is_read_or_refused(content: bytes) -> None:
    try:
        trades = csv_trades(content)
    except TradeListInvalid as refusal:
        assert refusal.message
    else:
        assert isinstance(trades, list)


# --- onto bars


def listed(*hours: tuple[float, float]) -> TradeList:
    return TradeList(
        "csv",
        tuple(
            ListedTrade(
                entry_ns=round(entry * HOUR_NS),
                exit_ns=round(leave * HOUR_NS),
                side=1,
                quantity=1.0,
                entry_price=100.0,
                exit_price=110.0,
                fee=math.nan,
                profit=math.nan,
            )
            for entry, leave in hours
        ),
    )


def test_a_time_belongs_to_the_bar_that_it_lies_in() -> None:
    bars = bars_flat(10)

    found = trades_onto(listed((1, 2.5), (3.999, 10)), bars)

    assert found.trades.entry_bar.tolist() == [0, 2]
    assert found.trades.exit_bar.tolist() == [1, 9]
    assert found.misplaced is not None
    assert found.misplaced.tolist() == [False, False]


def test_times_in_no_bar_are_marked() -> None:
    bars = bars_flat(10, holes=[5])  # bars 0 to 4 open at 1 to 5, bar 5 opens at 10

    found = trades_onto(listed((0, 2), (7, 8), (2, 3), (14, 99)), bars)

    assert found.misplaced is not None
    assert found.misplaced.tolist() == [True, True, False, True]
    assert found.trades.entry_bar.tolist() == [0, 4, 1, 9]
