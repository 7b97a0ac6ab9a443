"""A ccxt client, set up as this service needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ccxt

from apps.exchanges.adapters.ccxt.endpoints import options_for, redirect
from apps.exchanges.adapters.ccxt.scrubbing import Scrub
from apps.exchanges.adapters.ccxt.session import BoundedSession
from apps.exchanges.adapters.ccxt.wire import Wire, Wired

if TYPE_CHECKING:
    from apps.exchanges.config import ExchangeConfig

# Where ccxt calculates with what it read as numbers, which it cannot with text.
_IN_FLOATS = ("coinbaseinternational",)


def client_settings(exchange: str, config: ExchangeConfig) -> dict[str, Any]:
    """Return what a ccxt client is made with, synchronous or not.

    Args:
        exchange: ccxt's id.
        config: How the exchange is reached.
    """
    settings: dict[str, Any] = {
        "timeout": round(config.timeout_seconds * 1000),
        # Prices stay the strings that they came as: a float has 15 digits.
        "number": float if exchange in _IN_FLOATS else str,
        "enableRateLimit": config.rate_limits,
        "options": dict(options_for(exchange, config.endpoint)),
    }
    keys = {
        "apiKey": config.api_key,
        "secret": config.secret,
        "password": config.password,
    }
    return settings | {name: key for name, key in keys.items() if key is not None}


def client_redirect(client: Any, endpoint: str | None) -> None:
    """Send everything that a client would send to what stands in for the exchange.

    Args:
        client: A ccxt client, synchronous or not.
        endpoint: `http(s)://host`; None leaves the client as it is.
    """
    if endpoint is None:
        return
    client.urls = redirect(client.urls, endpoint)
    client.options = redirect(client.options, endpoint)


def client_make(exchange: str, config: ExchangeConfig) -> Any:
    """Make a synchronous ccxt client; its `pace` is still to be set.

    Args:
        exchange: ccxt's id.
        config: How the exchange is reached.
    """
    base = getattr(ccxt, exchange)
    made = type(base.__name__, (Wired, base), {"wire": Wire()})
    session = BoundedSession(config.timeout_seconds)
    client = made(client_settings(exchange, config) | {"session": session})
    client.only_host = config.endpoint
    client.scrub = Scrub((config.api_key, config.secret, config.password))
    client_redirect(client, config.endpoint)
    if config.endpoint is not None:
        session.max_redirects = 0
    return client
