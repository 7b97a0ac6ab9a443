"""ccxt's balances, orders and executions into ours, checked before they are believed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from apps.exchanges.account_port import (
    Balance,
    OrderKind,
    OrderSide,
    VenueFill,
    VenueOrder,
    VenueOrderState,
)
from apps.exchanges.adapters.ccxt.numbers import (
    exact,
    invalid,
    moment_ns,
    optional,
    optional_price,
    price,
)
from apps.exchanges.adapters.ccxt.trades import id_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal

_STATES = {
    "open": VenueOrderState.OPEN,
    "closed": VenueOrderState.FILLED,
    "canceled": VenueOrderState.CANCELLED,
    "canceling": VenueOrderState.OPEN,
    "expired": VenueOrderState.EXPIRED,
    "rejected": VenueOrderState.REJECTED,
}
# Names of kinds as exchanges have them, in small letters without marks.
_KINDS = {
    "market": OrderKind.MARKET,
    "limit": OrderKind.LIMIT,
    "limitmaker": OrderKind.LIMIT,
    "stoploss": OrderKind.STOP,
    "stoplosslimit": OrderKind.STOP_LIMIT,
    "takeprofit": OrderKind.TAKE_PROFIT,
    "takeprofitlimit": OrderKind.TAKE_PROFIT_LIMIT,
}
_MARKS = re.compile(r"[\W_]")
_SIDES = {side.value: side for side in OrderSide}


def balances_from(raw: Any) -> tuple[Balance, ...]:
    """Return what an account holds, by currency, without empty ones.

    Args:
        raw: ccxt's balance.

    Raises:
        ExchangeAnswerInvalid: It is no balance, or an amount is missing or no number.
    """
    what = "balances"
    if not isinstance(raw, dict) or not isinstance(raw.get("total"), dict):
        raise invalid(what, "balances", raw)
    if not raw.get("info"):
        # ccxt makes an empty account of an empty answer.
        raise invalid(what, "balances", raw.get("info"))
    found = []
    for currency in sorted(raw["total"]):
        parts = {
            name: _held(f"{what} of {currency}", name, raw[currency].get(name))
            for name in ("total", "free", "used")
        }
        if parts["total"]:
            found.append(Balance(currency, **parts))
    return tuple(found)


def _held(what: str, field: str, value: Any) -> Decimal:
    try:
        number = exact(value)
    except ValueError as error:
        raise invalid(what, field, value) from error
    if number is None:
        raise invalid(what, field, value)
    return number


def order_from(raw: Any, symbol: str | None, *, waiting: bool = False) -> VenueOrder:
    """Return an order as the venue knows it.

    Args:
        raw: ccxt's order.
        symbol: What was asked for; None for any market.
        waiting: Whether a trigger price of this exchange makes an order one that waits,
            rather than being tied to one that does not.

    Raises:
        ExchangeAnswerInvalid: It has no id, is of another market, is in a state that
            nobody knows, or an amount is no number.
    """
    what = f"order of {symbol or 'the account'}"
    if not isinstance(raw, dict) or not raw.get("id"):
        raise invalid(what, "id", raw.get("id") if isinstance(raw, dict) else raw)
    market = raw.get("symbol")
    if not isinstance(market, str) or symbol not in (None, market):
        raise invalid(what, "symbol", market)
    status, side = raw.get("status"), raw.get("side")
    if status is not None and status not in _STATES:
        raise invalid(what, "status", status)
    return VenueOrder(
        id=str(raw["id"]),
        client_order_id=raw.get("clientOrderId") or None,
        symbol=market,
        side=_SIDES.get(str(side)),
        kind=_kind(raw, waiting=waiting),
        state=_STATES.get(str(status)),
        price=optional_price(what, "price", raw.get("price")),
        quantity=optional(what, "amount", raw.get("amount")),
        filled=optional(what, "filled", raw.get("filled")),
        average_price=optional_price(what, "average", raw.get("average")),
        created_ns=_moment(what, "timestamp", raw),
        updated_ns=_moment(what, "lastUpdateTimestamp", raw),
        stop_price=_stop_price(what, raw),
    )


def _moment(what: str, name: str, raw: Mapping[str, Any]) -> int | None:
    """Return a time of an order; Binance tells -1 of one that does not work yet."""
    told = raw.get(name)
    return None if told == -1 else moment_ns(what, name, told)


def _kind(raw: Mapping[str, Any], *, waiting: bool) -> str | None:
    told = raw.get("type")
    if told is None:
        return None
    kind = _KINDS.get(_MARKS.sub("", str(told).lower()))
    if kind is None or kind.has_stop or not waiting:
        return str(told) if kind is None else kind
    if raw.get("takeProfitPrice"):
        limit, market = OrderKind.TAKE_PROFIT_LIMIT, OrderKind.TAKE_PROFIT
    elif raw.get("stopLossPrice") or raw.get("triggerPrice"):
        limit, market = OrderKind.STOP_LIMIT, OrderKind.STOP
    else:
        return kind
    return limit if kind is OrderKind.LIMIT else market


def _stop_price(what: str, raw: Mapping[str, Any]) -> Decimal | None:
    for name in ("stopLossPrice", "takeProfitPrice", "triggerPrice"):
        found = optional_price(what, name, raw.get(name))
        if found is not None:
            return found
    return None


def orders_from(
    raw: Any, symbol: str | None, *, waiting: bool = False
) -> tuple[VenueOrder, ...]:
    """Return orders, oldest first; as `order_from`."""
    if not isinstance(raw, list | tuple):
        raise invalid("orders", "orders", raw)
    found = [order_from(each, symbol, waiting=waiting) for each in raw]
    return tuple(sorted(found, key=lambda one: (one.created_ns or 0, id_order(one.id))))


def fills_from(raw: Any, symbol: str) -> tuple[VenueFill, ...]:
    """Return executions, oldest first, each once.

    Args:
        raw: ccxt's own trades.
        symbol: What was asked for.

    Raises:
        ExchangeAnswerInvalid: One has no id, time, side, price or quantity, or two
            different ones have one id.
    """
    what = f"executions of {symbol}"
    if not isinstance(raw, list | tuple):
        raise invalid(what, "executions", raw)
    by_id: dict[str, VenueFill] = {}
    for place, each in enumerate(raw):
        fill = _fill(what, f"executions.{place}", each, symbol)
        if by_id.setdefault(fill.id, fill) != fill:
            raise invalid(what, f"executions.{place}.id", f"{fill.id} of two of them")
    return fills_sorted(by_id.values())


def fills_sorted(fills: Iterable[VenueFill]) -> tuple[VenueFill, ...]:
    """Return executions, oldest first; those of one moment by their ids."""
    return tuple(sorted(fills, key=lambda one: (one.time_ns, id_order(one.id))))


def _fill(what: str, field: str, raw: Any, symbol: str) -> VenueFill:
    if not isinstance(raw, dict) or not raw.get("id"):
        raise invalid(what, f"{field}.id", raw)
    if raw.get("symbol") != symbol:
        raise invalid(what, f"{field}.symbol", raw.get("symbol"))
    side = _SIDES.get(str(raw.get("side")))
    moment = moment_ns(what, f"{field}.timestamp", raw.get("timestamp"))
    if side is None or moment is None:
        raise invalid(what, f"{field}.side and timestamp", (side, moment))
    fee, currency = _fee(what, field, raw.get("fee") or {})
    order_id = raw.get("order")
    return VenueFill(
        id=str(raw["id"]),
        order_id=str(order_id) if order_id else None,
        symbol=symbol,
        side=side,
        price=price(what, f"{field}.price", raw.get("price")),
        quantity=price(what, f"{field}.amount", raw.get("amount")),
        fee=fee,
        fee_currency=currency,
        maker={"maker": True, "taker": False}.get(str(raw.get("takerOrMaker"))),
        time_ns=moment,
    )


def _fee(
    what: str, field: str, raw: Mapping[str, Any]
) -> tuple[Decimal | None, str | None]:
    try:
        return exact(raw.get("cost")), raw.get("currency")
    except ValueError as error:
        raise invalid(what, f"{field}.fee", raw.get("cost")) from error
