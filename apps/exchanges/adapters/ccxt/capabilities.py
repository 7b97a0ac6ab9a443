"""What a ccxt exchange can do, as ccxt describes it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from apps.exchanges.ports import Capabilities

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def stream_has(exchange: str) -> Mapping[str, Any]:
    """Return what ccxt's websocket side of an exchange has; nothing where it has none.

    It is imported here alone: it takes as long as ccxt itself, and few calls need it.

    Args:
        exchange: ccxt's id.
    """
    import ccxt.pro  # noqa: PLC0415

    made = getattr(ccxt.pro, exchange, None)
    if made is None:
        return {}
    has: Mapping[str, Any] = made().has
    return has


def capabilities_from(
    client: Any, streams: Mapping[str, Any] | None = None
) -> Capabilities:
    """Return what an exchange can do.

    Args:
        client: A ccxt client; its markets need not be loaded.
        streams: `has` of its websocket side; None where the client itself is that.
    """
    has = client.has
    streams = has if streams is None else streams
    candles = has.get("fetchOHLCV") is True
    return Capabilities(
        timeframes=tuple(client.timeframes or ()) if candles else (),
        candles=candles,
        trades=bool(has.get("fetchTrades")),
        order_book=bool(has.get("fetchOrderBook")),
        ticker=bool(has.get("fetchTicker")),
        stream_tickers=bool(streams.get("watchTicker") or streams.get("watchTickers")),
        stream_order_book=bool(streams.get("watchOrderBook")),
        stream_trades=bool(streams.get("watchTrades")),
        candles_per_page=_limit(client, "spot", None),
        trades_by_id=trades_by_id(client.id),
    )


def trades_by_id(exchange: str) -> bool:
    """Whether an exchange is asked for trades after a given one by its id."""
    return exchange.startswith("binance")


def page_limit(client: Any, market: Mapping[str, Any]) -> int | None:
    """Return the most candles of a market that one call gives; None where not known."""
    return _limit(client, market.get("type"), market.get("subType"))


def _limit(client: Any, kind: str | None, sub: str | None) -> int | None:
    found = client.feature_value_by_type(kind, sub, "fetchOHLCV", "limit")
    return int(found) if found else None
