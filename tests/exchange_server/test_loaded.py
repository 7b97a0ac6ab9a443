"""A past that a test brings is served as it was brought."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.exchange_server.ccxt_urls import ccxt_sync
from tests.exchange_server.markets import HOUR_MS, day_ms

if TYPE_CHECKING:
    from tests.exchange_server.fixtures import Served

START = day_ms(2024, 1, 1)


def _candles(count: int) -> dict[str, list[float]]:
    rng = np.random.default_rng(1)
    close = np.round(100 + np.cumsum(rng.normal(0, 1, count)), 4)
    first = np.concatenate(([100.0], close[:-1]))
    return {
        "time": [float(START + n * HOUR_MS) for n in range(count)],
        "open": first.tolist(),
        "high": np.round(np.maximum(first, close) + 0.5, 4).tolist(),
        "low": np.round(np.minimum(first, close) - 0.5, 4).tolist(),
        "close": close.tolist(),
        "volume": np.round(rng.uniform(1, 1000, count), 8).tolist(),
    }


def test_brought_candles_come_back_to_the_last_digit(exchange_server: Served) -> None:
    candles = _candles(2400)
    told = {
        "symbol": "NEW/USDT",
        "interval": "1h",
        "candles": candles,
        "tick": "0.0001",
    }
    exchange_server.control("history", told)
    with ccxt_sync(exchange_server) as client:
        market = client.load_markets()["NEW/USDT"]
        assert market["precision"]["price"] == 0.0001
        bars, since = [], 0
        while page := client.fetch_ohlcv("NEW/USDT", "1h", since, 1000):
            bars += page
            since = page[-1][0] + HOUR_MS
        days = client.fetch_ohlcv("NEW/USDT", "1d", START, 1000)
        assert client.fetch_ohlcv("NEW/USDT", "5m", START, 10) == []
    columns = ("time", "open", "high", "low", "close", "volume")
    assert bars == [
        list(row) for row in zip(*(candles[c] for c in columns), strict=True)
    ]
    assert len(days) == 100
    assert days[3][2] == max(candles["high"][72:96])
    assert days[3][4] == candles["close"][95]


def test_a_past_can_end_in_the_middle_of_a_bar(exchange_server: Served) -> None:
    told = {"symbol": "NEW/USDT", "interval": "1h", "candles": _candles(100)}
    exchange_server.control("history", told)
    exchange_server.clock_set(frozen_ms=START + 50 * HOUR_MS + 1)
    with ccxt_sync(exchange_server) as client:
        bars = client.fetch_ohlcv("NEW/USDT", "1h", START, 1000)
    assert len(bars) == 51
    assert bars[-1][4] == bars[-1][1]


def test_brought_trades_make_their_minutes(exchange_server: Served) -> None:
    trades = {
        "id": [7, 8, 9, 10],
        "time": [START, START + 1000, START + 61_000, START + 62_000],
        "price": ["1.5", "1.7", "1.6", "1.4"],
        "quantity": ["10", "20", "5", "5"],
        "maker": [True, False, False, True],
    }
    exchange_server.control("history", {"symbol": "XRP/ETH", "trades": trades})
    with ccxt_sync(exchange_server) as client:
        bars = client.fetch_ohlcv("XRP/ETH", "1m", START, 10)
        read = client.fetch_trades("XRP/ETH", START, 10)
        later = client.fetch_trades("XRP/ETH", params={"fromId": 9})
    assert bars == [
        [START, 1.5, 1.7, 1.5, 1.7, 30.0],
        [START + 60_000, 1.6, 1.6, 1.4, 1.4, 10.0],
    ]
    assert [each["id"] for each in read] == ["7", "8", "9", "10"]
    assert [each["side"] for each in read] == ["sell", "buy", "buy", "sell"]
    assert [each["id"] for each in later] == ["9", "10"]
