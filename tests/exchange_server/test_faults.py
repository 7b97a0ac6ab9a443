"""What is scripted to go wrong goes wrong, is seen by the real ccxt, and is counted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import ccxt
import pytest

from tests.exchange_server.ccxt_urls import KEYS, ccxt_sync
from tests.exchange_server.exchange import ExchangeOptions
from tests.exchange_server.faults import Fault, FaultKind, Faults
from tests.exchange_server.fixtures import serve
from tests.exchange_server.markets import HOUR_MS, day_ms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.exchange_server.fixtures import Served

START = day_ms(2025, 3, 1)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serve(ExchangeOptions(symbols=3)) as made:
        yield made


@pytest.fixture
def client(served: Served) -> Iterator[Any]:
    served.faults_clear()
    with ccxt_sync(served, timeout=500, **KEYS) as made:
        made.load_markets()
        yield made
    served.faults_clear()


def _bars(client: Any) -> list[list[Any]]:
    bars: list[list[Any]] = client.fetch_ohlcv("BTC/USDT", "1h", START, 10)
    return bars


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("timeout_before", ccxt.RequestTimeout),
        ("timeout_after", ccxt.RequestTimeout),
        ("drop_before", ccxt.NetworkError),
        ("drop_after", ccxt.NetworkError),
        ("error_before", ccxt.ExchangeNotAvailable),
        ("error_after", ccxt.ExchangeNotAvailable),
        ("rate_limit", ccxt.DDoSProtection),
        ("ban", ccxt.DDoSProtection),
        ("forbidden", ccxt.NetworkError),
    ],
)
def test_a_fault_is_an_error_once_and_then_all_is_well(
    client: Any, served: Served, kind: str, error: type[Exception]
) -> None:
    before = served.faults_struck().get(kind, 0)
    well = _bars(client)
    served.fault(kind, path="klines", seconds=1)
    with pytest.raises(error):
        _bars(client)
    served.faults_clear()
    assert served.faults_struck()[kind] == before + 1
    assert _bars(client) == well


@pytest.mark.parametrize("kind", ["empty", "truncate", "nulls", "wrong_shape"])
def test_a_ticker_told_wrongly_is_not_the_ticker(
    client: Any, served: Served, kind: str
) -> None:
    """Some of it raises, and some gives a ticker of nothing: that is ccxt's doing."""
    served.fault(kind, path="ticker/24hr")
    try:
        last = client.fetch_ticker("BTC/USDT")["last"]
    except (ccxt.BaseError, TypeError, AttributeError, KeyError):
        last = None
    assert last is None
    assert client.fetch_ticker("BTC/USDT")["last"] > 0


def _rows(client: Any) -> list[list[Any]]:
    asked = {"symbol": "BTCUSDT", "interval": "1h", "startTime": START, "limit": 10}
    rows: list[list[Any]] = client.publicGetKlines(asked)
    return rows


def test_candles_come_wrong_in_every_scripted_way(client: Any, served: Served) -> None:
    well = _rows(client)

    def told(kind: str, **details: Any) -> list[list[Any]]:
        served.fault(kind, path="klines", **details)
        return _rows(client)

    assert told("candles_reversed") == well[::-1]
    assert told("candles_shuffled") == well[5:] + well[:5]
    assert told("candles_doubled") == well[:6] + well[5:]
    assert told("candles_hole") == well[:5] + well[8:]
    hole = {"start_ms": START, "end_ms": START + 2 * HOUR_MS}
    assert told("candles_hole", **hole) == well[2:]
    assert told("candles_zero")[5][4] == "0.00000000"
    assert told("candles_null")[5][4] is None
    assert told("candles_nan")[5][4] == "NaN"
    impossible = told("candles_impossible")[5]
    assert float(impossible[2]) < float(impossible[3])
    half = told("candles_unfinished")[-1]
    assert float(half[5]) == pytest.approx(float(well[-1][5]) / 2)
    assert _rows(client) == well


@pytest.mark.parametrize("kind", ["html", "truncate", "empty", "wrong_shape"])
def test_candles_of_a_spoiled_answer_are_not_the_candles(
    client: Any, served: Served, kind: str
) -> None:
    """Here too some raise, and some give no candles at all without a word."""
    served.fault(kind, path="klines")
    try:
        told = _bars(client)
    except (ccxt.BaseError, TypeError, AttributeError, KeyError):
        told = []
    assert told == []
    assert len(_bars(client)) == 10


def test_an_order_is_placed_though_no_answer_came(client: Any, served: Served) -> None:
    served.price_set("BTCUSDT", "4000")
    served.fault("timeout_after", path="/order", method="POST", seconds=1)
    with pytest.raises(ccxt.RequestTimeout):
        client.create_order(
            "BTC/USDT", "market", "buy", 0.1, None, {"clientOrderId": "lost-1"}
        )
    found = client.fetch_order(None, "BTC/USDT", {"origClientOrderId": "lost-1"})
    assert found["status"] == "closed"
    assert served.account()["balanced"]


def test_an_order_is_not_placed_where_the_fault_came_first(
    client: Any, served: Served
) -> None:
    served.fault("error_before", path="/order", method="POST", status=503)
    with pytest.raises(ccxt.ExchangeNotAvailable):
        client.create_order(
            "BTC/USDT", "market", "buy", 0.1, None, {"clientOrderId": "lost-2"}
        )
    with pytest.raises(ccxt.OrderNotFound):
        client.fetch_order(None, "BTC/USDT", {"origClientOrderId": "lost-2"})


def test_a_ban_lasts_as_long_as_it_says(client: Any, served: Served) -> None:
    served.fault("ban", path="klines", seconds=0.4)
    for _ in range(2):
        with pytest.raises(ccxt.DDoSProtection, match="418"):
            _bars(client)
    assert int(client.last_response_headers["Retry-After"]) == 1
    time.sleep(0.5)
    assert len(_bars(client)) == 10


def test_who_asks_too_much_is_told_to_wait_and_then_banned() -> None:
    options = ExchangeOptions(symbols=1, weight_limit=50)
    with serve(options) as served, ccxt_sync(served) as client:
        client.load_markets()
        kinds = []
        for _ in range(60):
            try:
                client.publicGetKlines({"symbol": "BTCUSDT", "interval": "1h"})
            except ccxt.DDoSProtection as error:
                kinds.append("418" if "418" in str(error) else "429")
                assert int(client.last_response_headers["Retry-After"]) > 0
        assert kinds[0] == "429"
        assert kinds[-1] == "418"


def test_connections_are_refused_and_then_taken_at_the_same_address(
    client: Any, served: Served
) -> None:
    well = _bars(client)
    served.listening_stop()
    with pytest.raises(ccxt.NetworkError):
        _bars(client)
    served.listening_start()
    assert _bars(client) == well


def test_a_slow_answer_is_right(client: Any, served: Served) -> None:
    well = _bars(client)
    served.fault("slow", path="klines", seconds=0.2)
    begun = time.monotonic()
    assert _bars(client) == well
    assert time.monotonic() - begun >= 0.2


def test_a_fault_is_met_by_place_turn_and_symbol(client: Any, served: Served) -> None:
    served.fault("error_before", path="klines", symbol="ETHUSDT", skip=1, times=2)
    assert len(_bars(client)) == 10
    outcomes = []
    for _ in range(4):
        try:
            client.fetch_ohlcv("ETH/USDT", "1h", START, 2)
            outcomes.append("well")
        except ccxt.ExchangeNotAvailable:
            outcomes.append("error")
    assert outcomes == ["well", "error", "error", "well"]


def test_a_flaky_hole_hides_a_bar_only_once(client: Any, served: Served) -> None:
    served.fault("candles_hole", path="klines", times=None, once_each=True)
    assert [len(_bars(client)) for _ in range(3)] == [7, 10, 10]
    # The middle of this page is one bar further: two of its three were hidden already.
    assert len(client.fetch_ohlcv("BTC/USDT", "1h", START + HOUR_MS, 10)) == 9


def test_the_same_request_fails_only_once_where_it_is_to(
    client: Any, served: Served
) -> None:
    served.fault("error_before", path="klines", times=None, once_each=True)
    for _ in range(2):
        with pytest.raises(ccxt.ExchangeNotAvailable):
            _bars(client)
        assert len(_bars(client)) == 10
        served.faults_clear()
        served.fault("error_before", path="klines", times=None, once_each=True)


def test_a_hole_and_a_halt_are_scripted_for_good(client: Any, served: Served) -> None:
    hole = [START, START + 2 * HOUR_MS]
    told = {"symbol": "XRPETH", "holes": [hole], "status": "HALT"}
    served.control("market", told)
    bars = client.fetch_ohlcv("XRP/ETH", "4h", START, 2)
    hours = client.fetch_ohlcv("XRP/ETH", "1h", START, 2)
    assert [bar[0] for bar in hours] == [START + 2 * HOUR_MS, START + 3 * HOUR_MS]
    assert bars[0][0] == START
    assert bars[0][5] == pytest.approx(hours[0][5] + hours[1][5])
    assert not client.load_markets(reload=True)["XRP/ETH"]["active"]
    served.control("market", {"symbol": "XRPETH", "holes": [], "status": "TRADING"})


def test_chances_are_the_same_under_the_same_seed() -> None:
    def struck(seed: int) -> list[bool]:
        faults = Faults()
        faults.seed(seed)
        faults.add(Fault(FaultKind.EMPTY, times=None, probability=0.3))
        kinds = frozenset({FaultKind.EMPTY})
        return [faults.met(kinds) is not None for _ in range(200)]

    assert struck(1) == struck(1) != struck(2)
    assert 30 < sum(struck(1)) < 90


def test_every_fault_is_in_the_journal(client: Any, served: Served) -> None:
    after = served.control("journal")["count"]
    served.fault("empty", path="ping")
    assert not client.publicGetPing()
    told = [each for each in served.journal("fault", after) if each["kind"] == "fault"]
    assert [each["body"]["fault"] for each in told] == ["empty"]
