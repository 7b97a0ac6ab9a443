"""Candles read plainly are those that ccxt reads, and only where that is proven."""

from __future__ import annotations

from typing import Any

import ccxt
import pytest

from apps.exchanges.adapters.ccxt.rows import rows_parsed

HOUR = 3_600_000


def rows(count: int = 64, **changed: Any) -> list[list[Any]]:
    """Return rows as Binance sends them."""
    made = []
    for n in range(count):
        price = 100 + n / 8
        told = {
            "time": 1_704_067_200_000 + n * HOUR,
            "open": f"{price:.8f}",
            "high": f"{price + 3:.8f}",
            "low": f"{price - 2:.8f}",
            "close": f"{price + 1:.8f}",
            "volume": f"{n + 0.5:.8f}",
            "over": 1_704_067_200_000 + (n + 1) * HOUR - 1,
            "quote": f"{1000 + n:.8f}",
            **changed,
        }
        made.append(list(told.values()))
    return made


class Counting(ccxt.binance):  # type: ignore[misc]  # ccxt ships no types
    """Counts how many rows ccxt itself has read."""

    def __init__(self) -> None:
        super().__init__()
        self.read = 0

    def parse_ohlcv(self, ohlcv: Any, market: Any = None) -> list[Any]:
        """Read a row as ccxt does."""
        self.read += 1
        parsed: list[Any] = super().parse_ohlcv(ohlcv, market)
        return parsed


SPOT = {"inverse": False}
INVERSE = {"inverse": True}


@pytest.fixture
def client() -> Counting:
    """A client that asks nobody."""
    return Counting()


def test_plain_rows_are_read_alike_and_by_ccxt_only_to_prove_it(
    client: Counting,
) -> None:
    raw = rows()
    found = rows_parsed(client, raw, SPOT)
    assert client.read == 3
    assert found == [client.parse_ohlcv(row, SPOT) for row in raw]


def test_another_order_of_columns_is_left_to_ccxt(client: Counting) -> None:
    raw = rows()
    found = rows_parsed(client, raw, INVERSE)
    assert client.read == 1 + len(raw)
    assert [row[5] for row in found] == [float(row[7]) for row in raw]


def test_rows_that_prove_nothing_are_left_to_ccxt(client: Counting) -> None:
    # Volume and quote volume are alike: which one was read, nobody can say.
    raw = rows(volume="0.00000000", quote="0.00000000")
    rows_parsed(client, raw, INVERSE)
    assert client.read == len(raw)


@pytest.mark.parametrize("cell", [None, "", "much", []], ids=str)
def test_a_cell_that_is_no_number_is_left_to_ccxt(
    client: Counting, cell: object
) -> None:
    raw = rows()
    raw[40][4] = cell
    found = rows_parsed(client, raw, SPOT)
    assert found == [client.parse_ohlcv(row, SPOT) for row in raw]


@pytest.mark.parametrize("count", [0, 1, 31])
def test_a_short_page_is_left_to_ccxt(client: Counting, count: int) -> None:
    assert len(rows_parsed(client, rows(count), SPOT)) == count
    assert client.read == count


def test_rows_that_are_no_lists_are_left_to_ccxt(client: Counting) -> None:
    raw: list[Any] = [tuple(row) for row in rows()]
    rows_parsed(client, raw, SPOT)
    assert client.read == len(raw)
