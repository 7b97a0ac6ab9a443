"""The sockets for market data: who connects, and what they ask to hear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from aiohttp import WSMsgType, web

from tests.exchange_server.broadcast import frame
from tests.exchange_server.keys import EXCHANGE

if TYPE_CHECKING:
    from tests.exchange_server.broadcast import Connection
    from tests.exchange_server.exchange import Exchange

# Binance pings every 20 seconds, and drops who does not answer.
_PING_SECONDS: Final = 20.0
_SUBSCRIPTIONS: Final = 1024


async def market_socket(request: web.Request) -> web.WebSocketResponse:
    """Serve one client's socket: `/ws`, `/ws/<streams>` and `/stream?streams=`."""
    exchange = request.app[EXCHANGE]
    socket = web.WebSocketResponse(heartbeat=_PING_SECONDS, compress=False)
    await socket.prepare(request)
    connection = exchange.broadcast.add(socket, request)
    named = request.match_info.get("streams", "").split("/")
    named += request.query.get("streams", "").split("/")
    streams = [each for each in named if "@" in each]
    streams += exchange.users.streams_named(named)
    exchange.broadcast.subscribe(connection, streams)
    exchange.journal.add(
        "socket",
        exchange.clock.true_ms(),
        connection=connection.number,
        path=request.path,
        opened=True,
    )
    try:
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            told = _answered(exchange, connection, message.data)
            connection.put(frame(orjson.dumps(told)))
            connection.flush()
    finally:
        exchange.broadcast.remove(connection)
        exchange.journal.add(
            "socket",
            exchange.clock.true_ms(),
            connection=connection.number,
            path=request.path,
            opened=False,
        )
    return socket


def _answered(exchange: Exchange, connection: Connection, text: str) -> dict[str, Any]:
    """Do what a client asks, and return what it is told."""
    try:
        asked = orjson.loads(text)
        method, number = asked["method"], asked.get("id")
        params = asked.get("params", [])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {"error": {"code": 3, "msg": "Invalid JSON: expected value"}}
    exchange.journal.add(
        "subscription",
        exchange.clock.true_ms(),
        connection=connection.number,
        method=method,
        streams=params,
    )
    if not all(isinstance(each, str) and "@" in each for each in params):
        return {
            "error": {"code": 2, "msg": "Invalid request: invalid stream"},
            "id": number,
        }
    if method == "SUBSCRIBE":
        if len(connection.streams) + len(params) > _SUBSCRIPTIONS:
            return {
                "error": {"code": 2, "msg": "Invalid request: too many streams"},
                "id": number,
            }
        exchange.broadcast.subscribe(connection, params)
    elif method == "UNSUBSCRIBE":
        exchange.broadcast.unsubscribe(connection, params)
    elif method == "LIST_SUBSCRIPTIONS":
        return {"result": sorted(connection.streams), "id": number}
    else:
        return {
            "error": {"code": 2, "msg": "Invalid request: unknown method"},
            "id": number,
        }
    return {"result": None, "id": number}
