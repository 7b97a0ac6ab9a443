"""How every request is answered: counted, written down, and let go wrong."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from tests.exchange_server.faults import FaultKind
from tests.exchange_server.refusals import Refused, refusal
from tests.exchange_server.spoiling import (
    BODY_KINDS,
    CANDLE_KINDS,
    body_spoiled,
    candles_spoiled,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.exchange_server.exchange import Exchange
    from tests.exchange_server.faults import Fault

    type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_BEFORE: Final = frozenset(
    {
        FaultKind.TIMEOUT_BEFORE,
        FaultKind.DROP_BEFORE,
        FaultKind.ERROR_BEFORE,
        FaultKind.RATE_LIMIT,
        FaultKind.BAN,
        FaultKind.FORBIDDEN,
        FaultKind.REFUSE,
        FaultKind.SLOW,
    }
)
_AFTER: Final = frozenset(
    {FaultKind.TIMEOUT_AFTER, FaultKind.DROP_AFTER, FaultKind.ERROR_AFTER}
    | BODY_KINDS
    | CANDLE_KINDS
)
_MINUTE_MS: Final = 60_000
JSON_TYPE: Final = "application/json;charset=UTF-8"


def weight_used(exchange: Exchange, weight: int) -> int:
    """Count a request's weight in the current minute, and return the minute's sum."""
    minute = exchange.clock.true_ms() // _MINUTE_MS
    used = exchange.weight[1] if exchange.weight[0] == minute else 0
    exchange.weight = (minute, used + weight)
    return used + weight


def limits_kept(exchange: Exchange, used: int) -> None:
    """Refuse who is banned, or asks too much."""
    now = exchange.clock.true_ms()
    if now < exchange.banned_until_ms:
        raise _banned(exchange)
    limit = exchange.options.weight_limit
    if limit is None or used <= limit:
        return
    if used > 2 * limit:
        exchange.banned_until_ms = now + 120_000
        raise _banned(exchange)
    wait = _MINUTE_MS - now % _MINUTE_MS
    raise Refused(
        -1003,
        f"Too much request weight used; current limit is {limit} request weight per "
        "1 MINUTE. Please use WebSocket Streams for live updates to avoid polling "
        "the API.",
        status=429,
        headers={"Retry-After": str(-(-wait // 1000))},
    )


def _banned(exchange: Exchange) -> Refused:
    left = max(exchange.banned_until_ms - exchange.clock.true_ms(), 0)
    return Refused(
        -1003,
        f"Way too much request weight used; IP banned until "
        f"{exchange.banned_until_ms}. Please use WebSocket Streams for live updates "
        "to avoid bans.",
        status=418,
        headers={"Retry-After": str(-(-left // 1000))},
    )


async def _struck_before(
    exchange: Exchange, request: web.Request, fault: Fault
) -> web.StreamResponse | None:
    """Let a fault strike before the request is acted on; None lets it go on."""
    kind = fault.kind
    if kind is FaultKind.SLOW:
        await asyncio.sleep(fault.seconds)
        return None
    if kind is FaultKind.TIMEOUT_BEFORE:
        await asyncio.sleep(fault.seconds)
    if kind in {FaultKind.DROP_BEFORE, FaultKind.TIMEOUT_BEFORE}:
        return _hung_up(request)
    if kind is FaultKind.BAN:
        exchange.banned_until_ms = exchange.clock.true_ms() + int(fault.seconds * 1000)
        raise _banned(exchange)
    if kind is FaultKind.RATE_LIMIT:
        raise Refused(
            -1003,
            "Too many requests; please use the websocket for live updates.",
            status=429,
            headers={"Retry-After": str(int(fault.seconds) or 1)},
        )
    if kind is FaultKind.REFUSE:
        raise refusal(fault.code)
    return _failing(403 if kind is FaultKind.FORBIDDEN else fault.status)


def _failing(status: int) -> web.Response:
    """Return what a proxy in front of the exchange says."""
    return web.Response(
        status=status,
        body=f"<html><head><title>{status}</title></head></html>".encode(),
        content_type="text/html",
    )


def _hung_up(request: web.Request) -> web.StreamResponse:
    """Close the connection without a word."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=499)


async def _struck_after(
    request: web.Request, fault: Fault, made: web.Response
) -> web.StreamResponse:
    """Let a fault strike after the request has been acted on."""
    kind = fault.kind
    if kind is FaultKind.TIMEOUT_AFTER:
        await asyncio.sleep(fault.seconds)
    if kind in {FaultKind.TIMEOUT_AFTER, FaultKind.DROP_AFTER}:
        return _hung_up(request)
    if kind is FaultKind.ERROR_AFTER:
        return _failing(fault.status)
    body = made.body if isinstance(made.body, bytes) else b""
    if kind in CANDLE_KINDS:
        asked = request.query
        series = f"{asked.get('symbol')} {asked.get('interval')}"
        made.body = candles_spoiled(fault, body, series)
    else:
        made.body = body_spoiled(fault, body)
    if kind is FaultKind.HTML:
        made.headers["Content-Type"] = "text/html"
    return made


async def _acted(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a request, in Binance's words where it is refused."""
    try:
        return await handler(request)
    except Refused as refused:
        return web.Response(
            body=refused.body(),
            status=refused.status,
            headers={"Content-Type": JSON_TYPE} | refused.headers,
        )


async def with_faults(
    exchange: Exchange, request: web.Request, handler: Handler, symbol: str
) -> web.StreamResponse:
    told: dict[str, Any] = {
        "method": request.method,
        "path": request.path,
        "symbol": symbol,
        "request": f"{request.method} {request.path_qs}",
    }
    before = exchange.faults.met(_BEFORE, **told)
    if before is not None:
        fault_noted(exchange, before, request.path, symbol)
        struck = await _acted(
            request, lambda request: _or_on(exchange, request, before, handler)
        )
    else:
        struck = await _acted(request, handler)
    if before is not None and before.kind is not FaultKind.SLOW:
        return struck
    kinds = _AFTER if "lines" in request.path.lower() else _AFTER - CANDLE_KINDS
    after = exchange.faults.met(kinds, **told)
    if after is None or not isinstance(struck, web.Response):
        return struck
    fault_noted(exchange, after, request.path, symbol)
    return await _struck_after(request, after, struck)


async def _or_on(
    exchange: Exchange, request: web.Request, fault: Fault, handler: Handler
) -> web.StreamResponse:
    struck = await _struck_before(exchange, request, fault)
    return await handler(request) if struck is None else struck


def fault_noted(exchange: Exchange, fault: Fault, path: str, symbol: str) -> None:
    """Write down that a fault struck."""
    exchange.journal.add(
        "fault",
        exchange.clock.true_ms(),
        fault=fault.kind.value,
        number=fault.number,
        path=path,
        symbol=symbol,
    )
