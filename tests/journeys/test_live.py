"""From an exchange to its live prices, over HTTP, on the running service.

The exchange is the loopback one; ccxt asks and watches it as it would the real one.
"""

from __future__ import annotations

import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.journeys.service import follow, service_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.exchange_server.fixtures import Served
    from tests.journeys.service import Service

BINANCE = "/api/v1/exchanges/binance/"
# The first of all asks waits for the feed to connect and to read the markets.
SECONDS = 30.0


@pytest.fixture(scope="module")
def service(
    tmp_path_factory: pytest.TempPathFactory, exchange_process: Served
) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("live")
    endpoint = f"binance={exchange_process.url}"
    with service_run(folder, EXCHANGE_ENDPOINTS=endpoint) as running:
        yield running


@pytest.fixture(scope="module")
def ada(service: Service) -> Iterator[httpx.Client]:
    with service.client("ada") as client:
        yield client


@pytest.fixture(scope="module")
def markets(ada: httpx.Client) -> dict[str, Any]:
    """The exchange's markets, once a job has read them."""
    missing = ada.get(f"{BINANCE}markets/")
    assert missing.status_code == httpx.codes.CONFLICT
    asked = ada.post(f"{BINANCE}markets/refresh/")
    assert asked.status_code == httpx.codes.ACCEPTED, asked.text
    job = follow(ada, asked.headers["Location"])
    assert job["state"] == "succeeded", job
    body: dict[str, Any] = ada.get(f"{BINANCE}markets/", params={"limit": 200}).json()
    assert job["result"]["markets"] == body["markets"] >= 30
    return body


def eventually(
    ask: Callable[[], httpx.Response],
    well: Callable[[dict[str, Any]], bool] = lambda _: True,
) -> dict[str, Any]:
    """Ask as a client would that is told to come back, until the answer is well."""
    until = time.monotonic() + SECONDS
    while True:
        answer = ask()
        if answer.status_code == httpx.codes.OK and well(answer.json()):
            body: dict[str, Any] = answer.json()
            return body
        assert answer.status_code in {
            httpx.codes.OK,
            httpx.codes.SERVICE_UNAVAILABLE,
        }, answer.text
        assert time.monotonic() < until, answer.text
        time.sleep(0.2)


def test_the_markets_of_an_exchange_have_its_grid_and_minimums(
    markets: dict[str, Any], exchange_process: Served
) -> None:
    url = f"{exchange_process.url}/api/v3/exchangeInfo"
    told = {one["symbol"]: one for one in httpx.get(url, timeout=60).json()["symbols"]}
    found = next(one for one in markets["results"] if one["symbol"] == "BTC/USDT")
    rules = {one["filterType"]: one for one in told["BTCUSDT"]["filters"]}
    assert Decimal(found["price_tick"]) == Decimal(rules["PRICE_FILTER"]["tickSize"])
    assert Decimal(found["quantity_step"]) == Decimal(rules["LOT_SIZE"]["stepSize"])
    assert (found["kind"], found["active"], found["gone_at"]) == ("spot", True, None)


def test_a_ticker_that_was_asked_for_is_held_fresh(
    ada: httpx.Client, markets: dict[str, Any]
) -> None:
    ask = lambda: ada.get(f"{BINANCE}ticker/", params={"symbol": "BTC/USDT"})  # noqa: E731
    first = eventually(ask, lambda body: not body["stale"])
    assert Decimal(first["bid"]) < Decimal(first["ask"])
    assert Decimal(first["last"]) > 0
    later = eventually(ask, lambda body: body["received_at"] > first["received_at"])
    assert later["age_seconds"] < 30


def test_many_tickers_come_at_once_and_an_unknown_one_is_told_with_near_ones(
    ada: httpx.Client, markets: dict[str, Any]
) -> None:
    names = [one["symbol"] for one in markets["results"] if one["active"]][:20]
    asked = {"symbols": ",".join([*names, "BTC/USDX"])}
    body = eventually(
        lambda: ada.get(f"{BINANCE}tickers/", params=asked),
        lambda body: sum(one["ticker"] is not None for one in body["results"]) == 20,
    )
    *known, unknown = body["results"]
    assert [one["symbol"] for one in known] == names
    assert unknown["error"]["code"] == "symbol_unknown"
    assert "BTC/USDT" in unknown["error"]["detail"]


def test_the_order_book_and_the_trades_of_a_market_are_followed(
    ada: httpx.Client, markets: dict[str, Any]
) -> None:
    asked = {"symbol": "BTC/USDT", "depth": "5"}
    book = eventually(
        lambda: ada.get(f"{BINANCE}order-book/", params=asked),
        lambda body: not body["stale"],
    )
    bids = [Decimal(price) for price, _ in book["bids"]]
    asks = [Decimal(price) for price, _ in book["asks"]]
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert (len(bids), len(asks)) == (5, 5)
    assert bids[0] < asks[0]
    trades = eventually(
        lambda: ada.get(f"{BINANCE}trades/", params={"symbol": "BTC/USDT"})
    )
    assert {one["side"] for one in trades["trades"]} <= {"buy", "sell"}
    times = [one["time"] for one in trades["trades"]]
    assert times
    assert times == sorted(times)


def test_a_watchlist_tells_the_prices_of_its_markets(
    ada: httpx.Client, markets: dict[str, Any]
) -> None:
    made = ada.post("/api/v1/watchlists/", json={"name": "Majors"}).json()["_links"]
    for symbol in ("ETH/USDT", "BTC/USDT"):
        item = {"exchange": "binance", "symbol": symbol}
        assert ada.post(made["items"], json=item).status_code == httpx.codes.CREATED
    wrong = ada.post(made["items"], json={"exchange": "binance", "symbol": "ETHUSDT"})
    assert wrong.status_code == httpx.codes.NOT_FOUND
    body = eventually(
        lambda: ada.get(made["prices"]),
        lambda body: all(one["ticker"] for one in body["items"]),
    )
    assert [one["ticker"]["symbol"] for one in body["items"]] == [
        "ETH/USDT",
        "BTC/USDT",
    ]


def test_an_exchange_that_falls_silent_is_told_by_its_status_and_by_ages(
    ada: httpx.Client, markets: dict[str, Any], exchange_process: Served
) -> None:
    ticker = {"symbol": "BTC/USDT"}
    up = eventually(
        lambda: ada.get(f"{BINANCE}status/"), lambda body: bool(body["reachable"])
    )
    assert up["age_seconds"] < 30
    assert abs(up["clock_skew_seconds"]) < 5
    exchange_process.listening_stop()
    try:
        down = eventually(
            lambda: ada.get(f"{BINANCE}status/"), lambda body: not body["reachable"]
        )
        assert down["message"]
        old = eventually(
            lambda: ada.get(f"{BINANCE}ticker/", params=ticker),
            lambda body: bool(body["stale"]),
        )
        assert old["age_seconds"] > 10
    finally:
        exchange_process.listening_start()
    back = eventually(
        lambda: ada.get(f"{BINANCE}ticker/", params=ticker),
        lambda body: not body["stale"],
    )
    assert back["received_at"] > old["received_at"]
