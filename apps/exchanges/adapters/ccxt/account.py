"""One account at an exchange, through ccxt."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from apps.core.errors import ApplicationError
from apps.exchanges.account_port import KeysCheck, OrderKind
from apps.exchanges.adapters.ccxt.calls import Calls
from apps.exchanges.adapters.ccxt.markets import rounded
from apps.exchanges.adapters.ccxt.numbers import NS_PER_MS
from apps.exchanges.adapters.ccxt.orders import (
    balances_from,
    fills_from,
    order_from,
    orders_from,
)
from apps.exchanges.errors import (
    ExchangeForbidden,
    ExchangeMisconfigured,
    ExchangeRejected,
    ExchangeUnsupported,
    VenueOrderNotFound,
)

if TYPE_CHECKING:
    from apps.exchanges.account_port import (
        Balance,
        OrderRequest,
        VenueFill,
        VenueOrder,
    )
    from apps.exchanges.config import ExchangeConfig
    from apps.exchanges.guard import GuardPolicy

# Whose orders ccxt finds by our name; with the others, lists are looked through.
_BY_CLIENT_ID = (
    "binance",
    "binanceus",
    "bitget",
    "bitstamp",
    "bitvavo",
    "htx",
    "kraken",
    "kucoin",
    "mexc",
    "okx",
)
_FILLS_PER_PAGE = 1000


class CcxtAccount:
    """One account of an exchange of ccxt behind `AccountPort`; threads may share it.

    Args:
        exchange: ccxt's id.
        config: How it is reached, with keys.
        policy: How often and how long it is tried; the usual one where None.

    Raises:
        ExchangeMisconfigured: Keys are missing.
    """

    def __init__(
        self,
        exchange: str,
        config: ExchangeConfig,
        policy: GuardPolicy | None = None,
    ) -> None:
        if not config.api_key or not config.secret:
            message = f"{exchange} needs an API key and its secret for an account"
            raise ExchangeMisconfigured(message, attr="api_key")
        self.exchange = exchange
        self._calls = Calls(exchange, config, policy)
        self._client = self._calls.client

    def keys_check(self) -> KeysCheck:
        """Say what the keys may do; wrong keys are an answer, not an error."""
        try:
            self._calls.markets_load()
            skew = self._calls.read(self._calls.clock_skew)
            raw = self._calls.read(self._client.fetch_balance)
        except (ExchangeMisconfigured, ExchangeForbidden) as error:
            return KeysCheck(
                read=False,
                trade=None,
                withdraw=None,
                addresses_restricted=None,
                clock_skew_seconds=None,
                message=error.message,
            )
        info = raw.get("info")
        told = dict(info) if isinstance(info, dict) else {}
        told |= self._restrictions()
        return KeysCheck(
            read=True,
            trade=_flag(told, "enableSpotAndMarginTrading", "canTrade"),
            withdraw=_flag(told, "enableWithdrawals", "canWithdraw"),
            addresses_restricted=_flag(told, "ipRestrict"),
            clock_skew_seconds=skew,
            message="",
        )

    def balances(self) -> tuple[Balance, ...]:
        """Return what the account holds, by currency, without empty ones."""
        self._calls.loaded()

        def ask() -> tuple[Balance, ...]:
            found = balances_from(self._client.fetch_balance())
            return tuple(self._calls.listed(list(found)))

        return self._calls.read(ask)

    def order_place(self, request: OrderRequest) -> VenueOrder:
        """Send an order, once.

        Raises:
            SymbolUnknown: There is no such market.
            ExchangeRejected: The exchange refused it, or it is not on the market's grid.
            OutcomeUnknown: It was sent, and nobody knows what became of it.
            ExchangeUnavailable: It was not sent.
        """
        self._spot(request.symbol)
        amount = self._on_grid(request.symbol, request.quantity, of="amount")
        limit = request.kind is OrderKind.LIMIT
        if limit is (request.price is None):
            message = "a limit order names its price, a market order names none"
            raise ExchangeRejected(message, attr="price")
        price = (
            None
            if request.price is None
            else self._on_grid(request.symbol, request.price, of="price")
        )
        return self._calls.write(
            lambda: order_from(
                self._client.create_order(
                    request.symbol,
                    request.kind.value,
                    request.side.value,
                    amount,
                    price,
                    _order_options(request),
                ),
                request.symbol,
            )
        )

    def order_cancel(
        self,
        symbol: str,
        *,
        order_id: str | None = None,
        client_order_id: str | None = None,
    ) -> None:
        """Ask for an order to be cancelled, once, by the exchange's name or ours.

        Raises:
            VenueOrderNotFound: There is no such open order; it may be filled.
            OutcomeUnknown: It was sent, and nobody knows what became of it.
        """
        self._spot(symbol)
        if order_id is None and self.exchange not in _BY_CLIENT_ID:
            order_id = self._listed(symbol, client_order_id, open_only=True).id
        named = {} if order_id is not None else {"clientOrderId": client_order_id}
        self._calls.write(
            lambda: order_from(self._client.cancel_order(order_id, symbol, named), None)
        )

    def order_get(
        self,
        symbol: str,
        *,
        order_id: str | None = None,
        client_order_id: str | None = None,
    ) -> VenueOrder:
        """Return one order, by the exchange's name or ours.

        Raises:
            VenueOrderNotFound: The exchange knows none.
        """
        self._spot(symbol)
        if order_id is None and self.exchange not in _BY_CLIENT_ID:
            return self._listed(symbol, client_order_id, open_only=False)
        named = {} if order_id is not None else {"clientOrderId": client_order_id}
        return self._calls.read(
            lambda: order_from(
                self._client.fetch_order(order_id, symbol, named), symbol
            )
        )

    def orders_open(self, symbol: str | None = None) -> tuple[VenueOrder, ...]:
        """Return what rests in the book, oldest first; of one market or of all."""
        if symbol is None:
            self._calls.loaded()
        else:
            self._spot(symbol)
        return self._calls.read(
            lambda: orders_from(
                self._calls.listed(self._client.fetch_open_orders(symbol)), symbol
            )
        )

    def orders_closed(self, symbol: str, since_ns: int) -> tuple[VenueOrder, ...]:
        """Return a page of orders that ended, oldest first.

        Raises:
            ExchangeUnsupported: The exchange lists none.
        """
        self._spot(symbol)
        if not self._client.has.get("fetchClosedOrders"):
            message = f"{self.exchange} does not list orders that ended"
            raise ExchangeUnsupported(message)
        since_ms = -(-since_ns // NS_PER_MS)
        return self._calls.read(
            lambda: orders_from(
                self._calls.listed(self._client.fetch_closed_orders(symbol, since_ms)),
                symbol,
            )
        )

    def fills(
        self, symbol: str, since_ns: int, after_id: str | None = None
    ) -> tuple[VenueFill, ...]:
        """Return a page of executions, oldest first, each once."""
        self._spot(symbol)
        since_ms: int | None = -(-since_ns // NS_PER_MS)
        place: dict[str, Any] = {}
        if after_id is not None and self.exchange.startswith("binance"):
            since_ms, place = None, {"fromId": int(after_id) + 1}

        def ask() -> tuple[VenueFill, ...]:
            raw = self._client.fetch_my_trades(symbol, since_ms, _FILLS_PER_PAGE, place)
            return fills_from(self._calls.listed(raw), symbol)

        found = self._calls.read(ask)
        return tuple(each for each in found if each.id != after_id)

    def close(self) -> None:
        """Let go of its connections."""
        self._calls.close()

    def _spot(self, symbol: str) -> None:
        if not self._calls.market(symbol).get("spot"):
            message = f"{symbol} of {self.exchange} is no spot market"
            raise ExchangeUnsupported(message, attr="symbol")

    def _on_grid(self, symbol: str, value: Decimal, *, of: str) -> float:
        """Return a number as ccxt takes it, which must not change it on the way.

        ccxt cuts what is not on the market's grid, and does not say so.
        """
        near = rounded(self._client, symbol, value, of=of) if value > 0 else None
        number = float(value)
        if near != value or Decimal(repr(number)) != value:
            offer = "" if near is None else f"; the nearest is {near}"
            message = f"{value} is no {of} of {symbol}{offer}"
            raise ExchangeRejected(message, attr=of)
        return number

    def _listed(
        self, symbol: str, client_order_id: str | None, *, open_only: bool
    ) -> VenueOrder:
        """Look for an order among those that the exchange lists."""
        found = list(self.orders_open(symbol))
        if not open_only and self._client.has.get("fetchClosedOrders"):
            found += self.orders_closed(symbol, 0)
        for order in found:
            if order.client_order_id == client_order_id:
                return order
        message = f"{self.exchange} lists no order {client_order_id!r} of {symbol}"
        raise VenueOrderNotFound(message, attr="client_order_id")

    def _restrictions(self) -> dict[str, Any]:
        """Return what Binance tells of a key beyond the account."""
        ask = getattr(self._client, "sapi_get_account_apirestrictions", None)
        if ask is None:
            return {}
        try:
            told = self._calls.once(ask)
        except ApplicationError:
            # A venue that stands in for it need not know this; nothing rests on it.
            return {}
        return told if isinstance(told, dict) else {}


def _order_options(request: OrderRequest) -> dict[str, Any]:
    options: dict[str, Any] = {"clientOrderId": request.client_order_id}
    if request.kind is OrderKind.LIMIT:
        options["timeInForce"] = request.time_in_force.value
    if request.post_only:
        options["postOnly"] = True
    return options


def _flag(told: dict[str, Any], *names: str) -> bool | None:
    for name in names:
        if name in told:
            return told[name] is True or str(told[name]).lower() == "true"
    return None
