"""The books of a venue in memory, and what a test does to them."""

from __future__ import annotations

import dataclasses
import threading
from collections import Counter
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from apps.exchanges.account_port import (
    OrderKind,
    OrderRequest,
    OrderSide,
    VenueFill,
    VenueOrder,
    VenueOrderState,
)
from apps.exchanges.errors import ClientOrderIdTaken

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    type Number = str | int | Decimal

_NS = 1_000_000_000
PAGE = 1000


@dataclasses.dataclass(slots=True)
class Fault:
    """What goes wrong with a method: so many times, before or after it was done."""

    method: str
    error: Exception
    after: bool
    times: int | None


class FakeBooks:
    """Orders, executions and money of an account, and the faults that are to come.

    Args:
        exchange: As which it answers.
    """

    def __init__(self, exchange: str = "binance") -> None:
        self.exchange = exchange
        self.orders: dict[str, VenueOrder] = {}
        self.trades: list[VenueFill] = []
        self.money: Counter[str] = Counter()
        self.calls: list[tuple[str, dict[str, Any]]] = []
        # By client order id: so often the venue does not know it yet.
        self.hidden: Counter[str] = Counter()
        # Trades that happened, and that are not told yet.
        self.untold: set[str] = set()
        self.page = PAGE
        self.at: Callable[[], datetime] = timezone.now
        self.before: Callable[[str], None] = lambda _: None
        self._faults: list[Fault] = []
        self._ids = count(1)
        self._lock = threading.RLock()

    def fault(
        self,
        method: str,
        error: Exception,
        *,
        after: bool = False,
        times: int | None = 1,
    ) -> None:
        """Let a method raise; `after`: what it was asked for was done all the same."""
        self._faults.append(Fault(method, error, after, times))

    def faults_clear(self) -> None:
        """Let everything go well again."""
        self._faults.clear()

    def asked(self, method: str) -> int:
        """Return how often a method was called."""
        return sum(name == method for name, _ in self.calls)

    def found(self, client_order_id: str) -> VenueOrder:
        """Return an order by our own name, as the venue really has it."""
        return next(
            one
            for one in self.orders.values()
            if one.client_order_id == client_order_id
        )

    def outside(
        self,
        symbol: str = "BTC/USDT",
        side: str = "buy",
        quantity: Number = 1,
        price: Number | None = 100,
        client_order_id: str | None = "web_1",
    ) -> str:
        """Take an order that was made elsewhere, and return the venue's name of it."""
        request = OrderRequest(
            client_order_id=client_order_id or "",
            symbol=symbol,
            side=OrderSide(side),
            kind=OrderKind.MARKET if price is None else OrderKind.LIMIT,
            quantity=Decimal(quantity),
            price=None if price is None else Decimal(price),
        )
        return self.taken(request).id

    def fill(
        self,
        order_id: str,
        quantity: Number,
        price: Number = 100,
        *,
        fee: Number | None = 0,
        fee_currency: str | None = None,
        trade_id: str | None = None,
        at: datetime | None = None,
        told: bool = True,
    ) -> VenueFill:
        """Execute a part of an order."""
        order = self.orders[order_id]
        assert order.side is not None
        base, _, quote = order.symbol.partition("/")
        made = VenueFill(
            id=trade_id or str(next(self._ids)),
            order_id=order_id,
            symbol=order.symbol,
            side=order.side,
            price=Decimal(price),
            quantity=Decimal(quantity),
            fee=None if fee is None else Decimal(fee),
            fee_currency=fee_currency or quote,
            maker=True,
            time_ns=int((at or self.at()).timestamp() * _NS),
        )
        self.trades.append(made)
        if not told:
            self.untold.add(made.id)
        sign = 1 if order.side is OrderSide.BUY else -1
        self.money[base] += sign * made.quantity  # type: ignore[assignment]
        self.money[quote] -= sign * made.quantity * made.price  # type: ignore[assignment]
        self.money[made.fee_currency or quote] -= made.fee or 0  # type: ignore[assignment]
        filled = (order.filled or Decimal(0)) + made.quantity
        state = order.state
        if order.quantity is not None and filled >= order.quantity:
            state = VenueOrderState.FILLED
        self.change(order_id, filled=filled, state=state)
        return made

    def change(self, order_id: str, **fields: Any) -> None:
        """Change what the venue says of an order."""
        self.orders[order_id] = dataclasses.replace(self.orders[order_id], **fields)

    def deposit(self, currency: str, amount: Number) -> None:
        """Let money come in from outside, which no ledger of ours knows of."""
        self.money[currency] += Decimal(amount)  # type: ignore[assignment]

    def taken(self, request: OrderRequest) -> VenueOrder:
        """Take an order; a name of ours is taken once among what is open."""
        known = any(
            one.client_order_id == request.client_order_id
            and one.state is VenueOrderState.OPEN
            for one in self.orders.values()
        )
        if known and request.client_order_id:
            message = f"{request.client_order_id} is open already"
            raise ClientOrderIdTaken(message)
        made = VenueOrder(
            id=f"v{next(self._ids)}",
            client_order_id=request.client_order_id or None,
            symbol=request.symbol,
            side=request.side,
            kind=request.kind.value,
            state=VenueOrderState.OPEN,
            price=request.price,
            quantity=request.quantity,
            filled=Decimal(0),
            average_price=None,
            created_ns=int(self.at().timestamp() * _NS),
            updated_ns=None,
        )
        self.orders[made.id] = made
        return made
