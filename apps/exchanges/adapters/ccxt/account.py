"""One account at an exchange, through ccxt."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from apps.exchanges.account_port import VenueOrderState
from apps.exchanges.adapters.ccxt.calls import Calls
from apps.exchanges.adapters.ccxt.executions import Executions
from apps.exchanges.adapters.ccxt.keys import keys_checked
from apps.exchanges.adapters.ccxt.naming import CANCELLED_BY_NAME, FOUND_BY_NAME
from apps.exchanges.adapters.ccxt.numbers import ceil_ms
from apps.exchanges.adapters.ccxt.orders import (
    balances_from,
    order_from,
    orders_from,
)
from apps.exchanges.adapters.ccxt.placing import STOPS, kinds_of, placing
from apps.exchanges.errors import (
    ExchangeMisconfigured,
    ExchangeUnsupported,
    VenueOrderNotFound,
)

if TYPE_CHECKING:
    from apps.exchanges.account_port import (
        Balance,
        KeysCheck,
        OrderKind,
        OrderRequest,
        VenueFill,
        VenueOrder,
    )
    from apps.exchanges.config import ExchangeConfig
    from apps.exchanges.guard import GuardPolicy


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
        self._executions = Executions(self._calls)

    def order_kinds(self) -> frozenset[OrderKind]:
        """Say which kinds of orders can be placed and cancelled here; no call is made."""
        return kinds_of(self._client)

    def keys_check(self) -> KeysCheck:
        """Say what the keys may do; wrong keys are an answer, not an error.

        Raises:
            ExchangeUnsupported: No keys help: orders cannot be placed and cancelled here.
        """
        return keys_checked(self._calls)

    def balances(self) -> tuple[Balance, ...]:
        """Return what the account holds, by currency, without empty ones."""
        self._calls.loaded()

        def ask() -> tuple[Balance, ...]:
            found = balances_from(self._client.fetch_balance())
            return tuple(self._calls.listed(list(found)))

        return self._calls.read(ask)

    def order_place(self, request: OrderRequest) -> VenueOrder:
        """Send an order, once.

        Nothing of it leaves later than `ExchangeConfig.sending_seconds` after this was
        called, nor after its own `send_before_ns`, and the answer is waited for no longer
        than `write_seconds` in all.

        Raises:
            SymbolUnknown: There is no such market.
            ExchangeUnsupported: The exchange cannot do such an order.
            ExchangeRejected: The exchange refused it, or it is not on the market's grid.
            OutcomeUnknown: It was sent, and nobody knows what became of it.
            ExchangeUnavailable: It was not sent.
            ExchangeRateLimited: It was not sent, or turned away.
        """
        with self._calls.sending(request.send_before_ns):
            self._spot(request.symbol)
            order = placing(self._client, request)
            return self._calls.write(
                lambda: self._order(order.sent(self._client), request.symbol)
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
        with self._calls.sending():
            self._spot(symbol)
            if order_id is None and self.exchange not in CANCELLED_BY_NAME:
                order_id = self._listed(symbol, client_order_id, open_only=True).id
            named = _named(order_id, client_order_id)
            self._calls.write(lambda: self._cancelled(order_id, symbol, named))

    def _cancelled(
        self, order_id: str | None, symbol: str, named: dict[str, Any]
    ) -> None:
        raw = self._client.cancel_order(order_id or "", symbol, named)
        if self.exchange.startswith("binance") or raw.get("id"):
            # Others confirm without a word of the order.
            self._order(raw, None)

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
        if order_id is None and self.exchange not in FOUND_BY_NAME:
            return self._listed(symbol, client_order_id, open_only=False)
        named = _named(order_id, client_order_id)
        return self._calls.read(
            lambda: self._order(
                # ccxt puts it into a text where there is no such order.
                self._client.fetch_order(order_id or "", symbol, named),
                symbol,
            )
        )

    def _order(self, raw: Any, symbol: str | None) -> VenueOrder:
        return order_from(raw, symbol, waiting=self.exchange in STOPS)

    def _orders(self, raw: list[Any], symbol: str | None) -> tuple[VenueOrder, ...]:
        listed = self._calls.listed(raw)
        return orders_from(listed, symbol, waiting=self.exchange in STOPS)

    def orders_open(self, symbol: str | None = None) -> tuple[VenueOrder, ...]:
        """Return what rests in the book, oldest first; of one market or of all."""
        if symbol is None:
            self._calls.loaded()
        else:
            self._spot(symbol)
        return self._open(symbol, {})

    def _open(
        self, symbol: str | None, named: dict[str, Any]
    ) -> tuple[VenueOrder, ...]:
        ask = self._client.fetch_open_orders
        return self._calls.read(
            lambda: self._orders(ask(symbol, None, None, named), symbol)
        )

    def orders_closed(self, symbol: str, since_ns: int) -> tuple[VenueOrder, ...]:
        """Return a page of orders that ended, filled or not, oldest first.

        Raises:
            ExchangeUnsupported: The exchange lists none.
        """
        self._spot(symbol)
        return self._ended(symbol, since_ns, {})

    def _ended(
        self, symbol: str, since_ns: int, named: dict[str, Any]
    ) -> tuple[VenueOrder, ...]:
        has, client = self._client.has, self._client
        if has.get("fetchOrders") is True:
            ask = client.fetch_orders
        elif has.get("fetchCanceledAndClosedOrders") is True:
            ask = client.fetch_canceled_and_closed_orders
        elif has.get("fetchClosedOrders"):
            ask = client.fetch_closed_orders
        else:
            message = f"{self.exchange} does not list orders that ended"
            raise ExchangeUnsupported(message)
        since_ms = ceil_ms(since_ns)
        found = self._calls.read(
            lambda: self._orders(ask(symbol, since_ms, None, named), symbol)
        )
        return tuple(each for each in found if each.state is not VenueOrderState.OPEN)

    def fills(
        self, symbol: str, since_ns: int, after_id: str | None = None
    ) -> tuple[VenueFill, ...]:
        """Return a page of executions, oldest first, each once; none is an empty one."""
        self._spot(symbol)
        found = self._executions.after(symbol, ceil_ms(since_ns), after_id)
        return tuple(each for each in found if each.id != after_id)

    def fills_of_order(
        self, symbol: str, order_id: str, since_ns: int
    ) -> tuple[VenueFill, ...]:
        """Return all executions of one order, oldest first, each once."""
        self._spot(symbol)
        return self._executions.of_order(symbol, order_id, ceil_ms(since_ns))

    def close(self) -> None:
        """Let go of its connections."""
        self._calls.close()

    def _spot(self, symbol: str) -> None:
        if not self._calls.market(symbol).get("spot"):
            message = f"{symbol} of {self.exchange} is no spot market"
            raise ExchangeUnsupported(message, attr="symbol")

    def _listed(
        self, symbol: str, client_order_id: str | None, *, open_only: bool
    ) -> VenueOrder:
        """Look for an order among those that the exchange lists."""
        # Kraken's lists can be asked for those of a name.
        asks = self.exchange == "kraken"
        named = {"clientOrderId": client_order_id} if asks else {}
        found = list(self._open(symbol, named))
        if not open_only:
            with suppress(ExchangeUnsupported):
                found += self._ended(symbol, 0, named)
        for order in found:
            if order.client_order_id == client_order_id:
                return order
        message = f"{self.exchange} lists no order {client_order_id!r} of {symbol}"
        raise VenueOrderNotFound(message, attr="client_order_id")


def _named(order_id: str | None, client_order_id: str | None) -> dict[str, Any]:
    """Return what ccxt is told besides the exchange's own name of an order."""
    return {} if order_id is not None else {"clientOrderId": client_order_id}
