"""Exchanges are reached as the settings say, and only those that are allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apps.exchanges.errors import ExchangeUnavailable, ExchangeUnknown
from apps.exchanges.registry import exchange_ids, exchanges_close
from apps.market.exchanges import exchange_config, exchanges_allowed, market_data
from config.caches import caches_in_process, caches_redis

if TYPE_CHECKING:
    from pytest_django import Settings

    from tests.exchange_server.fixtures import Served


def test_all_exchanges_are_allowed_unless_some_are_named(settings: Settings) -> None:
    settings.EXCHANGES_ALLOWED = ()
    assert exchanges_allowed() == exchange_ids()
    settings.EXCHANGES_ALLOWED = ("kraken", "binance", "nowhere")
    assert exchanges_allowed() == ("binance", "kraken", "simulated")


def test_what_is_not_allowed_is_unknown(settings: Settings) -> None:
    settings.EXCHANGES_ALLOWED = ("binance",)
    with pytest.raises(ExchangeUnknown, match=r"no exchange 'binanceus'.*binance"):
        exchange_config("binanceus")
    with pytest.raises(ExchangeUnknown):
        market_data("kraken")


def test_an_unknown_exchange_is_told_with_near_ones(settings: Settings) -> None:
    settings.EXCHANGES_ALLOWED = ()
    with pytest.raises(ExchangeUnknown, match="Did you mean kraken"):
        market_data("krakn")


def test_without_ccxt_its_exchanges_are_out_of_reach(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EXCHANGES_ALLOWED = ()
    monkeypatch.setattr("apps.exchanges.adapters.ccxt.installed.ids", tuple)
    with pytest.raises(ExchangeUnavailable, match="not installed"):
        market_data("binance")


def test_the_settings_reach_the_client(settings: Settings) -> None:
    settings.EXCHANGES_ALLOWED = ()
    settings.EXCHANGE_ENDPOINTS = {"binance": "http://127.0.0.1:9"}
    settings.EXCHANGE_TIMEOUT_SECONDS = 3.5
    settings.EXCHANGE_RATE_LIMITS = False
    settings.CACHES = caches_redis("redis://:hidden@127.0.0.1:6379/4")
    config = exchange_config("binance")
    assert config.endpoint == "http://127.0.0.1:9"
    assert config.timeout_seconds == 3.5
    assert not config.rate_limits
    assert config.redis_url == "redis://:hidden@127.0.0.1:6379/4"
    assert "hidden" not in repr(config)
    assert config.api_key is None
    assert exchange_config("kraken").endpoint is None
    settings.CACHES = caches_in_process()
    assert exchange_config("binance").redis_url is None


def test_an_exchange_is_asked_where_the_settings_send_it(
    settings: Settings, exchange_server: Served
) -> None:
    settings.EXCHANGES_ALLOWED = ("binance",)
    settings.EXCHANGE_ENDPOINTS = {"binance": exchange_server.url}
    data = market_data("binance")
    assert market_data("binance") is data
    assert data.ticker("BTC/USDT").last > 0
    assert exchange_server.requests("exchangeInfo")
    exchanges_close()
