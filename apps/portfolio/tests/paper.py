"""Orders at the paper venue, for tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any

from apps.exchanges.account_port import OrderKind, OrderRequest, OrderSide
from apps.portfolio.models import PaperBalance, PaperFill, PaperOrder
from apps.portfolio.paper.venue import PaperVenue

if TYPE_CHECKING:
    from apps.portfolio.models import Account

BTC = "BTC/USDT"
BUY, SELL = OrderSide.BUY, OrderSide.SELL
MARKET, LIMIT = OrderKind.MARKET, OrderKind.LIMIT
_NUMBERS = count(1)


@dataclass
class Clock:
    """A clock that a test sets."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def on(self, seconds: float) -> datetime:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)
        return self.now


def ask(
    side: OrderSide = BUY,
    kind: OrderKind = MARKET,
    quantity: str | Decimal = "1",
    price: str | Decimal | None = None,
    **fields: Any,
) -> OrderRequest:
    """Return an order with a client order id of its own."""
    known: dict[str, Any] = {
        "client_order_id": f"o{next(_NUMBERS)}",
        "symbol": BTC,
        "side": side,
        "kind": kind,
        "quantity": Decimal(quantity),
        "price": None if price is None else Decimal(price),
    }
    return OrderRequest(**known | fields)


def held(account: Account, currency: str) -> tuple[object, object]:
    """Return what is free of a currency and what orders hold, read by a new venue."""
    for one in PaperVenue(account).balances():
        if one.currency == currency:
            return one.free, one.used
    return Decimal(0), Decimal(0)


def books_balance(account: Account, put_in: dict[str, Decimal]) -> None:
    """Make sure that an account's money is what came in and what its fills moved.

    Args:
        account: A paper account whose amounts have few digits.
        put_in: What was put in less what was taken out, by currency.
    """
    have = {one.currency: one for one in PaperBalance.objects.filter(account=account)}
    want = dict(put_in)
    filled: dict[int, Decimal] = {}
    for fill in PaperFill.objects.filter(account=account).select_related("order"):
        order = fill.order
        sign = 1 if fill.side == "buy" else -1
        cost = fill.price * fill.quantity
        want[order.base] = want.get(order.base, Decimal(0)) + sign * fill.quantity
        want[order.quote] = want.get(order.quote, Decimal(0)) - sign * cost
        want[fill.fee_currency] -= fill.fee
        filled[order.pk] = filled.get(order.pk, Decimal(0)) + fill.quantity
        if order.price is not None:
            assert sign * (order.price - fill.price) >= 0
    needed: dict[str, Decimal] = {}
    for order in PaperOrder.objects.filter(account=account):
        assert order.filled == filled.get(order.pk, 0) <= order.quantity
        if order.state != "open":
            assert order.held == 0
            continue
        left = order.quantity - order.filled
        buys = order.side == "buy"
        gives = order.quote if buys else order.base
        price = order.price or order.stop_price or Decimal(0)
        assert order.held >= (left * price if buys else left)
        if order.price is not None or not buys:
            assert order.held == (left * price if buys else left)
        needed[gives] = needed.get(gives, Decimal(0)) + order.held
    for currency, row in have.items():
        assert row.free >= 0
        assert row.used == needed.get(currency, 0)
        assert row.free + row.used == want.get(currency, 0)
