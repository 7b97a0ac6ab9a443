"""What a stream calls of ccxt: to watch, and to stop watching."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.exchanges.adapters.ccxt.streaming_client import groups_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

TICKERS_PER_CALL = 100
# Trades by id that are known to have been told: some venues repeat the last ones.
REMEMBERED = 4_000
# Levels that may be asked for, where a venue sends fewer when nothing is asked.
DEPTHS = {"kraken": (10, 25, 100, 500, 1000), "bitfinex": (25, 100)}


async def nothing(found: Any) -> None:
    """Do nothing: what came was noted as it came."""


def call_of(
    method: Callable[..., Awaitable[Any]], *arguments: Any
) -> Callable[[], Any]:
    """Return what calls a method of ccxt's anew each time."""
    return lambda: method(*arguments)


def ticker_call(client: Any, group: list[str], *, many: bool) -> Callable[[], Any]:
    """Return what watches the tickers of a group, of one market unless `many`."""
    if many:
        return call_of(client.watch_tickers, group)
    return call_of(client.watch_ticker, group[0])


def unwatch_calls(
    client: Any, kind: str, symbols: Sequence[str]
) -> list[Callable[[], Any]]:
    """Return what tells an exchange that some markets are not listened to."""
    if kind == "tickers" and client.has.get("unWatchTickers"):
        groups = groups_of(client, symbols, TICKERS_PER_CALL)
        return [call_of(client.un_watch_tickers, group) for group in groups]
    name, method = {
        "tickers": ("unWatchTicker", "un_watch_ticker"),
        "books": ("unWatchOrderBook", "un_watch_order_book"),
        "trades": ("unWatchTrades", "un_watch_trades"),
    }[kind]
    if not client.has.get(name):
        return []
    return [call_of(getattr(client, method), symbol) for symbol in symbols]


def depth_asked(exchange: str, depth: int) -> int | None:
    """Return how many levels to ask for; None for what the exchange sends."""
    known = DEPTHS.get(exchange)
    if known is None:
        return None
    return next((one for one in known if one >= depth), known[-1])


def trade_new(seen: dict[str, None], trade: dict[str, Any]) -> bool:
    """Say whether a trade was not told before, and remember it."""
    name = trade.get("id")
    if name is None:
        return True
    if name in seen:
        return False
    seen[name] = None
    if len(seen) > REMEMBERED:
        del seen[next(iter(seen))]
    return True
