"""Exchanges as this service is set up to reach them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from apps.exchanges.config import ExchangeConfig
from apps.exchanges.errors import ExchangeUnknown
from apps.exchanges.registry import (
    SIMULATED,
    exchange_check,
    exchange_ids,
    exchange_open,
)

if TYPE_CHECKING:
    from apps.exchanges.ports import MarketDataPort


def exchanges_allowed() -> tuple[str, ...]:
    """Return the ids of the exchanges that may be asked, sorted."""
    known = exchange_ids()
    if not settings.EXCHANGES_ALLOWED:
        return known
    allowed = {SIMULATED, *settings.EXCHANGES_ALLOWED}
    return tuple(each for each in known if each in allowed)


def exchange_config(exchange: str) -> ExchangeConfig:
    """Return how an exchange is reached, without keys.

    Raises:
        ExchangeUnknown: There is none of this name, or EXCHANGES_ALLOWED leaves it out;
            near ones are offered.
        ExchangeUnavailable: ccxt, which would know it, is not installed.
    """
    allowed = exchanges_allowed()
    if exchange not in allowed:
        exchange_check(exchange)
        raise ExchangeUnknown.among(exchange, allowed)
    return ExchangeConfig(
        endpoint=settings.EXCHANGE_ENDPOINTS.get(exchange),
        timeout_seconds=settings.EXCHANGE_TIMEOUT_SECONDS,
        rate_limits=settings.EXCHANGE_RATE_LIMITS,
        redis_url=_redis_url(),
    )


def market_data(exchange: str) -> MarketDataPort:
    """Return this process's client for the public data of an exchange.

    For jobs and the feed process; a web process never calls an exchange.

    Raises:
        ExchangeUnknown: There is none of this name, or it is not allowed.
        ExchangeUnavailable: Its library is not installed.
    """
    return exchange_open(exchange, exchange_config(exchange))


def _redis_url() -> str | None:
    location: str | None = settings.CACHES["default"].get("LOCATION")
    return location if location and location.startswith("redis") else None
