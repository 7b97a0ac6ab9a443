"""What an exchange does wrong is an error that says so, and never a wrong answer."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from apps.exchanges.adapters.ccxt.adapter import CcxtMarketData
from apps.exchanges.config import ExchangeConfig
from apps.exchanges.errors import (
    ExchangeAnswerInvalid,
    ExchangeForbidden,
    ExchangeRateLimited,
    ExchangeUnavailable,
    SymbolUnknown,
)
from apps.exchanges.guard import GuardPolicy
from apps.exchanges.tests.loopback import QUICK, SINCE_NS, config_of

if TYPE_CHECKING:
    from tests.exchange_server.fixtures import Served


TORN = ["truncate", "empty", "nulls", "wrong_shape"]


@pytest.mark.parametrize("kind", [*TORN, "html"])
@pytest.mark.parametrize("method", ["ticker", "order_book", "candles", "trades"])
def test_an_answer_that_cannot_be_believed_is_an_error_of_the_exchange(
    served: Served, data: CcxtMarketData, kind: str, method: str
) -> None:
    data.markets()
    served.fault(kind, times=None)
    with pytest.raises((ExchangeAnswerInvalid, ExchangeUnavailable)) as caught:
        call(data, method)
    assert isinstance(caught.value, ExchangeUnavailable) is (kind == "html")
    served.faults_clear()
    call(data, method)


def call(data: CcxtMarketData, method: str) -> object:
    if method == "ticker":
        return data.ticker("BTC/USDT")
    if method == "order_book":
        return data.order_book("BTC/USDT", 5)
    if method == "candles":
        return data.candles_page("BTC/USDT", "1h", SINCE_NS, 10)
    return data.trades_page("BTC/USDT", SINCE_NS, None)


@pytest.mark.parametrize("kind", [*TORN, "html"])
def test_markets_that_cannot_be_believed_are_an_error_of_the_exchange(
    served: Served, data: CcxtMarketData, kind: str
) -> None:
    served.fault(kind, times=None)
    with pytest.raises((ExchangeAnswerInvalid, ExchangeUnavailable)):
        data.markets()
    served.faults_clear()
    assert data.ticker("BTC/USDT").last > 0


@pytest.mark.parametrize(
    "kind", ["candles_nan", "candles_zero", "candles_null", "candles_impossible"]
)
def test_candles_that_were_wrong_once_are_read_again(
    served: Served, data: CcxtMarketData, kind: str
) -> None:
    truth = data.candles_page("BTC/USDT", "1h", SINCE_NS, 50)
    served.fault(kind, times=1)
    page = data.candles_page("BTC/USDT", "1h", SINCE_NS, 50)
    assert served.faults_struck()[kind] >= 1
    for name in ("time", "open", "high", "low", "close", "volume"):
        assert getattr(page, name).tolist() == getattr(truth, name).tolist()


@pytest.mark.parametrize(
    ("kind", "named"),
    [("candles_nan", "rows"), ("candles_zero", "rows"), ("candles_null", "rows")],
    ids=["nan", "zero", "null"],
)
def test_candles_that_stay_wrong_are_named(
    served: Served, data: CcxtMarketData, kind: str, named: str
) -> None:
    served.fault(kind, times=None)
    with pytest.raises(ExchangeAnswerInvalid) as caught:
        data.candles_page("BTC/USDT", "1h", SINCE_NS, 50)
    assert str(caught.value.attr).startswith(named)
    assert "BTC/USDT" in caught.value.message


@pytest.mark.parametrize(
    "kind", ["candles_shuffled", "candles_reversed", "candles_doubled"]
)
def test_candles_in_any_order_or_twice_are_the_same_candles(
    served: Served, data: CcxtMarketData, kind: str
) -> None:
    truth = data.candles_page("BTC/USDT", "1h", SINCE_NS, 50)
    served.fault(kind, times=None)
    page = data.candles_page("BTC/USDT", "1h", SINCE_NS, 50)
    assert served.faults_struck()[kind] >= 1
    # A page that holds a candle twice holds one less of the others.
    assert page.time.tolist() == truth.time[: len(page)].tolist()
    assert page.volume.tolist() == truth.volume[: len(page)].tolist()


@pytest.mark.parametrize(
    "kind", ["drop_before", "drop_after", "error_before", "error_after"]
)
def test_a_read_survives_an_outage_that_passes(
    served: Served, data: CcxtMarketData, kind: str
) -> None:
    data.markets()
    served.fault(kind, times=2)
    assert len(data.candles_page("BTC/USDT", "1h", SINCE_NS, 50)) == 50


def test_an_exchange_that_does_not_answer_is_given_up_in_time(served: Served) -> None:
    data = CcxtMarketData("binance", config_of(served, timeout_seconds=0.3), QUICK)
    data.markets()
    served.fault("slow", seconds=5, times=None)
    begun = time.monotonic()
    with pytest.raises(ExchangeUnavailable):
        data.ticker("BTC/USDT")
    assert time.monotonic() - begun < 4.5
    data.close()


def test_an_exchange_that_answers_a_byte_at_a_time_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        listening.settimeout(20)

        def drip() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    b"Content-Length: 100000\r\n\r\n["
                )
                try:
                    while True:
                        connection.sendall(b" ")
                        time.sleep(0.05)
                except OSError:
                    return

        with ThreadPoolExecutor(1) as pool:
            dripping = pool.submit(drip)
            data = CcxtMarketData(
                "binance",
                ExchangeConfig(f"http://127.0.0.1:{port}", 0.5, rate_limits=False),
                GuardPolicy(attempts=1),
            )
            begun = time.monotonic()
            with pytest.raises(ExchangeUnavailable):
                data.markets()
            assert time.monotonic() - begun < 10
            data.close()
            dripping.result(10)


def test_a_pause_that_the_exchange_demands_is_kept(
    served: Served, data: CcxtMarketData
) -> None:
    data.markets()
    served.fault("rate_limit", seconds=1, times=1)
    begun = time.monotonic()
    data.ticker("BTC/USDT")
    assert 1.0 <= time.monotonic() - begun < 10


def test_a_ban_is_told_with_its_end_and_nothing_is_sent_until_then(
    served: Served,
) -> None:
    banned = CcxtMarketData("binance", config_of(served, timeout_seconds=2.5), QUICK)
    banned.markets()
    served.fault("ban", seconds=90, times=1)
    with pytest.raises(ExchangeRateLimited) as caught:
        banned.ticker("BTC/USDT")
    assert caught.value.retry_after == pytest.approx(90, abs=3)
    served.faults_clear()
    before = len(served.requests())
    with pytest.raises(ExchangeRateLimited, match="wants no calls"):
        banned.ticker("BTC/USDT")
    assert len(served.requests()) == before
    banned.close()


def test_a_country_that_is_shut_out_is_told(
    served: Served, data: CcxtMarketData
) -> None:
    data.markets()
    served.fault("error_before", status=451, times=None)
    with pytest.raises(ExchangeForbidden):
        data.ticker("BTC/USDT")


def test_an_outage_opens_the_circuit_and_the_end_of_it_closes_it(
    served: Served, data: CcxtMarketData
) -> None:
    data.markets()
    served.fault("error_before", times=None)
    for _ in range(2):
        with pytest.raises(ExchangeUnavailable):
            data.ticker("BTC/USDT")
    before = len(served.requests())
    with pytest.raises(ExchangeUnavailable, match="is not asked"):
        data.ticker("BTC/USDT")
    status = data.status()
    assert (status.reachable, status.circuit) == (False, "open")
    assert "is not asked" in status.message
    assert len(served.requests()) == before
    served.faults_clear()
    time.sleep(QUICK.open_first + 0.05)
    assert data.ticker("BTC/USDT").last > 0
    assert data.status().circuit == "closed"


def test_wrong_symbols_leave_the_circuit_closed(
    served: Served, data: CcxtMarketData
) -> None:
    data.markets()
    served.fault("refuse", code=-1121, times=20)
    for _ in range(20):
        with pytest.raises(SymbolUnknown):
            data.ticker("BTC/USDT")
    assert data.status().circuit == "closed"


def test_the_state_tells_latency_and_the_clocks_difference(
    served: Served, data: CcxtMarketData
) -> None:
    served.clock_set(skew_seconds=30)
    status = data.status()
    assert status.reachable
    assert status.clock_skew_seconds == pytest.approx(30, abs=3)
    assert status.latency_seconds is not None
    assert 0 < status.latency_seconds < 20


def test_an_exchange_that_is_away_is_a_state_and_not_an_error() -> None:
    config = ExchangeConfig("http://127.0.0.1:9", rate_limits=False)
    data = CcxtMarketData("binance", config, QUICK)
    status = data.status()
    assert not status.reachable
    assert status.message
    assert "http" in status.message
    data.close()
