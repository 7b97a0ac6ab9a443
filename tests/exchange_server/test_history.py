"""The made-up past holds together: trades make minutes, minutes make hours."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from tests.exchange_server.bars import BarArrays, resampled
from tests.exchange_server.exchange import Exchange, ExchangeOptions
from tests.exchange_server.history import bar_of_trades
from tests.exchange_server.markets import HOUR_MS, day_ms

NOW = day_ms(2026, 1, 1)
MINUTE = 60_000


@pytest.fixture
def exchange() -> Exchange:
    return Exchange(ExchangeOptions(now_ms=NOW))


def _same(first: BarArrays, second: BarArrays) -> None:
    for each in fields(BarArrays):
        left, right = getattr(first, each.name), getattr(second, each.name)
        assert np.array_equal(left, right), each.name


@pytest.mark.parametrize("name", ["BTCUSDT", "XRPETH", "LUNAUSDT", "XRPBTC"])
def test_minutes_make_their_hours_to_the_last_digit(
    exchange: Exchange, name: str
) -> None:
    history = exchange.history(exchange.markets[name])
    start, end = NOW - 400 * HOUR_MS, NOW - 300 * HOUR_MS
    hours = history.bars("1h", start, end)
    assert len(hours) == 100
    _same(resampled(history.bars("1m", start, end), "1h"), hours)
    _same(resampled(hours, "4h"), history.bars("4h", start, end))


@pytest.mark.parametrize("name", ["BTCUSDT", "XRPETH", "DOGEUSDT"])
def test_trades_make_their_minutes(exchange: Exchange, name: str) -> None:
    history = exchange.history(exchange.markets[name])
    start, end = NOW - 3 * HOUR_MS - 7 * MINUTE, NOW - HOUR_MS
    trades = history.trades(start, end)
    assert set(np.diff(trades.id)) == {1}
    assert (trades.quantity > 0).all()
    minutes = history.bars("1m", start, end)
    for number, at in enumerate(minutes.time.tolist()):
        made = bar_of_trades(at, trades.between(at, at + MINUTE))
        for each in ("open", "high", "low", "close", "volume", "count"):
            assert getattr(made, each)[0] == getattr(minutes, each)[number]


def test_a_trade_is_found_by_its_number(exchange: Exchange) -> None:
    history = exchange.history(exchange.markets["ETHUSDT"])
    trades = history.trades(NOW - HOUR_MS, NOW)
    found = history.trade_time(int(trades.id[17]))
    assert found <= trades.time[17] < found + HOUR_MS


def test_the_past_is_the_same_at_every_telling_and_other_under_another_seed() -> None:
    told = [Exchange(ExchangeOptions(now_ms=NOW, seed=seed)) for seed in (0, 0, 1)]
    first, again, other = (
        each.history(each.markets["BTCUSDT"]).bars("1h", NOW - 50 * HOUR_MS, NOW)
        for each in told
    )
    _same(first, again)
    assert not np.array_equal(first.close, other.close)


def test_bars_are_possible_and_follow_each_other(exchange: Exchange) -> None:
    bars = exchange.history(exchange.markets["BTCUSDT"]).bars("1h", 0, NOW)
    assert (bars.low <= np.minimum(bars.open, bars.close)).all()
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()
    assert (bars.low > 0).all()
    assert (bars.open[1:] == bars.close[:-1]).all()
    assert (np.diff(bars.time) == HOUR_MS).all()


def test_a_relisted_market_has_a_hole_and_another_price(exchange: Exchange) -> None:
    market = exchange.markets["LUNAUSDT"]
    bars = exchange.history(market).bars("1h", 0, NOW)
    steps = np.diff(bars.time)
    assert (steps != HOUR_MS).sum() == 1
    place = int(np.argmax(steps))
    assert bars.time[place] + HOUR_MS == market.eras[0].end_ms
    assert bars.time[place + 1] == market.eras[1].start_ms
    assert bars.close[place] > 5 * bars.open[place + 1]
