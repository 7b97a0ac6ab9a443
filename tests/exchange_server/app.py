"""The program that listens: what it answers, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson
from aiohttp import web

from tests.exchange_server.answering import (
    JSON_TYPE,
    limits_kept,
    weight_used,
    with_faults,
)
from tests.exchange_server.keys import EXCHANGE
from tests.exchange_server.rest_public import PUBLIC
from tests.exchange_server.rest_signed import SIGNED
from tests.exchange_server.signing import account_known, account_signed
from tests.exchange_server.streams import market_socket
from tests.exchange_server.ws_api import api_socket

if TYPE_CHECKING:
    from tests.exchange_server.answering import Handler
    from tests.exchange_server.exchange import Exchange
    from tests.exchange_server.rest_public import Call
    from tests.exchange_server.rest_signed import SignedCall


def answer(body: object) -> web.Response:
    """Return a JSON answer; bytes are JSON already."""
    return web.Response(
        body=body if isinstance(body, bytes) else orjson.dumps(body),
        headers={"Content-Type": JSON_TYPE},
    )


async def _asked(request: web.Request) -> tuple[str, dict[str, str]]:
    """Return what was sent in address and body, to the letter and as parameters."""
    sent = request.rel_url.raw_query_string
    if request.body_exists:
        sent += (await request.read()).decode()
    return sent, dict(parse_qsl(sent, keep_blank_values=True))


def _public(call: Call) -> Handler:
    """Return the handler of what anybody may ask."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return answer(call(request.app[EXCHANGE], (await _asked(request))[1]))

    return handle


def _signed(call: SignedCall) -> Handler:
    """Return the handler of what an account may ask."""

    async def handle(request: web.Request) -> web.StreamResponse:
        exchange = request.app[EXCHANGE]
        sent, query = await _asked(request)
        account = account_signed(
            exchange,
            request.headers.get("X-MBX-APIKEY"),
            "&".join(
                each for each in sent.split("&") if not each.startswith("signature=")
            ),
            query,
        )
        made = answer(call(exchange, account, query))
        exchange.broadcast.flush()
        return made

    return handle


async def listen_key(request: web.Request) -> web.StreamResponse:
    """Give out a key to follow an account by, keep it alive, or end it."""
    exchange = request.app[EXCHANGE]
    account = account_known(exchange, request.headers.get("X-MBX-APIKEY"))
    key = exchange.users.listen_key(account.key)
    return answer({"listenKey": key} if request.method == "POST" else {})


def _wrapped(handler: Handler, weight: int) -> Handler:
    """Return a handler that counts, can go wrong, and is written down."""

    async def handle(request: web.Request) -> web.StreamResponse:
        exchange = request.app[EXCHANGE]
        used = weight_used(exchange, weight)
        sent, query = await _asked(request)
        symbol = query.get("symbol", "")
        told: dict[str, Any] = {
            "method": request.method,
            "path": request.path,
            "symbol": symbol,
            "query": sent,
        }
        entry = exchange.journal.add("request", exchange.clock.true_ms(), **told)

        async def limited(request: web.Request) -> web.StreamResponse:
            limits_kept(exchange, used)
            return await handler(request)

        made = await with_faults(exchange, request, limited, symbol)
        entry.body["status"] = made.status
        made.headers["x-mbx-used-weight"] = str(used)
        made.headers["x-mbx-used-weight-1m"] = str(used)
        return made

    return handle


def application(exchange: Exchange) -> web.Application:
    """Return the program that answers as Binance does."""
    app = web.Application(client_max_size=16 * 1024**2)
    app[EXCHANGE] = exchange
    for path, (call, weight) in PUBLIC.items():
        app.router.add_get(path, _wrapped(_public(call), weight))
    for (method, path), (signed, weight) in SIGNED.items():
        app.router.add_route(method, path, _wrapped(_signed(signed), weight))
    for method in ("POST", "PUT", "DELETE"):
        app.router.add_route(method, "/api/v3/userDataStream", _wrapped(listen_key, 2))
    for path in ("/ws", "/ws/{streams:.*}", "/stream", "/stream.spot/ws"):
        app.router.add_get(path, market_socket)
    app.router.add_get("/stream.spot/ws/{streams:.*}", market_socket)
    app.router.add_get("/ws-api/v3", api_socket)
    return app
