"""Where calls go: to the exchange, or to what stands in for it and nowhere else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from apps.exchanges.errors import ExchangeMisconfigured

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCHEMES = {"http": "ws", "https": "wss"}
_URL = re.compile(r"^(https?|wss?)://[^/?#]*", re.IGNORECASE)


def redirect(value: Any, endpoint: str) -> Any:
    """Return a structure in which every address points to one host, paths kept.

    Args:
        value: ccxt's `urls` or `options`: strings, lists and dicts of them.
        endpoint: `http(s)://host[/prefix]`; websockets go to `ws(s)://` of the same.
    """
    if isinstance(value, str):
        return _redirected(value, endpoint)
    if isinstance(value, dict):
        return {name: redirect(each, endpoint) for name, each in value.items()}
    if isinstance(value, list):
        return [redirect(each, endpoint) for each in value]
    return value


def _redirected(address: str, endpoint: str) -> str:
    found = _URL.match(address)
    if found is None:
        return address
    base = endpoint.rstrip("/")
    if found.group(1).lower().startswith("ws"):
        scheme, _, rest = base.partition("://")
        base = f"{_SCHEMES[scheme.lower()]}://{rest}"
    return base + address[found.end() :]


def endpoint_check(url: str, endpoint: str | None, *, exchange: str) -> None:
    """Refuse a call to another host than the one that stands in for the exchange.

    Some exchanges in ccxt build an address outside of `urls`: such a call would reach
    the real host from a test.

    Raises:
        ExchangeMisconfigured: The address is of another host.
    """
    if endpoint is None or urlsplit(url).netloc == urlsplit(endpoint).netloc:
        return
    message = (
        f"{exchange} would call {urlsplit(url).netloc}, but EXCHANGE_ENDPOINTS sends it "
        f"to {urlsplit(endpoint).netloc}; this operation cannot be redirected"
    )
    raise ExchangeMisconfigured(message, attr="exchange")


def addresses(value: Any) -> list[str]:
    """Return every address within a structure."""
    if isinstance(value, str):
        return [value] if _URL.match(value) else []
    if isinstance(value, dict):
        return [url for each in value.values() for url in addresses(each)]
    if isinstance(value, list):
        return [url for each in value for url in addresses(each)]
    return []


def options_for(exchange: str, endpoint: str | None) -> Mapping[str, Any]:
    """Return ccxt's options that keep an exchange to what is asked of it.

    Args:
        exchange: ccxt's id.
        endpoint: What stands in for it; None for the exchange itself.
    """
    if not exchange.startswith("binance"):
        return {}
    options: dict[str, Any] = {
        # Neither is needed for markets, and each is a private call of its own.
        "fetchCurrencies": False,
        "fetchMargins": False,
        # To ask for the open orders of all markets costs more, and is meant.
        "fetchOpenOrders": {"warnWithoutSymbol": False},
    }
    if exchange == "binance" and endpoint is not None:
        options["fetchMarkets"] = {"types": ["spot"]}
    return options
