"""Questions asked over a socket, and accounts followed by signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from aiohttp import WSMsgType, web

from tests.exchange_server.broadcast import frame
from tests.exchange_server.keys import EXCHANGE
from tests.exchange_server.refusals import Refused, refusal
from tests.exchange_server.rest_public import PUBLIC
from tests.exchange_server.rest_signed import SIGNED
from tests.exchange_server.signing import account_signed
from tests.exchange_server.users import followed

if TYPE_CHECKING:
    from tests.exchange_server.broadcast import Connection
    from tests.exchange_server.exchange import Exchange

_PING_SECONDS: Final = 20.0
_PUBLIC: Final[dict[str, str]] = {
    "ping": "/api/v3/ping",
    "time": "/api/v3/time",
    "exchangeInfo": "/api/v3/exchangeInfo",
    "depth": "/api/v3/depth",
    "trades.recent": "/api/v3/trades",
    "trades.historical": "/api/v3/historicalTrades",
    "trades.aggregate": "/api/v3/aggTrades",
    "klines": "/api/v3/klines",
    "ticker.24hr": "/api/v3/ticker/24hr",
    "ticker.price": "/api/v3/ticker/price",
    "ticker.book": "/api/v3/ticker/bookTicker",
}
_SIGNED: Final[dict[str, tuple[str, str]]] = {
    "account.status": ("GET", "/api/v3/account"),
    "order.place": ("POST", "/api/v3/order"),
    "order.test": ("POST", "/api/v3/order/test"),
    "order.status": ("GET", "/api/v3/order"),
    "order.cancel": ("DELETE", "/api/v3/order"),
    "order.cancelReplace": ("POST", "/api/v3/order/cancelReplace"),
    "openOrders.status": ("GET", "/api/v3/openOrders"),
    "openOrders.cancelAll": ("DELETE", "/api/v3/openOrders"),
    "allOrders": ("GET", "/api/v3/allOrders"),
    "myTrades": ("GET", "/api/v3/myTrades"),
}


async def api_socket(request: web.Request) -> web.WebSocketResponse:
    """Serve one client's socket, on which it asks and is told of its account."""
    exchange = request.app[EXCHANGE]
    socket = web.WebSocketResponse(heartbeat=_PING_SECONDS, compress=False)
    await socket.prepare(request)
    connection = exchange.broadcast.add(socket, request)
    try:
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            asked = orjson.loads(message.data)
            connection.put(frame(_answered(exchange, connection, asked)))
            exchange.broadcast.flush()
    finally:
        exchange.broadcast.remove(connection)
    return socket


def _answered(
    exchange: Exchange, connection: Connection, asked: dict[str, Any]
) -> bytes:
    """Do what is asked, and return what is told."""
    method = str(asked.get("method", ""))
    query = {key: _told(each) for key, each in (asked.get("params") or {}).items()}
    exchange.journal.add(
        "question",
        exchange.clock.true_ms(),
        connection=connection.number,
        method=method,
        symbol=query.get("symbol", ""),
    )
    try:
        result = _result(exchange, connection, method, query)
    except Refused as refused:
        error = orjson.loads(refused.body())
        return orjson.dumps(
            {"id": asked.get("id"), "status": refused.status, "error": error}
        )
    body = result if isinstance(result, bytes) else orjson.dumps(result)
    number = orjson.dumps(asked.get("id"))
    return b'{"id":%b,"status":200,"result":%b,"rateLimits":[]}' % (number, body)


def _told(value: object) -> str:
    """Return a parameter as it is signed."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _result(
    exchange: Exchange, connection: Connection, method: str, query: dict[str, str]
) -> object:
    if method in _PUBLIC:
        return PUBLIC[_PUBLIC[method]][0](exchange, query)
    if method == "userDataStream.unsubscribe":
        exchange.broadcast.unsubscribe(connection, list(connection.streams))
        return {}
    if method not in _SIGNED and method != "userDataStream.subscribe.signature":
        raise refusal(-1000, f"Unknown method '{method}'.")
    signed = "&".join(
        f"{key}={query[key]}" for key in sorted(query) if key != "signature"
    )
    account = account_signed(exchange, query.get("apiKey"), signed, query)
    if method in _SIGNED:
        return SIGNED[_SIGNED[method]][0](exchange, account, query)
    exchange.broadcast.subscribe(connection, [followed(account.key, asked=True)])
    return {"subscriptionId": 0}
