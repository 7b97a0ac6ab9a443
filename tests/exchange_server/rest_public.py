"""What anybody may ask: markets, candles, prices, books and trades."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from tests.exchange_server.asking import limited, whole
from tests.exchange_server.bars import INTERVALS
from tests.exchange_server.markets import market_described
from tests.exchange_server.pages import eight_digits
from tests.exchange_server.refusals import refusal
from tests.exchange_server.rest_trades import agg_trades, historical_trades, trades

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.exchange_server.exchange import Exchange
    from tests.exchange_server.live import LiveMarket

    type Query = dict[str, str]
    type Call = Callable[[Exchange, Query], object]

_LIMITS: Final[tuple[dict[str, Any], ...]] = tuple(
    {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit}
    for kind, interval, number, limit in (
        ("REQUEST_WEIGHT", "MINUTE", 1, 6000),
        ("ORDERS", "SECOND", 10, 100),
        ("ORDERS", "DAY", 1, 200_000),
        ("RAW_REQUESTS", "MINUTE", 5, 61_000),
    )
)


def ping(exchange: Exchange, query: Query) -> object:
    """Answer that the exchange is there."""
    return {}


def server_time(exchange: Exchange, query: Query) -> object:
    """Answer what time it is on the exchange."""
    return {"serverTime": exchange.clock.now_ms()}


def exchange_info(exchange: Exchange, query: Query) -> object:
    """Answer which markets there are, and their rules."""
    wanted = list(exchange.markets.values())
    if "symbol" in query:
        wanted = [exchange.market(query["symbol"])]
    elif "symbols" in query:
        wanted = [exchange.market(name) for name in orjson.loads(query["symbols"])]
    return {
        "timezone": "UTC",
        "serverTime": exchange.clock.now_ms(),
        "rateLimits": _LIMITS,
        "exchangeFilters": [],
        "symbols": [market_described(market) for market in wanted],
    }


def klines(exchange: Exchange, query: Query) -> object:
    """Answer candles."""
    market = exchange.market(query.get("symbol"))
    interval = query.get("interval", "")
    if interval not in INTERVALS:
        raise refusal(-1120)
    return exchange.pages.page(
        market.name,
        exchange.history(market),
        interval,
        (whole(query, "startTime"), whole(query, "endTime")),
        limited(query, 1000),
        exchange.clock.past_ms(),
        market.listed_ms,
    )


def depth(exchange: Exchange, query: Query) -> object:
    """Answer the order book."""
    market = exchange.market(query.get("symbol"))
    book = exchange.book(market)
    book.follow()
    return book.snapshot(limited(query, 5000, usual=100))


def _asked(exchange: Exchange, query: Query) -> list[LiveMarket] | LiveMarket:
    """Return the one market that is asked for, or all that are."""
    if "symbol" in query:
        return exchange.live(exchange.market(query["symbol"]))
    names = orjson.loads(query["symbols"]) if "symbols" in query else exchange.markets
    return [exchange.live(exchange.market(name)) for name in names]


def _each(asked: list[LiveMarket] | LiveMarket, tell: Callable[..., object]) -> object:
    return [tell(each) for each in asked] if isinstance(asked, list) else tell(asked)


def ticker_day(exchange: Exchange, query: Query) -> object:
    """Answer the last day's prices and volumes."""
    now = exchange.clock.now_ms()
    return _each(_asked(exchange, query), lambda live: live.day(now))


def ticker_price(exchange: Exchange, query: Query) -> object:
    """Answer last prices."""

    def told(live: LiveMarket) -> object:
        return {
            "symbol": live.market.name,
            "price": eight_digits(live.last * live.tick),
        }

    return _each(_asked(exchange, query), told)


def ticker_best(exchange: Exchange, query: Query) -> object:
    """Answer best offers."""
    return _each(_asked(exchange, query), lambda live: live.best())


def average_price(exchange: Exchange, query: Query) -> object:
    """Answer the mean price of the last minutes."""
    live = exchange.live(exchange.market(query.get("symbol")))
    return {
        "mins": 5,
        "price": eight_digits(live.last * live.tick),
        "closeTime": exchange.clock.now_ms(),
    }


def system_status(exchange: Exchange, query: Query) -> object:
    """Answer whether the exchange is being mended."""
    return {"status": 0, "msg": "normal"}


PUBLIC: Final[dict[str, tuple[Call, int]]] = {
    "/api/v3/ping": (ping, 1),
    "/api/v3/time": (server_time, 1),
    "/api/v3/exchangeInfo": (exchange_info, 20),
    "/api/v3/klines": (klines, 2),
    "/api/v3/uiKlines": (klines, 2),
    "/api/v3/depth": (depth, 5),
    "/api/v3/trades": (trades, 25),
    "/api/v3/historicalTrades": (historical_trades, 25),
    "/api/v3/aggTrades": (agg_trades, 4),
    "/api/v3/ticker/24hr": (ticker_day, 2),
    "/api/v3/ticker/price": (ticker_price, 2),
    "/api/v3/ticker/bookTicker": (ticker_best, 2),
    "/api/v3/avgPrice": (average_price, 2),
    "/sapi/v1/system/status": (system_status, 1),
}
