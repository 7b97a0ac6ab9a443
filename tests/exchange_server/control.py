"""How the exchange is scripted over HTTP: faults, clock, prices, and its journal."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import orjson
from aiohttp import web

from tests.exchange_server.exchange import KEY
from tests.exchange_server.faults import Fault, FaultKind
from tests.exchange_server.ledger import sums_held
from tests.exchange_server.loaded import LoadedHistory
from tests.exchange_server.refusals import Refused
from tests.exchange_server.rest_signed import SIGNED

if TYPE_CHECKING:
    from tests.exchange_server.server import Server

SERVER: Final[web.AppKey[Server]] = web.AppKey("server")


def answer(body: object) -> web.Response:
    """Return a JSON answer."""
    return web.Response(body=orjson.dumps(body), content_type="application/json")


async def _body(request: web.Request) -> dict[str, Any]:
    read = await request.read()
    told: dict[str, Any] = orjson.loads(read) if read else {}
    return told


async def faults_add(request: web.Request) -> web.Response:
    """Let something go wrong: one fault, or several under `faults`."""
    faults = request.app[SERVER].exchange.faults
    told = await _body(request)
    many = told.get("faults", [told])
    made = [
        faults.add(Fault(**(each | {"kind": FaultKind(each["kind"])}))) for each in many
    ]
    return answer({"faults": [each.described() for each in made]})


async def faults_list(request: web.Request) -> web.Response:
    """Answer what is to go wrong, and how often each kind has."""
    faults = request.app[SERVER].exchange.faults
    return answer(
        {
            "faults": [each.described() for each in faults.listed()],
            "counts": faults.counts,
        }
    )


async def faults_clear(request: web.Request) -> web.Response:
    """Let everything, or one thing, go well again."""
    exchange = request.app[SERVER].exchange
    if "number" in request.query:
        exchange.faults.remove(int(request.query["number"]))
    else:
        exchange.faults.clear()
        exchange.banned_until_ms = 0
    return answer({})


async def faults_seed(request: web.Request) -> web.Response:
    """Draw chances from a seed."""
    told = await _body(request)
    request.app[SERVER].exchange.faults.seed(int(told["seed"]))
    return answer({})


async def journal(request: web.Request) -> web.Response:
    """Answer what happened, after an entry and of a kind if said."""
    kept = request.app[SERVER].exchange.journal
    entries = kept.described(
        request.query.get("kind"), int(request.query.get("after", "0"))
    )
    return answer({"entries": entries, "count": kept.count})


async def clock(request: web.Request) -> web.Response:
    """Set the exchange's clock: ahead by seconds, its past frozen at a time."""
    told = await _body(request)
    kept = request.app[SERVER].exchange.clock
    if "skew_seconds" in told:
        kept.skew_ms = int(float(told["skew_seconds"]) * 1000)
    if "frozen_ms" in told:
        kept.frozen_ms = told["frozen_ms"]
    return answer({"skew_ms": kept.skew_ms, "frozen_ms": kept.frozen_ms})


async def listening(request: web.Request) -> web.Response:
    """Refuse connections, or take them again."""
    server = request.app[SERVER]
    if (await _body(request))["on"]:
        await server.listening_start()
    else:
        await server.listening_stop()
    return answer({})


async def price(request: web.Request) -> web.Response:
    """Move a market's price, once or along a path of `[seconds, price]`.

    `hold` keeps it there (it does by default); `liquidity` is what can be filled at
    each price, in base units, or null for any amount.
    """
    exchange = request.app[SERVER].exchange
    told = await _body(request)
    market = exchange.market(told["symbol"])
    live = exchange.live(market)
    if "liquidity" in told:
        amount = told["liquidity"]
        live.liquidity = None if amount is None else Decimal(amount)
        live.available = live.liquidity
    hold = bool(told.get("hold", True))
    live.held = hold
    path = told.get("path") or ([[0, told["price"]]] if "price" in told else [])
    for seconds, each in path:
        await asyncio.sleep(seconds)
        exchange.price_set(market, Decimal(str(each)), hold=hold)
        exchange.broadcast.flush()
    return answer({"price": str(live.last * market.tick)})


async def book(request: web.Request) -> web.Response:
    """Answer a market's whole book; `held` stops or lets go all books first."""
    exchange = request.app[SERVER].exchange
    told = await _body(request)
    if "held" in told:
        exchange.books_held = bool(told["held"])
    market = exchange.market(told["symbol"])
    return answer(exchange.book(market).snapshot(10**6))


async def account(request: web.Request) -> web.Response:
    """Answer an account as the exchange keeps it: holdings, changes, orders, trades.

    Before that, `deposit` adds to a holding, as `{"asset": "BTC", "amount": "1"}`;
    `place` and `cancel` do what an order's owner could do elsewhere, in the words of
    `POST` and `DELETE order`; `may` says what the key may do, as
    `{"trade": false, "withdraw": true}`; `fee_asset` is paid with from now on, as
    `["BNB", "500"]` for one at 500 quote units, or null for what is received.
    """
    exchange = request.app[SERVER].exchange
    told = await _body(request)
    kept = exchange.desk.accounts[told.get("key", KEY)]
    if "deposit" in told:
        asset, added = told["deposit"]["asset"], told["deposit"]["amount"]
        kept.change(asset, "deposit", free=Decimal(added))
    if "fee_asset" in told:
        paid = told["fee_asset"]
        kept.fee_asset = None if paid is None else (paid[0], Decimal(paid[1]))
    may = told.get("may", {})
    kept.can_trade = may.get("trade", kept.can_trade)
    kept.can_withdraw = may.get("withdraw", kept.can_withdraw)
    for name, method in (("place", "POST"), ("cancel", "DELETE")):
        if name in told:
            call, _ = SIGNED[method, "/api/v3/order"]
            try:
                call(exchange, kept, told[name])
            except Refused as refused:
                return web.Response(body=refused.body(), status=refused.status)
    exchange.broadcast.flush()
    return answer(
        {
            "holdings": {
                asset: {"free": str(each.free), "locked": str(each.locked)}
                for asset, each in kept.holdings.items()
            },
            "balanced": sums_held(kept),
            "orders": [each.described() for each in kept.orders.values()],
            "fills": [each.described() for each in kept.fills],
        }
    )


async def market(request: web.Request) -> web.Response:
    """List a market otherwise: its `status`, and `holes` as `[start, end]` in ms."""
    exchange = request.app[SERVER].exchange
    told = await _body(request)
    listed = exchange.market(told["symbol"])
    if "status" in told:
        listed = replace(listed, status=told["status"])
    if "holes" in told:
        listed = replace(listed, holes=tuple((a, b) for a, b in told["holes"]))
    exchange.market_change(listed)
    return answer({"status": listed.status, "holes": listed.holes})


async def history(request: web.Request) -> web.Response:
    """Give a market a past: `candles` of an `interval`, or `trades`, as columns."""
    exchange = request.app[SERVER].exchange
    told = await _body(request)
    if "trades" in told:
        made = LoadedHistory.of_trades(told["trades"])
    else:
        made = LoadedHistory.of_candles(told["interval"], told["candles"])
    details = {
        name: Decimal(told[name])
        for name in ("tick", "step", "min_notional")
        if name in told
    }
    exchange.history_load(told["symbol"], made, **details)
    return answer({"span": made.span})


async def sockets(request: web.Request) -> web.Response:
    """Answer who is connected; `do` may `drop` or `silence` them all first."""
    exchange = request.app[SERVER].exchange
    told = await _body(request)
    connections = list(exchange.broadcast.connections)
    for each in connections:
        if told.get("do") == "drop":
            each.drop()
        elif told.get("do") == "silence":
            each.silent = True
    return answer(
        {
            "connected": exchange.broadcast.connected,
            "connections": [
                {"number": each.number, "streams": sorted(each.streams)}
                for each in connections
            ],
        }
    )


def control_application(server: Server) -> web.Application:
    """Return the program through which the exchange is scripted."""
    app = web.Application(client_max_size=256 * 1024**2)
    app[SERVER] = server
    app.router.add_post("/control/faults", faults_add)
    app.router.add_get("/control/faults", faults_list)
    app.router.add_delete("/control/faults", faults_clear)
    app.router.add_post("/control/faults/seed", faults_seed)
    app.router.add_get("/control/journal", journal)
    app.router.add_post("/control/clock", clock)
    app.router.add_post("/control/listening", listening)
    app.router.add_post("/control/price", price)
    app.router.add_post("/control/book", book)
    app.router.add_post("/control/account", account)
    app.router.add_post("/control/sockets", sockets)
    app.router.add_post("/control/market", market)
    app.router.add_post("/control/history", history)
    return app
