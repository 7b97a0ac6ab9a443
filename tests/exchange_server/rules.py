"""What an order must be to be taken: Binance's parameters and filters."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from tests.exchange_server.asking import needed
from tests.exchange_server.orders import STOPS, Order
from tests.exchange_server.refusals import refusal

if TYPE_CHECKING:
    from tests.exchange_server.markets import ServedMarket

ZERO: Final = Decimal(0)
_TYPES: Final = STOPS | {"LIMIT", "MARKET", "LIMIT_MAKER"}
_WITH_LIMIT: Final = frozenset({"LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"})
_CLIENT_ID: Final = re.compile(r"^[a-zA-Z0-9\-_]{1,36}$")
_PLACES: Final = 8


def amount(query: dict[str, str], name: str) -> Decimal:
    """Return an amount of the query; 0 where it is not said."""
    told = query.get(name)
    if told is None or not told:
        return ZERO
    try:
        read = Decimal(told)
    except InvalidOperation:
        read = Decimal("nan")
    if not read.is_finite() or read < 0:
        raise refusal(
            -1100,
            f"Illegal characters found in parameter '{name}'; legal range is "
            "'^([0-9]{1,20})(\\.[0-9]{1,20})?$'.",
        )
    exponent = read.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > _PLACES:
        raise refusal(-1111, f"Parameter '{name}' has too much precision.")
    return read


def order_read(
    query: dict[str, str], market: ServedMarket, number: int, now_ms: int
) -> Order:
    """Return the order that a request asks for, or refuse it for how it is asked."""
    side, kind = needed(query, "side"), needed(query, "type")
    if side not in {"BUY", "SELL"}:
        raise refusal(-1117, "Invalid side.")
    if kind not in _TYPES:
        raise refusal(-1116, "Invalid orderType.")
    for name in _wanted(kind, query):
        needed(query, name)
    if kind not in _WITH_LIMIT and "timeInForce" in query:
        raise refusal(-1106, "Parameter 'timeInForce' sent when not required.")
    in_force = query.get("timeInForce", "GTC")
    if in_force not in {"GTC", "IOC", "FOK"}:
        raise refusal(-1115, "Invalid timeInForce.")
    client_id = query.get("newClientOrderId") or f"loopback{number:012d}"
    if not _CLIENT_ID.match(client_id):
        raise refusal(
            -1100,
            "Illegal characters found in parameter 'newClientOrderId'; legal range "
            "is '^[a-zA-Z0-9-_]{1,36}$'.",
        )
    return Order(
        id=number,
        client_id=client_id,
        market=market,
        side=side,
        type=kind,
        quantity=amount(query, "quantity"),
        quote_quantity=amount(query, "quoteOrderQty") if kind == "MARKET" else ZERO,
        price=amount(query, "price") if kind not in {"MARKET"} else ZERO,
        stop_price=amount(query, "stopPrice"),
        time_in_force=in_force,
        at_ms=now_ms,
        updated_ms=now_ms,
        working=kind not in STOPS,
    )


def _wanted(kind: str, query: dict[str, str]) -> list[str]:
    """Return the parameters that an order of a kind must have."""
    wanted = [] if kind == "MARKET" and "quoteOrderQty" in query else ["quantity"]
    if kind in _WITH_LIMIT:
        wanted += ["timeInForce", "price"]
    if kind == "LIMIT_MAKER":
        wanted.append("price")
    if kind in STOPS:
        wanted.append("stopPrice")
    return wanted


def filters_passed(order: Order, last: Decimal) -> None:
    """Refuse an order that the market's filters do not let through.

    Args:
        order: What is asked for.
        last: The market's last price, quote per base.
    """
    market = order.market
    if market.status != "TRADING":
        raise refusal(-1013, "Market is closed.")
    for price in (order.price, order.stop_price):
        if price and price % market.tick:
            raise _failure("PRICE_FILTER")
    if "LIMIT" in order.type and not order.price:
        raise _failure("PRICE_FILTER")
    quantity = order.quantity
    if not order.quote_quantity and (quantity < market.step or quantity % market.step):
        raise _failure("LOT_SIZE")
    if quantity > market.step * 9 * 10**8:
        raise _failure("LOT_SIZE")
    if order.type == "MARKET" and quantity > market.step * 10**8:
        raise _failure("MARKET_LOT_SIZE")
    if order.price and not last / 5 <= order.price <= last * 5:
        raise _failure("PERCENT_PRICE_BY_SIDE")
    notional = order.quote_quantity or quantity * (order.price or last)
    if notional < market.min_notional:
        raise _failure("NOTIONAL")


def _failure(name: str) -> Exception:
    return refusal(-1013, f"Filter failure: {name}")
