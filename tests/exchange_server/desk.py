"""Where orders are placed, cancelled and filled, and holdings follow."""

from __future__ import annotations

from decimal import ROUND_UP
from typing import TYPE_CHECKING

from tests.exchange_server.ledger import Holding
from tests.exchange_server.markets import EIGHT
from tests.exchange_server.orders import STOPS
from tests.exchange_server.refusals import Refused, refusal
from tests.exchange_server.rules import ZERO, filters_passed, order_read
from tests.exchange_server.settling import settled

if TYPE_CHECKING:
    from decimal import Decimal

    from tests.exchange_server.exchange import Exchange
    from tests.exchange_server.ledger import Account
    from tests.exchange_server.live import LiveMarket
    from tests.exchange_server.markets import ServedMarket
    from tests.exchange_server.orders import Fill, Order


class Desk:
    """All accounts and their orders.

    Attributes:
        accounts: By API key.
    """

    def __init__(self, exchange: Exchange, accounts: list[Account]) -> None:
        """Open the accounts."""
        self._exchange = exchange
        self.accounts = {each.key: each for each in accounts}
        self._next = 1_000_000
        self._open: dict[str, dict[int, tuple[Account, Order]]] = {}

    @property
    def busy(self) -> bool:
        """Return whether there are open orders."""
        return any(self._open.values())

    def _price(self, ticks: int, market: ServedMarket) -> Decimal:
        return ticks * market.tick

    def place(self, account: Account, query: dict[str, str]) -> Order:
        """Take an order, and fill what can be filled at once."""
        exchange = self._exchange
        market = exchange.market(query.get("symbol"))
        try:
            order, means = self._checked(account, query, market)
        except Refused as refused:
            exchange.journal.add(
                "reject",
                exchange.clock.true_ms(),
                code=refused.code,
                message=refused.message,
                client_id=query.get("newClientOrderId", ""),
            )
            raise
        self._next += 1
        order.locked = means
        account.change(
            order.spends, "lock", free=-means, locked=means, order_id=order.id
        )
        account.orders[order.id] = order
        self._open.setdefault(market.name, {})[order.id] = (account, order)
        self._noted("order", account, order)
        exchange.users.report(account, order.report("NEW", exchange.clock.now_ms()))
        exchange.users.position(account, market)
        self._at_once(account, order)
        return order

    def check(self, account: Account, query: dict[str, str]) -> None:
        """Refuse what would be refused, and place nothing."""
        self._checked(account, query, self._exchange.market(query.get("symbol")))

    def _checked(
        self, account: Account, query: dict[str, str], market: ServedMarket
    ) -> tuple[Order, Decimal]:
        """Return a new order and what it must lock, or refuse it."""
        exchange = self._exchange
        order = order_read(query, market, self._next, exchange.clock.now_ms())
        live = exchange.live(market)
        last = self._price(live.last, market)
        filters_passed(order, last)
        if not account.can_trade:
            raise refusal(-2015)
        if any(each.client_id == order.client_id for each in account.open_orders()):
            raise refusal(-2010, "Duplicate order sent.")
        if order.type in STOPS:
            stop_loss = order.type.startswith("STOP")
            order.wakes_above = order.buys is stop_loss
            if self._wakes(order, last):
                raise refusal(-2010, "Stop price would trigger immediately.")
        if order.type == "LIMIT_MAKER" and self._crosses(order, live):
            raise refusal(-2010, "Order would immediately match and take.")
        means = self._means(order, live)
        if account.holdings.get(order.spends, Holding()).free < means:
            raise refusal(-2010)
        return order, means

    def _means(self, order: Order, live: LiveMarket) -> Decimal:
        """Return what an order may spend."""
        if order.buys:
            ask = self._price(live.ask, order.market)
            price = order.price or max(ask, order.stop_price)
            means = order.quote_quantity or order.quantity * price
        else:
            bid = self._price(live.bid, order.market)
            means = order.quantity or order.quote_quantity / bid
        return means.quantize(EIGHT, ROUND_UP)

    def cancel(self, account: Account, order: Order, cancel_id: str) -> None:
        """Cancel an open order."""
        if not order.open:
            raise refusal(-2011)
        order.cancel_id = cancel_id or f"cancel{order.id}"
        self._ended(account, order, "CANCELED")

    def _ended(self, account: Account, order: Order, status: str) -> None:
        """End an order that is not filled, and give back what it holds."""
        exchange = self._exchange
        order.status = status
        order.updated_ms = exchange.clock.now_ms()
        self._released(account, order)
        self._open[order.market.name].pop(order.id, None)
        self._noted("cancel" if status == "CANCELED" else "expire", account, order)
        exchange.users.report(account, order.report(status, order.updated_ms))
        exchange.users.position(account, order.market)

    def _released(self, account: Account, order: Order) -> None:
        if order.locked:
            account.change(
                order.spends,
                "release",
                free=order.locked,
                locked=-order.locked,
                order_id=order.id,
            )
            order.locked = ZERO

    def _at_once(self, account: Account, order: Order) -> None:
        """Fill what a new order can take, and end what may not rest."""
        live = self._exchange.live(order.market)
        if not order.working:
            return
        if self._crosses(order, live):
            whole = live.available is None or live.available >= self._wanted(
                order, live
            )
            if order.time_in_force != "FOK" or whole:
                self._filled(account, order, live, maker=False)
        market_order = order.type in {"MARKET", "STOP_LOSS", "TAKE_PROFIT"}
        if order.open and (market_order or order.time_in_force != "GTC"):
            self._ended(account, order, "EXPIRED")

    def match(self, name: str) -> None:
        """Let the open orders of a market meet its price, in their order."""
        orders = self._open.get(name)
        if not orders:
            return
        live = self._exchange.live(self._exchange.markets[name])
        last = self._price(live.last, live.market)
        for account, order in list(orders.values()):
            if not order.working:
                if self._wakes(order, last):
                    order.working = True
                    self._noted("wake", account, order)
                    self._at_once(account, order)
            elif (last <= order.price) if order.buys else (last >= order.price):
                self._filled(account, order, live, maker=True)

    def _wakes(self, order: Order, last: Decimal) -> bool:
        if order.wakes_above:
            return last >= order.stop_price
        return last <= order.stop_price

    def _crosses(self, order: Order, live: LiveMarket) -> bool:
        """Return whether an order takes what is offered now."""
        if not order.price:
            return True
        if order.buys:
            return order.price >= self._price(live.ask, order.market)
        return order.price <= self._price(live.bid, order.market)

    def _wanted(self, order: Order, live: LiveMarket) -> Decimal:
        """Return how much an order would take, base units."""
        if not order.quote_quantity:
            return order.left
        ticks = live.ask if order.buys else live.bid
        step = order.market.step
        left = (order.quote_quantity - order.spent) / self._price(ticks, order.market)
        return left // step * step

    def _filled(
        self, account: Account, order: Order, live: LiveMarket, *, maker: bool
    ) -> None:
        """Fill an order with what is there."""
        quantity = self._wanted(order, live)
        if live.available is not None:
            quantity = min(quantity, live.available)
        ticks = live.ask if order.buys else live.bid
        price = order.price if maker else self._price(ticks, order.market)
        if order.buys:
            # A stop may wake far above what was locked for it.
            means = order.locked + account.holdings[order.spends].free
            quantity = min(
                quantity, means / price // order.market.step * order.market.step
            )
        if quantity <= 0:
            return
        if live.available is not None:
            live.available -= quantity
        fill = settled(self._exchange, account, order, price, quantity, maker=maker)
        self._advanced(account, order, fill)

    def _advanced(self, account: Account, order: Order, fill: Fill) -> None:
        """Say what a trade has made of its order."""
        exchange = self._exchange
        step = order.market.step * fill.price
        whole = (
            order.quote_quantity - order.spent < step
            if order.quote_quantity
            else not order.left
        )
        if whole:
            order.quantity = order.quantity or order.executed
        order.status = "FILLED" if whole else "PARTIALLY_FILLED"
        if whole:
            self._released(account, order)
            self._open[order.market.name].pop(order.id, None)
        self._noted("fill", account, order, fill)
        exchange.users.report(
            account, order.report("TRADE", exchange.clock.now_ms(), fill)
        )
        exchange.users.position(account, order.market)

    def _noted(
        self, kind: str, account: Account, order: Order, fill: Fill | None = None
    ) -> None:
        more = {} if fill is None else {"fill": fill.described()}
        self._exchange.journal.add(
            kind,
            self._exchange.clock.true_ms(),
            key=account.key,
            order=order.described(),
            **more,
        )
