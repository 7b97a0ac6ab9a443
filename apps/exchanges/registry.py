"""Which exchanges there are, and one client of each in this process.

Adapters are loaded by dotted path when they are first asked for: to list exchanges
imports none of them, and ccxt that is not installed is told, never an import error.
"""

from __future__ import annotations

import os
from importlib import import_module
from threading import RLock
from typing import TYPE_CHECKING, cast

from apps.exchanges.errors import (
    ExchangeUnavailable,
    ExchangeUnknown,
    ExchangeUnsupported,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.exchanges.account_port import AccountPort
    from apps.exchanges.config import ExchangeConfig
    from apps.exchanges.ports import MarketDataPort, MarketStreamPort

    type _Open = dict[tuple[str, str, ExchangeConfig], MarketDataPort | AccountPort]

SIMULATED = "simulated"
_SIMULATED_DATA = "apps.exchanges.adapters.simulated.port:SimulatedMarketData"
_CCXT = "apps.exchanges.adapters.ccxt"

_lock = RLock()
_open: _Open = {}
# What a forked child inherits: kept, so that nobody closes the parent's sockets.
_inherited: list[_Open] = []


def exchange_ids() -> tuple[str, ...]:
    """Return the ids of all exchanges, sorted; imports none of them."""
    return tuple(sorted({SIMULATED, *_ccxt_ids()}))


def exchange_check(exchange: str) -> None:
    """Make sure that there is such an exchange.

    Raises:
        ExchangeUnknown: There is none; near names are offered.
        ExchangeUnavailable: ccxt, which would know, is not installed.
    """
    if exchange == SIMULATED or exchange in _ccxt_ids():
        return
    if not _ccxt_ids():
        message = "ccxt is not installed; install it with `uv sync`."
        raise ExchangeUnavailable(message, attr="exchange")
    raise ExchangeUnknown.among(exchange, exchange_ids())


def exchange_open(exchange: str, config: ExchangeConfig) -> MarketDataPort:
    """Return this process's client for the public data of an exchange.

    Args:
        exchange: An id of `exchange_ids`.
        config: How it is reached; equal ones share a client.

    Raises:
        ExchangeUnknown: There is no such exchange.
        ExchangeUnavailable: Its library is not installed.
    """
    exchange_check(exchange)
    place = (
        _SIMULATED_DATA if exchange == SIMULATED else f"{_CCXT}.adapter:CcxtMarketData"
    )
    return cast("MarketDataPort", _reuse("data", place, exchange, config))


def account_open(exchange: str, config: ExchangeConfig) -> AccountPort:
    """Return this process's client for one account at an exchange.

    Args:
        exchange: An id of `exchange_ids`.
        config: How it is reached, with keys.

    Raises:
        ExchangeUnknown: There is no such exchange.
        ExchangeUnsupported: It has no accounts.
        ExchangeUnavailable: Its library is not installed.
    """
    place = _account_place(exchange)
    return cast("AccountPort", _reuse("account", place, exchange, config))


def account_open_apart(exchange: str, config: ExchangeConfig) -> AccountPort:
    """Return a new client for one account, which nobody else is given.

    Whoever opens it closes it: it is for keys that are only tried. It is called, and
    raises, as `account_open`.
    """
    made = _load(_account_place(exchange))(exchange, config)
    return cast("AccountPort", made)


def account_forget(exchange: str, config: ExchangeConfig) -> None:
    """Give nobody this process's client for one account any more; its keys have changed.

    It is not closed: another thread may be in the middle of sending an order with it.
    Its connections end with its last call.

    Args:
        exchange: Its id.
        config: How it was opened.
    """
    with _lock:
        _open.pop(("account", exchange, config), None)


def stream_open(exchange: str, config: ExchangeConfig) -> MarketStreamPort:
    """Return a new client for the streams of an exchange, for the running loop.

    Whoever opens it closes it: it belongs to one event loop.

    Args:
        exchange: An id of `exchange_ids`.
        config: How it is reached.

    Raises:
        ExchangeUnknown: There is no such exchange.
        ExchangeUnsupported: It has no streams.
        ExchangeUnavailable: Its library is not installed.
    """
    exchange_check(exchange)
    if exchange == SIMULATED:
        message = "the simulated exchange has no streams"
        raise ExchangeUnsupported(message, attr="exchange")
    made = _load(f"{_CCXT}.streaming:CcxtStreams")(exchange, config)
    return cast("MarketStreamPort", made)


def exchanges_close() -> None:
    """Close every client of this process; the next call opens a new one."""
    with _lock:
        clients = tuple(_open.values())
        _open.clear()
    for client in clients:
        client.close()


def _account_place(exchange: str) -> str:
    exchange_check(exchange)
    if exchange == SIMULATED:
        message = "the simulated exchange has no accounts; trade on paper instead"
        raise ExchangeUnsupported(message, attr="exchange")
    return f"{_CCXT}.account:CcxtAccount"


def _reuse(kind: str, place: str, exchange: str, config: ExchangeConfig) -> object:
    with _lock:
        key = (kind, exchange, config)
        if key not in _open:
            made = _load(place)(exchange, config)
            _open[key] = cast("MarketDataPort | AccountPort", made)
        return _open[key]


def _load(place: str) -> Callable[[str, ExchangeConfig], object]:
    module, _, name = place.partition(":")
    made: Callable[[str, ExchangeConfig], object] = getattr(import_module(module), name)
    return made


def _ccxt_ids() -> tuple[str, ...]:
    ids: tuple[str, ...] = import_module(f"{_CCXT}.installed").ids()
    return ids


def _forget_after_fork() -> None:
    """A child opens its own connections; those of its parent are not its to close."""
    global _lock, _open  # noqa: PLW0603 - what belongs to the process
    _lock = RLock()
    _inherited.append(_open)
    _open = {}


os.register_at_fork(after_in_child=_forget_after_fork)
