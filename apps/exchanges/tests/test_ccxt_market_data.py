"""The public data of an exchange, by the real ccxt client against a loopback exchange."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal, getcontext
from typing import TYPE_CHECKING

import numpy as np
import pytest

from apps.exchanges.contracts import MarketKind
from apps.exchanges.errors import ExchangeRejected, SymbolUnknown, TimeframeUnsupported
from apps.exchanges.registry import exchange_open, exchanges_close
from apps.exchanges.tests.loopback import HOUR_NS, SINCE_NS, config_of
from tests.edge.servers import ROOT

if TYPE_CHECKING:
    from apps.exchanges.adapters.ccxt.adapter import CcxtMarketData
    from tests.exchange_server.fixtures import Served


def asked(served: Served, path: str, after: int) -> int:
    """How many requests of a path came since."""
    return len(served.requests(path)) - after


def test_markets_come_with_their_rules_exact(data: CcxtMarketData) -> None:
    markets = {each.symbol: each for each in data.markets()}
    assert list(markets) == sorted(markets)
    bitcoin = markets["BTC/USDT"]
    assert (bitcoin.base, bitcoin.quote, bitcoin.kind) == (
        "BTC",
        "USDT",
        MarketKind.SPOT,
    )
    assert bitcoin.price_tick == Decimal("0.01")
    assert bitcoin.quantity_step == bitcoin.min_quantity == Decimal("0.00001")
    assert bitcoin.min_notional == 5
    assert bitcoin.taker_fee == Decimal("0.001")
    assert bitcoin.active


def test_one_call_brings_the_markets_and_they_are_remembered(
    served: Served, data: CcxtMarketData
) -> None:
    before = len(served.requests("exchangeInfo"))
    data.ticker("BTC/USDT")
    data.order_book("BTC/USDT", 5)
    assert asked(served, "exchangeInfo", before) == 1
    data.markets()
    assert asked(served, "exchangeInfo", before) == 2


def test_a_ticker_is_exact(data: CcxtMarketData) -> None:
    before = time.time_ns()
    ticker = data.ticker("BTC/USDT")
    assert ticker.last > 0
    assert ticker.last % Decimal("0.01") == 0
    assert ticker.bid is not None
    assert ticker.ask is not None
    assert ticker.bid < ticker.ask
    assert before <= ticker.received_ns <= time.time_ns()
    assert ticker.venue_ns is not None


def test_an_order_book_has_its_best_prices_first(data: CcxtMarketData) -> None:
    book = data.order_book("BTC/USDT", 5)
    assert len(book.bids) == len(book.asks) == 5
    assert list(book.bids) == sorted(book.bids, reverse=True)
    assert list(book.asks) == sorted(book.asks)
    assert book.bids[0][0] < book.asks[0][0]
    assert book.sequence is not None


def test_candles_come_in_pages_from_a_time_on(data: CcxtMarketData) -> None:
    page = data.candles_page("BTC/USDT", "1h", SINCE_NS)
    assert len(page) == 1000
    assert page.time[0] == SINCE_NS
    assert (np.diff(page.time) == HOUR_NS).all()
    assert page.timeframe_ns == HOUR_NS
    assert (page.high >= page.low).all()
    few = data.candles_page("BTC/USDT", "1h", SINCE_NS + 1, 7)
    assert few.time.tolist() == page.time[1:8].tolist()
    assert few.close.tolist() == page.close[1:8].tolist()


def test_no_candles_come_from_the_future(data: CcxtMarketData) -> None:
    assert len(data.candles_page("BTC/USDT", "1h", time.time_ns() + 10 * HOUR_NS)) == 0


def test_trades_come_by_time_and_then_by_id_without_a_gap(data: CcxtMarketData) -> None:
    first = data.trades_page("XRP/USDT", SINCE_NS, None)
    assert len(first) == 1000
    assert first.time[0] >= SINCE_NS
    after = data.trades_page("XRP/USDT", SINCE_NS, first.ids[-1])
    ids = [int(each) for each in (*first.ids, *after.ids)]
    assert ids == list(range(ids[0], ids[0] + 2000))
    assert (np.diff(np.concatenate([first.time, after.time])) >= 0).all()


def test_an_unknown_symbol_is_told_with_near_ones_and_without_a_call(
    served: Served, data: CcxtMarketData
) -> None:
    data.markets()
    before = len(served.requests())
    with pytest.raises(SymbolUnknown, match="did you mean BTC/USDT"):
        data.ticker("BTC/USTD")
    with pytest.raises(SymbolUnknown):
        data.candles_page("btc/usdt", "1h", SINCE_NS)
    assert len(served.requests()) == before


def test_a_timeframe_that_it_lacks_is_told_with_those_that_it_has(
    data: CcxtMarketData,
) -> None:
    with pytest.raises(TimeframeUnsupported, match=r"7m.*1m, 3m, 5m"):
        data.candles_page("BTC/USDT", "7m", SINCE_NS)


def test_prices_and_quantities_are_rounded_by_the_markets_rules(
    data: CcxtMarketData,
) -> None:
    rounding = getcontext().rounding
    assert data.price_round("BTC/USDT", Decimal("4885.126")) == Decimal("4885.13")
    assert data.price_round("BTC/USDT", Decimal("4885.124")) == Decimal("4885.12")
    assert data.quantity_round("BTC/USDT", Decimal("0.123459999")) == Decimal("0.12345")
    with pytest.raises(ExchangeRejected, match="below the smallest amount"):
        data.quantity_round("BTC/USDT", Decimal("0.000001"))
    with pytest.raises(ExchangeRejected, match="below the smallest price"):
        data.price_round("BTC/USDT", Decimal("0.001"))
    assert getcontext().rounding == rounding


def test_capabilities_say_what_it_can_do(data: CcxtMarketData) -> None:
    can = data.capabilities()
    assert can.candles
    assert can.candles_per_page == 1000
    assert "1h" in can.timeframes
    assert can.stream_order_book


# --- one client of an exchange in a process


def test_threads_that_come_at_once_share_one_client(served: Served) -> None:
    config = config_of(served)
    before = len(served.requests("exchangeInfo"))
    with ThreadPoolExecutor(16) as pool:
        opened = list(pool.map(lambda _: exchange_open("binance", config), range(16)))
        assert len({id(each) for each in opened}) == 1
        list(pool.map(lambda each: each.ticker("BTC/USDT"), opened))
    assert asked(served, "exchangeInfo", before) == 1
    assert (
        exchange_open("binance", config_of(served, timeout_seconds=3)) is not opened[0]
    )
    exchanges_close()
    assert exchange_open("binance", config) is not opened[0]
    exchanges_close()


def test_a_forked_child_has_connections_of_its_own(served: Served) -> None:
    # In a program of its own: one with a single thread, as a worker that forks is.
    program = f"""
import os
from apps.exchanges.config import ExchangeConfig
from apps.exchanges.registry import exchange_open
config = ExchangeConfig({served.url!r}, rate_limits=False)
mine = exchange_open("binance", config)
mine.ticker("BTC/USDT")
child = os.fork()
if not child:
    other = exchange_open("binance", config)
    assert other is not mine
    for _ in range(20):
        other.ticker("ETH/USDT")
    os._exit(0)
for _ in range(20):
    assert mine.ticker("BTC/USDT").symbol == "BTC/USDT"
assert os.waitpid(child, 0)[1] == 0
mine.ticker("BTC/USDT")
print("well")
"""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "well\n", done.stderr
