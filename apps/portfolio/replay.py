"""The ledger's sums made anew from its first transaction on."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from apps.core.exact import WIDE
from apps.portfolio.bookkeeping import ZERO, move_of, position_move
from apps.portfolio.enums import LedgerPlace

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from apps.portfolio.bookkeeping import Lot
    from apps.portfolio.selectors.walking import WalkedTransaction

_FEES = LedgerPlace.FEES.value


@dataclass(slots=True)
class ReplayedPosition:
    """A position as the transactions make it; see `Position`."""

    base: str
    quote: str
    changed_at: datetime
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    realised_average: Decimal = ZERO
    realised_fifo: Decimal = ZERO
    fees: Decimal = ZERO
    fees_other: dict[str, str] = field(default_factory=dict)
    opened_at: datetime | None = None
    lots: deque[Lot] = field(default_factory=deque)


@dataclass(slots=True)
class Replay:
    """What a ledger sums to, up to the last transaction that was taken.

    Attributes:
        number: Of that transaction.
        transactions: How many were taken.
        entries: How many entries they had.
        balances: The sum of each place and currency.
        positions: By symbol.
    """

    number: int = 0
    transactions: int = 0
    entries: int = 0
    balances: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    positions: dict[str, ReplayedPosition] = field(default_factory=dict)

    def take(self, one: WalkedTransaction) -> None:
        """Add a transaction; they come in the order of their numbers."""
        self.number = one.number
        self.transactions += 1
        self.entries += len(one.entries)
        balances = self.balances
        for entry in one.entries:
            key = (entry.place, entry.currency)
            balances[key] = WIDE.add(balances.get(key, ZERO), entry.amount)
        if one.symbol:
            self._move(one)

    def _move(self, one: WalkedTransaction) -> None:
        fees = [entry for entry in one.entries if entry.place == _FEES]
        move = move_of(
            side=one.side or "buy",
            quantity=one.quantity if one.quantity is not None else ZERO,
            price=one.price if one.price is not None else ZERO,
            fee=fees[0].amount if fees else ZERO,
            fee_currency=fees[0].currency if fees else "",
            base=one.base,
            quote=one.quote,
        )
        held = self.positions.get(one.symbol)
        if held is None:
            held = ReplayedPosition(one.base, one.quote, one.recorded_at)
            self.positions[one.symbol] = held
        lots = held.lots
        changes = position_move(
            held, move, lots=lambda: lots, number=one.number, at=one.at
        )
        held.changed_at = one.recorded_at
        for _ in changes.gone:
            lots.popleft()
        if changes.added is not None:
            lots.append(changes.added)
