"""The topics of prices: which can be followed, and what following asks of the feed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from apps.market.models import LiveDemand, VenueMarket
from apps.market.selectors.demand import wanted_read
from apps.market.topics import status_refused, symbols_refused
from apps.stream.interest import interest_tell

if TYPE_CHECKING:
    from pytest_django import Settings

NOW = datetime(2026, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def test_an_exchange_that_is_not_there_or_not_allowed_is_refused_with_near_ones(
    settings: Settings,
) -> None:
    refusal = symbols_refused("binanse", ["BTC/USDT"])["*"]
    assert refusal.code == "exchange_unknown"
    assert "binance" in refusal.detail
    assert symbols_refused("binance", ["BTC/USDT"]) == {}
    settings.EXCHANGES_ALLOWED = ("kraken",)
    assert symbols_refused("binance", ["BTC/USDT"])["*"].code == "exchange_unknown"


def test_a_symbol_that_is_not_listed_is_refused_with_near_ones() -> None:
    VenueMarket.objects.create(
        exchange="binance",
        symbol="BTC/USDT",
        base="BTC",
        quote="USDT",
        kind="spot",
        seen_at=NOW,
    )
    refused = symbols_refused("binance", ["BTC/USDT", "BTC-USDT"])
    assert set(refused) == {"BTC-USDT"}
    assert refused["BTC-USDT"].code == "symbol_unknown"
    assert "BTC/USDT" in refused["BTC-USDT"].detail


def test_a_status_is_that_of_an_exchange() -> None:
    assert status_refused("exchanges", ["binance"]) == {}
    assert (
        status_refused("exchanges", ["binanse"])["binanse"].code == "exchange_unknown"
    )
    assert status_refused("others", ["binance"])["*"].code == "topic_malformed"


def test_what_is_followed_is_held_fresh() -> None:
    followed = {
        "tickers:binance": {"BTC/USDT", "ETH/USDT"},
        "books:kraken": {"BTC/USD"},
        "status:exchanges": {"binance"},
        "trades:binance": set[str](),
    }
    assert interest_tell(followed, now=NOW) == {}
    wanted = LiveDemand.objects.order_by("exchange", "kind", "symbol")
    assert list(wanted.values_list("exchange", "kind", "symbol")) == [
        ("binance", "status", ""),
        ("binance", "tickers", "BTC/USDT"),
        ("binance", "tickers", "ETH/USDT"),
        ("kraken", "books", "BTC/USD"),
    ]


def test_what_is_held_fresh_stays_so_however_much_is_asked_for_beside_it(
    settings: Settings,
) -> None:
    settings.LIVE_SYMBOLS_PER_EXCHANGE = 3
    channel = "tickers:kraken"
    mine, greedy = {"Y/Z"}, {f"A{number}/B" for number in range(10)}
    assert interest_tell({channel: mine}, now=NOW) == {}
    for seconds in (10, 30, 60, 90, 120):
        now = NOW + timedelta(seconds=seconds)
        followed = {channel: mine | greedy, "tickers:binance": mine}
        refused = interest_tell(followed, now=now)
        wanted = wanted_read(now=now)
        # First come, first served; then by name.
        assert wanted["kraken"].tickers == ["Y/Z", "A0/B", "A1/B"]
        assert wanted["binance"].tickers == ["Y/Z"]
        assert set(refused) == {channel}
        assert set(refused[channel]) == greedy - {"A0/B", "A1/B"}
        assert {one.code for one in refused[channel].values()} == {
            "live_symbols_too_many"
        }


@pytest.mark.parametrize(
    "symbol", ["X" * 129, "A\0B", "A\nB", "A\u202eB", "A\ud800B"], ids=ascii
)
def test_a_symbol_that_cannot_be_stored_is_refused(symbol: str) -> None:
    refused = symbols_refused("binance", [symbol, "BTC/USDT", "X" * 128])
    assert set(refused) == {symbol}
    assert refused[symbol].code == "topic_malformed"


@pytest.mark.parametrize("symbol", ["A\0B", "X" * 129], ids=ascii)
def test_a_channel_that_cannot_be_stored_keeps_no_other_from_it(symbol: str) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL refuses such a row")
    followed = {
        "tickers:binance": {symbol, "A/B"},
        "tickers:kraken": {"A/B"},
    }
    refused = interest_tell(followed, now=NOW)
    assert set(refused) == {"tickers:binance"}
    assert set(refused["tickers:binance"]) == {symbol, "A/B"}
    assert LiveDemand.objects.get().exchange == "kraken"
