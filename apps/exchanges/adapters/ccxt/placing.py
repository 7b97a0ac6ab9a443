"""An order of ours in ccxt's words, refused where an exchange would not take it whole.

ccxt cuts what is off the market's grid, and passes on what an exchange may not know,
without a word; here that is an error before anything is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from apps.exchanges.account_port import OrderKind, TimeInForce
from apps.exchanges.adapters.ccxt.markets import rounded
from apps.exchanges.errors import ExchangeRejected, ExchangeUnsupported
from apps.exchanges.order_checks import prices_check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.exchanges.account_port import OrderRequest

# Whose orders that wait are orders like the others: found by our name, listed among the
# open ones, cancelled alike, and waking on the side that `OrderKind` says. Elsewhere they
# are kept in a book of their own, where one whose answer was lost would not be found.
STOPS = ("binance", "binanceus", "kraken")
# Whose orders ccxt does not place and cancel with what an order tells, and what it lacks.
# What cannot be cancelled is not placed either.
LACKING: Mapping[str, str] = {
    "bitvavo": "each order and each cancel names an operator of the account",
    "cex": "each order names a sub-account",
    "coinone": "each cancel names the order's side, price and quantity",
    "coinspot": "each cancel names the order's side",
    "derive": "each order and each cancel names a sub-account",
    "indodax": "each cancel names the order's side",
    "lighter": "each order and each cancel names the index of an account",
}


@dataclass(frozen=True, slots=True)
class Placing:
    """The arguments of ccxt's `create_order`."""

    symbol: str
    type: str
    side: str
    amount: float
    price: float | None
    params: dict[str, Any]

    def sent(self, client: Any) -> Any:
        """Send it, and return ccxt's order."""
        return client.create_order(
            self.symbol, self.type, self.side, self.amount, self.price, self.params
        )


def kinds_of(client: Any) -> frozenset[OrderKind]:
    """Return the kinds of orders that an exchange takes from us; none where none.

    Args:
        client: A ccxt client; its markets need not be loaded.
    """
    has = client.has
    if client.id in LACKING or not (has.get("createOrder") and has.get("cancelOrder")):
        return frozenset()
    kinds = {OrderKind.LIMIT}
    if has.get("createMarketOrder") is not False:
        kinds.add(OrderKind.MARKET)
    if client.id in STOPS:
        kinds.update(each for each in OrderKind if each.has_stop)
    return frozenset(kinds)


def trading_check(client: Any) -> None:
    """Make sure that orders can be placed at an exchange, and cancelled.

    Args:
        client: A ccxt client; its markets need not be loaded.

    Raises:
        ExchangeUnsupported: They cannot, whatever the keys; says why.
    """
    if not kinds_of(client):
        why = LACKING.get(client.id, "it does not do both through ccxt")
        message = f"orders cannot be placed and cancelled at {client.id} here: {why}"
        raise ExchangeUnsupported(message, attr="exchange")


def placing(client: Any, request: OrderRequest) -> Placing:
    """Return what ccxt is asked for an order.

    Args:
        client: A ccxt client whose markets are loaded.
        request: The order.

    Raises:
        ExchangeUnsupported: The exchange cannot do such an order.
        ExchangeRejected: It contradicts itself, or is not on the market's grid.
    """
    _supported(client, request)
    _consistent(request)
    symbol = request.symbol
    amount = _on_grid(client, symbol, request.quantity, of="amount", attr="amount")
    price = _price(client, symbol, request.price, attr="price")
    stop = _price(client, symbol, request.stop_price, attr="stop_price")
    return Placing(
        symbol=symbol,
        type="limit" if request.kind.has_price else "market",
        side=request.side.value,
        amount=amount,
        price=price,
        params=_params(request, stop),
    )


def _params(request: OrderRequest, stop: float | None) -> dict[str, Any]:
    params: dict[str, Any] = {"clientOrderId": request.client_order_id}
    if request.post_only:
        # What may only rest has no other time in force, and Binance refuses to be told.
        params["postOnly"] = True
    elif request.kind.has_price:
        params["timeInForce"] = request.time_in_force.value
    if stop is not None:
        loss = request.kind.waits_for_worse
        params["stopLossPrice" if loss else "takeProfitPrice"] = stop
    return params


def _supported(client: Any, request: OrderRequest) -> None:
    trading_check(client)
    kinds = kinds_of(client)
    if request.kind not in kinds:
        able = ", ".join(sorted(kinds))
        message = f"{client.id} takes no {request.kind} orders here; it takes: {able}"
        raise ExchangeUnsupported(message, attr="kind")
    known = client.feature_value_by_type("spot", None, "createOrder", "timeInForce")
    for wanted, name, attr in (
        (request.post_only, "PO", "post_only"),
        (request.time_in_force is TimeInForce.IOC, "IOC", "time_in_force"),
        (request.time_in_force is TimeInForce.FOK, "FOK", "time_in_force"),
    ):
        if wanted and request.kind.has_price and not (known or {}).get(name):
            message = f"{client.id} is not known to take orders of {attr} {name}"
            raise ExchangeUnsupported(message, attr=attr)


def _consistent(request: OrderRequest) -> None:
    prices_check(request)
    kind = request.kind
    if request.post_only and kind is not OrderKind.LIMIT:
        message = f"a {kind} order cannot be post-only; only a limit order can"
        raise ExchangeRejected(message, attr="post_only")
    if request.post_only and request.time_in_force is not TimeInForce.GTC:
        message = f"a post-only order rests: it cannot be {request.time_in_force}"
        raise ExchangeRejected(message, attr="time_in_force")
    if not kind.has_price and request.time_in_force is TimeInForce.FOK:
        message = f"a {kind} order takes what there is: it cannot be FOK"
        raise ExchangeRejected(message, attr="time_in_force")


def _price(
    client: Any, symbol: str, value: Decimal | None, *, attr: str
) -> float | None:
    if value is None:
        return None
    return _on_grid(client, symbol, value, of="price", attr=attr)


def _on_grid(client: Any, symbol: str, value: Decimal, *, of: str, attr: str) -> float:
    """Return a number as ccxt takes it, which must not change it on the way.

    Args:
        client: A ccxt client whose markets are loaded.
        symbol: The market.
        value: Base units, or quote per base.
        of: `price` or `amount`: by which grid.
        attr: What the error calls it.

    Raises:
        ExchangeRejected: It is not on the grid, not above 0, or has more digits than
            ccxt keeps.
    """
    near = rounded(client, symbol, value, of=of) if value > 0 else None
    number = float(value)
    if near != value or Decimal(repr(number)) != value:
        offer = "" if near is None else f"; the nearest is {near}"
        message = f"{value} is no {attr} of {symbol}{offer}"
        raise ExchangeRejected(message, attr=attr)
    return number
