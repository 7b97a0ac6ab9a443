"""What an account may ask: its holdings, orders and trades."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.exchange_server.asking import limited, needed, whole
from tests.exchange_server.markets import eight
from tests.exchange_server.refusals import Refused, refusal
from tests.exchange_server.rest_wallet import WALLET
from tests.exchange_server.untold import (
    fills_told,
    order_told,
    orders_told,
    page_told,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.exchange_server.exchange import Exchange
    from tests.exchange_server.ledger import Account
    from tests.exchange_server.orders import Order

    type Query = dict[str, str]
    type SignedCall = Callable[[Exchange, Account, Query], object]

_DAY_MS: Final = 86_400_000


def account_status(exchange: Exchange, account: Account, query: Query) -> object:
    """Answer what there is of each asset."""
    rates = {
        "maker": eight(account.maker_fee),
        "taker": eight(account.taker_fee),
        "buyer": "0.00000000",
        "seller": "0.00000000",
    }
    some = query.get("omitZeroBalances") == "true"
    return {
        "makerCommission": int(account.maker_fee * 10_000),
        "takerCommission": int(account.taker_fee * 10_000),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": rates,
        "canTrade": account.can_trade,
        "canWithdraw": True,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": exchange.clock.now_ms(),
        "accountType": "SPOT",
        "balances": [
            {"asset": asset, "free": eight(each.free), "locked": eight(each.locked)}
            for asset, each in account.holdings.items()
            if each.free or each.locked or not some
        ],
        "permissions": ["SPOT"],
        "uid": 1,
    }


def _found(known: list[Order], query: Query, code: int) -> Order:
    """Return the order that a request names, by number or by the client's name.

    Args:
        known: The orders that may be meant.
        query: What is asked.
        code: What to refuse under where there is none.
    """
    number, named = whole(query, "orderId"), query.get("origClientOrderId")
    if number is None and not named:
        raise refusal(
            -1102,
            "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty"
            "/null!",
        )
    symbol = needed(query, "symbol")
    # A name may be used again once its order is done: the last one is meant.
    for order in reversed(known):
        if order.market.name != symbol:
            continue
        if (number is None or order.id == number) and named in {
            None,
            "",
            order.client_id,
        }:
            return order
    raise refusal(code)


def order_place(exchange: Exchange, account: Account, query: Query) -> object:
    """Place an order."""
    order = exchange.desk.place(account, query)
    usual = "FULL" if order.type in {"LIMIT", "MARKET"} else "ACK"
    return order.placed(query.get("newOrderRespType", usual))


def order_test(exchange: Exchange, account: Account, query: Query) -> object:
    """Answer whether an order would be taken."""
    exchange.desk.check(account, query)
    return {}


def order_get(exchange: Exchange, account: Account, query: Query) -> object:
    """Answer what became of an order."""
    exchange.market(query.get("symbol"))
    path = "/api/v3/order"
    known = orders_told(exchange, list(account.orders.values()), path)
    return order_told(exchange, _found(known, query, -2013), path)


def order_cancel(exchange: Exchange, account: Account, query: Query) -> object:
    """Cancel an order."""
    exchange.market(query.get("symbol"))
    order = _found(list(account.orders.values()), query, -2011)
    exchange.desk.cancel(account, order, query.get("newClientOrderId", ""))
    return order.cancelled()


def order_replace(exchange: Exchange, account: Account, query: Query) -> object:
    """Cancel an order and place another in its stead."""
    market = exchange.market(query.get("symbol"))
    stop = needed(query, "cancelReplaceMode") == "STOP_ON_FAILURE"
    named = {
        "symbol": market.name,
        **({"orderId": query["cancelOrderId"]} if "cancelOrderId" in query else {}),
        "origClientOrderId": query.get("cancelOrigClientOrderId", ""),
        "newClientOrderId": query.get("cancelNewClientOrderId", ""),
    }
    told: dict[str, Any] = {
        "cancelResult": "SUCCESS",
        "newOrderResult": "NOT_ATTEMPTED",
        "cancelResponse": None,
        "newOrderResponse": None,
    }
    try:
        told["cancelResponse"] = order_cancel(exchange, account, named)
    except Refused as refused:
        told["cancelResult"] = "FAILURE"
        told["cancelResponse"] = {"code": refused.code, "msg": refused.message}
        if stop:
            raise refusal(-2022, "Order cancel-replace failed.").with_data(
                told
            ) from refused
    try:
        told["newOrderResponse"] = order_place(exchange, account, query)
        told["newOrderResult"] = "SUCCESS"
    except Refused as refused:
        told["newOrderResult"] = "FAILURE"
        told["newOrderResponse"] = {"code": refused.code, "msg": refused.message}
        both = told["cancelResult"] == "FAILURE"
        raise refusal(
            -2022 if both else -2021,
            "Order cancel-replace failed."
            if both
            else "Order cancel-replace partially failed.",
        ).with_data(told) from refused
    return told


def orders_open(exchange: Exchange, account: Account, query: Query) -> object:
    """Answer the orders that are not done."""
    symbol = query.get("symbol")
    if symbol is not None:
        exchange.market(symbol)
    path = "/api/v3/openOrders"
    known = orders_told(exchange, account.open_orders(symbol), path)
    return [order_told(exchange, order, path) for order in known]


def orders_cancel(exchange: Exchange, account: Account, query: Query) -> object:
    """Cancel all open orders of a market."""
    market = exchange.market(query.get("symbol"))
    orders = account.open_orders(market.name)
    if not orders:
        raise refusal(-2011)
    for order in orders:
        exchange.desk.cancel(account, order, "")
    return [order.cancelled() for order in orders]


def orders_all(exchange: Exchange, account: Account, query: Query) -> object:
    """Answer the orders of a market, done or not, by number or time."""
    market = exchange.market(query.get("symbol"))
    start, end = _span(query)
    number = whole(query, "orderId")
    found = [
        order
        for order in orders_told(
            exchange, list(account.orders.values()), "/api/v3/allOrders"
        )
        if order.market is market
        and (number is None or order.id >= number)
        and start <= order.at_ms <= end
    ]
    limit = limited(query, 1000)
    first = number is not None or "startTime" in query
    return [each.described() for each in (found[:limit] if first else found[-limit:])]


def _span(query: Query) -> tuple[int, int]:
    """Return first and last time asked for, at most a day where both are said."""
    start, end = whole(query, "startTime"), whole(query, "endTime")
    if start is not None and end is not None and end - start > _DAY_MS:
        raise refusal(-1127, "More than 24 hours between startTime and endTime.")
    return start or 0, 1 << 62 if end is None else end


def trades_mine(exchange: Exchange, account: Account, query: Query) -> object:
    """Answer the trades of a market, by number, order or time."""
    market = exchange.market(query.get("symbol"))
    start, end = _span(query)
    number, order_id = whole(query, "fromId"), whole(query, "orderId")
    path = "/api/v3/myTrades"
    found = [
        fill
        for fill in fills_told(exchange, account.fills, path)
        if fill.symbol == market.name
        and (number is None or fill.id >= number)
        and (order_id is None or fill.order_id == order_id)
        and start <= fill.at_ms <= end
    ]
    limit = limited(query, 1000)
    first = number is not None or "startTime" in query
    page = found[:limit] if first else found[-limit:]
    return page_told(exchange, [each.described() for each in page], path)


SIGNED: Final[dict[tuple[str, str], tuple[SignedCall, int]]] = {
    ("GET", "/api/v3/account"): (account_status, 20),
    ("POST", "/api/v3/order"): (order_place, 1),
    ("POST", "/api/v3/order/test"): (order_test, 1),
    ("POST", "/api/v3/order/cancelReplace"): (order_replace, 1),
    ("GET", "/api/v3/order"): (order_get, 4),
    ("DELETE", "/api/v3/order"): (order_cancel, 1),
    ("GET", "/api/v3/openOrders"): (orders_open, 6),
    ("DELETE", "/api/v3/openOrders"): (orders_cancel, 1),
    ("GET", "/api/v3/allOrders"): (orders_all, 20),
    ("GET", "/api/v3/myTrades"): (trades_mine, 20),
    **{("GET", path): (call, 10) for path, call in WALLET.items()},
}
