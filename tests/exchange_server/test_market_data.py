"""The real ccxt reads markets, candles, prices, books and trades."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import ccxt
import pytest

from tests.exchange_server.ccxt_urls import ccxt_sync
from tests.exchange_server.exchange import ExchangeOptions
from tests.exchange_server.fixtures import serve
from tests.exchange_server.markets import HOUR_MS, Era, ServedMarket, day_ms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.exchange_server.fixtures import Served

NOW = day_ms(2026, 1, 1) + 30 * 60_000 + 20_000


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serve(ExchangeOptions(now_ms=NOW)) as made:
        yield made


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[Any]:
    with ccxt_sync(served) as made:
        made.load_markets()
        yield made


def test_markets_have_their_grids_and_minimums(client: Any) -> None:
    market = client.market("BTC/USDT")
    assert len(client.markets) == 32
    assert market["spot"]
    assert market["active"]
    assert market["precision"]["price"] == 0.01
    assert market["precision"]["amount"] == 0.00001
    assert market["limits"]["cost"]["min"] == 5.0
    assert client.price_to_precision("BTC/USDT", 1234.5678) == "1234.57"
    assert not client.market("SRM/USDT")["active"]


@pytest.mark.parametrize("timeframe", ["1m", "5m", "15m", "1h", "4h", "1d", "1w", "1M"])
def test_the_last_bar_is_unfinished(client: Any, timeframe: str) -> None:
    bars = client.fetch_ohlcv("BTC/USDT", timeframe, limit=3)
    assert len(bars) == 3
    assert bars[-1][0] <= NOW
    # The month is the shortest that ccxt counts with: thirty days.
    assert bars[-1][0] + client.parse_timeframe(timeframe) * 1000 > NOW


def test_pages_follow_each_other_from_listing_to_the_last_bar(client: Any) -> None:
    since, bars = 0, []
    while True:
        page = client.fetch_ohlcv("ETH/USDT", "1d", since=since, limit=1000)
        bars += page
        if len(page) < 1000:
            break
        since = page[-1][0] + 86_400_000
    times = [bar[0] for bar in bars]
    assert times[0] == day_ms(2017, 9, 14)
    assert times == list(range(times[0], day_ms(2026, 1, 1) + 1, 86_400_000))


def test_a_page_is_asked_for_by_start_end_and_limit(client: Any) -> None:
    start = day_ms(2025, 6, 1)
    bars = client.fetch_ohlcv("BTC/USDT", "1h", since=start, limit=5)
    assert [bar[0] for bar in bars] == [start + n * HOUR_MS for n in range(5)]
    until = client.fetch_ohlcv(
        "BTC/USDT", "1h", since=start, params={"until": start + HOUR_MS}
    )
    assert until == bars[:2]
    last = client.fetch_ohlcv("BTC/USDT", "1h", limit=2, params={"until": start})
    assert [bar[0] for bar in last] == [start - HOUR_MS, start]
    assert client.fetch_ohlcv("BTC/USDT", "1h", since=NOW + HOUR_MS) == []


def test_minutes_across_a_page_border_are_those_of_the_hour(client: Any) -> None:
    start = day_ms(2025, 6, 1)
    hours = client.fetch_ohlcv("BTC/USDT", "1h", since=start, limit=20)
    minutes = client.fetch_ohlcv("BTC/USDT", "1m", since=start, limit=1000)
    minutes += client.fetch_ohlcv(
        "BTC/USDT", "1m", since=minutes[-1][0] + 60_000, limit=200
    )
    for number, hour in enumerate(hours):
        part = minutes[60 * number : 60 * number + 60]
        assert part[0][1] == hour[1]
        assert max(bar[2] for bar in part) == hour[2]
        assert min(bar[3] for bar in part) == hour[3]
        assert part[-1][4] == hour[4]
        assert sum(bar[5] for bar in part) == pytest.approx(hour[5])


def test_trades_are_read_by_time_and_number(client: Any) -> None:
    start = NOW - 90 * 60_000
    first = client.fetch_trades("ETH/USDT", since=start, limit=1000)
    assert len(first) == 1000
    assert first[0]["timestamp"] >= start
    number = int(first[-1]["id"]) + 1
    second = client.fetch_trades("ETH/USDT", params={"fromId": number}, limit=1000)
    assert int(second[0]["id"]) == number
    ids = [int(trade["id"]) for trade in first + second]
    assert ids == list(range(ids[0], ids[0] + len(ids)))


def test_an_hour_of_trades_at_most(client: Any) -> None:
    with pytest.raises(ccxt.BadRequest, match="1 hours"):
        client.publicGetAggTrades(
            {"symbol": "ETHUSDT", "startTime": NOW - 2 * HOUR_MS, "endTime": NOW}
        )


def test_prices_and_books_agree(client: Any) -> None:
    ticker = client.fetch_ticker("BTC/USDT")
    book = client.fetch_order_book("BTC/USDT", 50)
    assert ticker["bid"] == book["bids"][0][0] < book["asks"][0][0] == ticker["ask"]
    assert ticker["bid"] < ticker["last"] < ticker["ask"]
    assert len(book["bids"]) == len(book["asks"]) == 50
    assert book["bids"] == sorted(book["bids"], reverse=True)
    assert len(client.fetch_tickers()) == 32
    assert client.fetch_bids_asks(["BTC/USDT"])["BTC/USDT"]["bid"] == ticker["bid"]
    assert client.fetch_last_prices()["BTC/USDT"]["price"] == ticker["last"]
    assert client.fetch_status()["status"] == "ok"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"symbol": "NOSUCH", "interval": "1h"}, -1121),
        ({"symbol": "BTCUSDT", "interval": "7h"}, -1120),
        ({"interval": "1h"}, -1102),
        ({"symbol": "BTCUSDT", "interval": "1h", "startTime": "x"}, -1100),
    ],
    ids=["symbol", "interval", "missing", "illegal"],
)
def test_what_is_asked_wrongly_is_refused_with_binances_code(
    client: Any, asked: dict[str, str], code: int
) -> None:
    with pytest.raises(ccxt.ExchangeError, match=str(code)):
        client.publicGetKlines(asked)


def test_the_weight_used_is_told(client: Any) -> None:
    client.publicGetExchangeInfo()
    first = int(client.last_response_headers["x-mbx-used-weight-1m"])
    client.publicGetKlines({"symbol": "BTCUSDT", "interval": "1h"})
    second = int(client.last_response_headers["x-mbx-used-weight-1m"])
    assert second - first in {2, 2 - first}


def test_a_hole_is_in_every_interval_that_it_fills() -> None:
    start = day_ms(2025, 3, 1)
    market = ServedMarket(
        "HOL",
        "USDT",
        Decimal("0.01"),
        Decimal("0.001"),
        Decimal(5),
        (Era(day_ms(2025, 1, 1), None, Decimal(50)),),
        holes=((start + 90 * 60_000, start + 270 * 60_000),),
    )
    options = ExchangeOptions(now_ms=NOW, markets=(market,))
    with serve(options) as served, ccxt_sync(served) as holed:
        hours = holed.fetch_ohlcv("HOL/USDT", "1h", since=start, limit=6)
        minutes = holed.fetch_ohlcv("HOL/USDT", "1m", since=start, limit=300)
    assert [(bar[0] - start) // HOUR_MS for bar in hours] == [0, 1, 4, 5, 6, 7]
    assert len([bar for bar in minutes if bar[0] < start + 300 * 60_000]) == 120
