"""What became of everything, by the exchange's own ledger."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from apps.portfolio.models import LedgerBalance
from apps.trading.models import Execution, Order

if TYPE_CHECKING:
    from tests.drills.world import World

UNRESOLVED = ("intent", "sent", "unknown")
_ENDED = {"FILLED": "filled", "CANCELED": "cancelled", "EXPIRED": "expired"}


@dataclass(frozen=True, slots=True)
class Judgement:
    """How an account differs from what the exchange says that it did.

    Attributes:
        orders: How many the exchange has.
        doubled: Orders that it has more than one of, by our name.
        lost: Orders that it has and we do not, or that we say never arrived.
        invented: Orders that we say it has, and it has not.
        unresolved: Ours of which nobody knows what became.
        executions: Trades that differ: missing here, or there, or in an amount.
        states: Orders that ended there and not here, or otherwise.
        difference: What the ledger and the exchange hold, less each other, by currency.
    """

    orders: int
    doubled: int
    lost: int
    invented: int
    unresolved: int
    executions: int
    states: int
    difference: dict[str, Decimal]

    @property
    def agrees(self) -> bool:
        """Return whether nothing differs."""
        wrong = (self.doubled, self.lost, self.invented, self.unresolved)
        return not any((*wrong, self.executions, self.states, self.difference))


def judge(world: World) -> Judgement:
    """Compare an account with the exchange's own books, read past every fault."""
    told = world.served.account()
    theirs: list[dict[str, Any]] = told["orders"]
    ours = {one.client_order_id: one for one in _orders(world)}
    names = Counter(each["clientOrderId"] for each in theirs)
    by_name = {each["clientOrderId"]: each for each in theirs}
    lost = [name for name in by_name if name not in ours or _denied(ours[name])]
    return Judgement(
        orders=len(theirs),
        doubled=sum(count - 1 for count in names.values()),
        lost=len(lost),
        invented=sum(
            one.client_order_id not in by_name and bool(one.venue_order_id)
            for one in ours.values()
        ),
        unresolved=sum(one.state in UNRESOLVED for one in ours.values()),
        executions=_executions_differ(world, told["fills"]),
        states=sum(_state_differs(ours.get(name), by_name[name]) for name in by_name),
        difference=_difference(world, told["holdings"]),
    )


def _orders(world: World) -> list[Order]:
    return list(Order.objects.filter(account=world.account))


def _denied(order: Order) -> bool:
    """Return whether we say that the exchange never had an order."""
    return not order.venue_order_id


def _state_differs(ours: Order | None, theirs: dict[str, Any]) -> bool:
    ended = _ENDED.get(theirs["status"])
    if ours is None:
        return True
    if ended is None:
        return ours.ended_at is not None
    return ours.state != ended


def _executions_differ(world: World, fills: list[dict[str, Any]]) -> int:
    theirs = {
        (each["symbol"], str(each["id"])): (
            Decimal(each["price"]),
            Decimal(each["qty"]),
        )
        for each in fills
    }
    applied = Execution.objects.filter(account=world.account)
    ours = {
        (one.symbol.replace("/", ""), one.venue_trade_id): (one.price, one.quantity)
        for one in applied
    }
    return len(theirs.items() ^ ours.items())


def _difference(world: World, balances: dict[str, Any]) -> dict[str, Decimal]:
    held = LedgerBalance.objects.filter(account=world.account, place="assets")
    ours = {one.currency: Decimal(one.amount) for one in held}
    theirs = {
        asset: Decimal(each["free"]) + Decimal(each["locked"])
        for asset, each in balances.items()
    }
    both = {
        asset: ours.get(asset, Decimal(0)) - theirs.get(asset, Decimal(0))
        for asset in ours.keys() | theirs.keys()
    }
    return {asset: off for asset, off in both.items() if off}
