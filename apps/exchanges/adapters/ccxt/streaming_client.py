"""Making the ccxt.pro client of one exchange."""

from __future__ import annotations

import importlib
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from apps.exchanges.adapters.ccxt.client import client_redirect, client_settings
from apps.exchanges.adapters.ccxt.telling import TellingClient
from apps.exchanges.adapters.ccxt.telling_binance import BinanceTelling
from apps.exchanges.adapters.ccxt.telling_bitget import BitgetTelling
from apps.exchanges.adapters.ccxt.telling_values import Exact
from apps.exchanges.errors import SymbolUnknown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from apps.exchanges.config import ExchangeConfig

# A market that was listed since is looked for again, but not at each wrong name.
RELOAD_SECONDS = 60.0
# ccxt's reading of markets needs floats, while messages of streams go on being read.
_reading_markets: ContextVar[bool] = ContextVar("reading_markets", default=False)


def pro_class(exchange: str) -> Any:
    """Return ccxt's class of an exchange's streams; None where it has none."""
    return getattr(importlib.import_module("ccxt.pro"), exchange, None)


def pro_make(exchange: str, config: ExchangeConfig, clock: Callable[[], int]) -> Any:
    """Make a ccxt.pro client that tells what it receives, for the running loop.

    Args:
        exchange: ccxt's id; `pro_class` has it.
        config: How the exchange is reached.
        clock: Returns the time, int64 nanoseconds UTC.
    """
    base = pro_class(exchange)
    before = TellingClient
    if exchange.startswith("binance"):
        before = BinanceTelling
    elif exchange == "bitget":
        before = BitgetTelling
    settings = client_settings(exchange, config) | {"number": _number}
    client = type(base.__name__, (before, base), {})(settings)
    client.only_host = config.endpoint
    client_redirect(client, config.endpoint)
    client.telling_begin(clock)
    return client


async def markets_ready(client: Any, symbols: Sequence[str]) -> None:
    """See that a client knows its markets, and these among them.

    Raises:
        SymbolUnknown: It has no such market; near ones are offered.
        ccxt.BaseError: The exchange did not tell.
    """
    if not client.markets:
        await _markets_load(client, reload=False)
    elif time.monotonic() - client.markets_at > RELOAD_SECONDS and any(
        symbol not in client.markets for symbol in symbols
    ):
        await _markets_load(client, reload=True)
    for symbol in symbols:
        if symbol not in client.markets:
            raise SymbolUnknown.among(symbol, client.markets, venue=client.id)


async def _markets_load(client: Any, *, reload: bool) -> None:
    held = _reading_markets.set(True)
    try:
        await client.load_markets(reload)
    finally:
        _reading_markets.reset(held)
    client.markets_at = time.monotonic()


def _number(text: Any) -> float:
    """Return a number with its text, unless markets are read."""
    return float(text) if _reading_markets.get() else Exact(text)


def groups_of(client: Any, symbols: Sequence[str], most: int) -> list[list[str]]:
    """Return symbols in groups that one call of ccxt's may watch.

    Args:
        client: Its markets are loaded.
        symbols: Of any kinds of markets, which ccxt does not mix.
        most: Symbols of a group.
    """
    kinds: dict[tuple[Any, ...], list[str]] = {}
    for symbol in symbols:
        market = client.markets[symbol]
        kind = tuple(market.get(name) for name in ("type", "linear", "settle"))
        kinds.setdefault(kind, []).append(symbol)
    return [
        found[start : start + most]
        for found in kinds.values()
        for start in range(0, len(found), most)
    ]
