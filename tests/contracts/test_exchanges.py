"""One suite over every adapter of `MarketDataPort`."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest

from apps.exchanges.config import ExchangeConfig
from apps.exchanges.errors import (
    ExchangeUnsupported,
    SymbolUnknown,
    TimeframeUnsupported,
)
from apps.exchanges.registry import exchange_open, exchanges_close

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.exchanges.ports import MarketDataPort

HOUR_NS = 3_600_000_000_000
SINCE_NS = 1_700_000_000_000_000_000 // HOUR_NS * HOUR_NS
SYMBOL = "BTC/USDT"


@pytest.fixture(params=["simulated", "binance"])
def data(request: pytest.FixtureRequest) -> Iterator[MarketDataPort]:
    """Each exchange that there is without a network."""
    config = ExchangeConfig()
    if request.param != "simulated":
        served = request.getfixturevalue("exchange_process")
        served.faults_clear()
        config = ExchangeConfig(served.url, timeout_seconds=5, rate_limits=False)
    yield exchange_open(request.param, config)
    exchanges_close()


def test_it_knows_its_name_and_says_what_it_can_do(data: MarketDataPort) -> None:
    can = data.capabilities()
    assert data.exchange in {"simulated", "binance"}
    assert can.candles
    assert "1h" in can.timeframes
    assert can.candles_per_page is not None


def test_it_is_reachable(data: MarketDataPort) -> None:
    status = data.status()
    assert status.reachable
    assert status.circuit == "closed"
    assert status.message == ""
    assert status.clock_skew_seconds == pytest.approx(0, abs=1)


def test_its_markets_are_sorted_and_have_rules_above_zero(data: MarketDataPort) -> None:
    markets = data.markets()
    symbols = [each.symbol for each in markets]
    assert symbols == sorted(set(symbols))
    assert SYMBOL in symbols
    for each in markets:
        for rule in (each.price_tick, each.quantity_step, each.min_quantity):
            assert isinstance(rule, Decimal)
            assert rule > 0
        assert each.min_notional >= 0
        assert 0 <= each.taker_fee < Decimal("0.1")
        assert each.min_quantity >= each.quantity_step


def test_its_ticker_has_a_price_on_the_grid(data: MarketDataPort) -> None:
    tick = {each.symbol: each for each in data.markets()}[SYMBOL].price_tick
    ticker = data.ticker(SYMBOL)
    assert ticker.symbol == SYMBOL
    assert ticker.last > 0
    assert ticker.last % tick == 0
    assert abs(ticker.received_ns - time.time_ns()) < 5_000_000_000


def test_its_candles_are_in_order_on_the_timeframe_and_of_the_past(
    data: MarketDataPort,
) -> None:
    page = data.candles_page(SYMBOL, "1h", SINCE_NS, 24)
    assert page.time.tolist() == [SINCE_NS + n * HOUR_NS for n in range(24)]
    assert page.timeframe_ns == HOUR_NS
    assert (page.high >= np.maximum(page.open, page.close)).all()
    assert (page.low <= np.minimum(page.open, page.close)).all()
    assert (page.low > 0).all()
    assert (page.volume >= 0).all()


def test_its_pages_join_without_a_gap_and_without_a_double(
    data: MarketDataPort,
) -> None:
    whole = data.candles_page(SYMBOL, "1h", SINCE_NS, 30)
    joined: list[int] = []
    since = SINCE_NS
    while len(joined) < 30:
        page = data.candles_page(SYMBOL, "1h", since, 7)
        joined += page.time.tolist()
        since = int(page.time[-1]) + 1
    assert joined[:30] == whole.time.tolist()


def test_its_last_candle_is_the_one_that_runs_and_none_is_later(
    data: MarketDataPort,
) -> None:
    now = time.time_ns()
    page = data.candles_page(SYMBOL, "1h", now - 3 * HOUR_NS)
    assert page.time[-1] <= time.time_ns()
    assert page.time[-1] + HOUR_NS > now
    assert len(data.candles_page(SYMBOL, "1h", now + 2 * HOUR_NS)) == 0


def test_it_rounds_prices_to_the_nearest_step_and_quantities_down(
    data: MarketDataPort,
) -> None:
    market = {each.symbol: each for each in data.markets()}[SYMBOL]
    price = 100 * market.price_tick + market.price_tick * Decimal("0.7")
    quantity = 100 * market.quantity_step + market.quantity_step * Decimal("0.7")
    assert data.price_round(SYMBOL, price) == 101 * market.price_tick
    assert data.quantity_round(SYMBOL, quantity) == 100 * market.quantity_step


def test_it_tells_an_unknown_symbol_with_near_ones(data: MarketDataPort) -> None:
    for ask in (
        lambda: data.ticker("BTC/USTD"),
        lambda: data.order_book("BTC/USTD", 5),
        lambda: data.candles_page("BTC/USTD", "1h", SINCE_NS),
        lambda: data.trades_page("BTC/USTD", SINCE_NS, None),
        lambda: data.price_round("BTC/USTD", Decimal(1)),
    ):
        with pytest.raises(SymbolUnknown, match="did you mean BTC/USDT"):
            ask()


def test_it_tells_an_unknown_timeframe_with_those_that_it_has(
    data: MarketDataPort,
) -> None:
    with pytest.raises(TimeframeUnsupported, match="15m"):
        data.candles_page(SYMBOL, "7m", SINCE_NS)


def test_what_it_cannot_do_it_says_and_what_it_can_it_does(
    data: MarketDataPort,
) -> None:
    can = data.capabilities()
    for able, ask in (
        (can.order_book, lambda: data.order_book(SYMBOL, 5)),
        (can.trades, lambda: data.trades_page(SYMBOL, SINCE_NS, None)),
        (can.ticker, lambda: data.ticker(SYMBOL)),
    ):
        if able:
            assert ask()
        else:
            with pytest.raises(ExchangeUnsupported):
                ask()
