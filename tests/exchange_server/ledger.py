"""What an account has: free and locked per asset, every change written down."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from tests.exchange_server.refusals import refusal

if TYPE_CHECKING:
    from tests.exchange_server.orders import Fill, Order

ZERO: Final = Decimal(0)


@dataclass(slots=True)
class Holding:
    """What there is of one asset.

    Attributes:
        free: What can be spent.
        locked: What open orders hold.
    """

    free: Decimal = ZERO
    locked: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a holding.

    Attributes:
        asset: Of which asset.
        free: What was added to what can be spent.
        locked: What was added to what is held.
        reason: `deposit`, `lock`, `release`, `trade` or `fee`.
        order_id: The order it is about, if any.
    """

    asset: str
    free: Decimal
    locked: Decimal
    reason: str
    order_id: int | None = None


@dataclass(slots=True)
class Account:
    """One client of the exchange.

    Attributes:
        key: The API key.
        secret: What its requests are signed with.
        maker_fee: Fee of a resting order, as a fraction of what is received.
        taker_fee: Fee of an order that fills at once, likewise.
        can_trade: Whether its key may place orders.
        can_withdraw: Whether its key may take money out, as it is told; nothing does.
        fee_asset: What it pays fees in while that lasts, and the price of one of it in
            quote units, whatever the quote; None pays in what is received.
        holdings: What it has, by asset.
        changes: How it came to that, oldest first.
        orders: Its orders by number.
        fills: Its trades, oldest first.
    """

    key: str
    secret: str
    maker_fee: Decimal = Decimal("0.001")
    taker_fee: Decimal = Decimal("0.001")
    can_trade: bool = True
    can_withdraw: bool = False
    fee_asset: tuple[str, Decimal] | None = None
    holdings: dict[str, Holding] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    orders: dict[int, Order] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)

    def change(
        self,
        asset: str,
        reason: str,
        *,
        free: Decimal = ZERO,
        locked: Decimal = ZERO,
        order_id: int | None = None,
    ) -> None:
        """Change what there is of an asset; it is refused to go below zero."""
        holding = self.holdings.setdefault(asset, Holding())
        if holding.free + free < 0 or holding.locked + locked < 0:
            raise refusal(-2010)
        holding.free += free
        holding.locked += locked
        self.changes.append(Change(asset, free, locked, reason, order_id))

    def open_orders(self, symbol: str | None = None) -> list[Order]:
        """Return the orders that are not done, on one market or on all."""
        return [
            order
            for order in self.orders.values()
            if order.open and symbol in {None, order.market.name}
        ]


def sums_held(account: Account) -> bool:
    """Return whether the changes add up to the holdings, and none is below zero."""
    summed: dict[str, Holding] = {}
    for change in account.changes:
        holding = summed.setdefault(change.asset, Holding())
        holding.free += change.free
        holding.locked += change.locked
    return summed == account.holdings and all(
        each.free >= 0 and each.locked >= 0 for each in summed.values()
    )
