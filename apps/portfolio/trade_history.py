"""What fills came to, over again: profits, fees and round trips of each market.

Pure: fills in, figures out. The arithmetic is that of the ledger's own positions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from apps.core.exact import WIDE, times
from apps.portfolio.bookkeeping import move_of, position_move, total_add

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from apps.portfolio.bookkeeping import Lot, LotChanges

_ZERO = Decimal(0)
# Less than this share of a round trip's largest quantity is dust: what a fee in the base
# and a market's step leave over. A position of dust is closed.
DUST = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Fill:
    """An execution, or a fee that was told after one.

    Attributes:
        number: Of its transaction.
        at: When.
        symbol: The market.
        base: What was traded.
        quote: What it was paid in.
        side: `buy` or `sell`; empty for a fee alone.
        quantity: Base units; 0 for a fee alone.
        price: Quote per base.
        strategy: Whose order it was; empty for none.
        fees: What was paid, by currency; below zero for a rebate.
    """

    number: int
    at: datetime
    symbol: str
    base: str
    quote: str
    side: str
    quantity: Decimal
    price: Decimal
    strategy: str
    fees: tuple[tuple[str, Decimal], ...] = ()


@dataclass(slots=True)
class TradeSums:
    """What fills within a time came to, quote units.

    Attributes:
        fills: How many there were.
        volume: What was bought and sold, together.
        realised: Profit at average cost, before fees.
        fees: Those paid in quote or base, at the fill's price.
        fees_other: Those paid in third currencies.
        trades: Round trips that were closed.
        won: Of these, with a profit after `fees`.
        lost: With a loss after `fees`.
        gained: What those that won gained together.
        given: What those that lost lost together, above zero.
    """

    fills: int = 0
    volume: Decimal = _ZERO
    realised: Decimal = _ZERO
    fees: Decimal = _ZERO
    fees_other: dict[str, Decimal] = field(default_factory=dict)
    trades: int = 0
    won: int = 0
    lost: int = 0
    gained: Decimal = _ZERO
    given: Decimal = _ZERO

    def add(self, other: TradeSums) -> None:
        """Add the figures of other fills of the same quote currency."""
        self.fills += other.fills
        self.trades += other.trades
        self.won += other.won
        self.lost += other.lost
        self.volume = WIDE.add(self.volume, other.volume)
        self.realised = WIDE.add(self.realised, other.realised)
        self.fees = WIDE.add(self.fees, other.fees)
        self.gained = WIDE.add(self.gained, other.gained)
        self.given = WIDE.add(self.given, other.given)
        for currency, amount in other.fees_other.items():
            total_add(self.fees_other, currency, amount)


@dataclass(slots=True)
class _Held:
    quantity: Decimal = _ZERO
    cost: Decimal = _ZERO
    realised_average: Decimal = _ZERO
    realised_fifo: Decimal = _ZERO
    fees: Decimal = _ZERO
    fees_other: dict[str, str] = field(default_factory=dict)
    opened_at: datetime | None = None


@dataclass(slots=True)
class _Trip:
    """A round trip under way: what had been earned before it, and its largest size."""

    earned: Decimal
    largest: Decimal


def trades_sum(
    fills: Iterable[Fill], *, start: datetime | None, end: datetime | None
) -> TradeSums:
    """Return what the fills of one market came to within a time.

    A round trip is from the fill that opens a position to the one that closes it, or
    turns it round, or leaves no more than dust; it counts when it is closed, with all
    its fees in quote and base.

    Args:
        fills: All of the market's, from the first one on, in their order.
        start: Only what happened from this moment on counts; None: from the first.
        end: Only what happened before it counts; None: to the last.
    """
    sums, trip, held = TradeSums(), None, _Held()
    lots: list[Lot] = []
    for fill in fills:
        counts = (start is None or fill.at >= start) and (end is None or fill.at < end)
        before, realised, fees = held.quantity, held.realised_average, held.fees
        earned = WIDE.subtract(realised, fees)
        _move(held, lots, fill)
        if counts:
            _count(sums, held, fill, realised, fees)
        trip, result = _trip(trip, before, held, earned)
        if result is not None and counts:
            _close(sums, result)
    return sums


def _move(held: _Held, lots: list[Lot], fill: Fill) -> None:
    # A fill has one fee; a rebate told apart comes as a move of its own.
    paid = fill.fees or (("", _ZERO),)
    for i, (currency, fee) in enumerate(paid):
        move = move_of(
            side=fill.side or "buy",
            quantity=_ZERO if i else fill.quantity,
            price=fill.price,
            fee=fee,
            fee_currency=currency,
            base=fill.base,
            quote=fill.quote,
        )
        changes = position_move(
            held, move, lots=lambda: lots, number=fill.number, at=fill.at
        )
        _keep(lots, changes)


def _keep(lots: list[Lot], changes: LotChanges) -> None:
    del lots[: len(changes.gone)]
    if changes.added is not None:
        lots.append(changes.added)


def _count(
    sums: TradeSums, held: _Held, fill: Fill, realised: Decimal, fees: Decimal
) -> None:
    if fill.quantity:
        sums.fills += 1
    traded = times(fill.quantity, fill.price)
    sums.volume = WIDE.add(sums.volume, traded)
    sums.realised = WIDE.add(
        sums.realised, WIDE.subtract(held.realised_average, realised)
    )
    sums.fees = WIDE.add(sums.fees, WIDE.subtract(held.fees, fees))
    for currency, amount in fill.fees:
        if currency not in {fill.base, fill.quote}:
            total_add(sums.fees_other, currency, amount)


def _trip(
    trip: _Trip | None, before: Decimal, held: _Held, earned: Decimal
) -> tuple[_Trip | None, Decimal | None]:
    """Return the round trip under way, and what one that is closed now came to."""
    after = held.quantity
    grows = abs(after) > abs(before) or (before > 0) != (after > 0)
    if trip is None:
        opens = bool(after) and grows
        return (_Trip(earned, abs(after)) if opens else None), None
    earned_now = WIDE.subtract(held.realised_average, held.fees)
    turned = bool(after) and (before > 0) != (after > 0)
    if not turned and abs(after) > WIDE.multiply(trip.largest, DUST):
        trip.largest = max(trip.largest, abs(after))
        return trip, None
    result = WIDE.subtract(earned_now, trip.earned)
    return (_Trip(earned_now, abs(after)) if turned else None), result


def _close(sums: TradeSums, result: Decimal) -> None:
    sums.trades += 1
    if result > 0:
        sums.won += 1
        sums.gained = WIDE.add(sums.gained, result)
    elif result < 0:
        sums.lost += 1
        sums.given = WIDE.subtract(sums.given, result)
