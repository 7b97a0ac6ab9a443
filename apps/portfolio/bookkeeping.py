"""What a fill does to a position: pure arithmetic, exact to the last of 18 places.

A position is what fills moved: bought less sold, less fees that were paid in the base
itself. Such a fee is taken out of the fill at the fill's own price, so that what trading
left of the base is what the position says, and its worth is counted among the fees.

For every position, always, to the last unit, with `cash` the quote units that came in by
its moves (less what went out):

- average cost: realised_average = cash + cost
- first in first out: realised_fifo = cash + the sum of quantity * price of its lots
- cash = the quote units of its fills + fees in quote units that were paid in the base

The two methods are those of IAS 2 (weighted average cost, FIFO), here for positions that
may be short as well: then quantities and costs are below zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from apps.core.exact import WIDE, exact, negative, over, plain, plus, times

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, MutableMapping
    from datetime import datetime

ZERO = Decimal(0)


class Held(Protocol):
    """A position, as far as its arithmetic goes."""

    quantity: Decimal
    cost: Decimal
    realised_average: Decimal
    realised_fifo: Decimal
    fees: Decimal
    fees_other: dict[str, str]
    opened_at: datetime | None


@dataclass(slots=True)
class Lot:
    """What is left of a fill that opened or added to a position.

    Attributes:
        number: Of the fill's transaction.
        quantity: Base units; below zero where it was sold.
        price: Quote per base.
        at: When.
    """

    number: int
    quantity: Decimal
    price: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Move:
    """What a fill, or a fee told later, moves in a position.

    Attributes:
        quantity: Base units; below zero where they left.
        price: Quote per base.
        cash: Quote units that came for them; below zero where they went.
        fee: Quote units that were paid as a fee in quote or base.
        other: A fee in a third currency: its code and amount; None without one.
    """

    quantity: Decimal
    price: Decimal
    cash: Decimal
    fee: Decimal
    other: tuple[str, Decimal] | None = None


@dataclass(slots=True)
class LotChanges:
    """What became of the lots: some are used up, one may be less, one may be new."""

    gone: list[Lot] = field(default_factory=list)
    less: Lot | None = None
    added: Lot | None = None


def move_of(
    *,
    side: str,
    quantity: Decimal,
    price: Decimal,
    fee: Decimal,
    fee_currency: str,
    base: str,
    quote: str,
) -> Move:
    """Return what a fill moves in its position.

    Args:
        side: `buy` or `sell`.
        quantity: Base units; 0 for a fee that is told after its fill.
        price: Quote per base.
        fee: What was paid, of `fee_currency`; below zero is a rebate.
        fee_currency: Its code; anything where the fee is zero.
        base: What is bought or sold.
        quote: What it is paid with.
    """
    signed = exact(quantity) if side == "buy" else negative(quantity)
    cash = negative(times(signed, price))
    if not fee:
        return Move(signed, price, cash, ZERO)
    if fee_currency == quote:
        return Move(signed, price, cash, fee)
    if fee_currency != base:
        return Move(signed, price, cash, ZERO, (fee_currency, fee))
    # The fee leaves at the fill's price. Its worth is the difference, not a product of
    # its own: rounded apart, the two would miss the fill's cash by a unit.
    kept = plus(signed, negative(fee))
    cash_kept = negative(times(kept, price))
    return Move(kept, price, cash_kept, plus(cash_kept, negative(cash)))


def total_add(totals: MutableMapping[str, Decimal], name: str, amount: Decimal) -> None:
    """Add an amount to the total of its name; the total is not rounded."""
    totals[name] = WIDE.add(totals.get(name, ZERO), amount)


def average_price(held: Held) -> Decimal | None:
    """Return what a unit of a position cost at average cost; None where it is flat."""
    return over(held.cost, held.quantity) if held.quantity else None


def position_move(
    held: Held,
    move: Move,
    *,
    lots: Callable[[], Iterable[Lot]],
    number: int,
    at: datetime,
) -> LotChanges:
    """Change a position by a move, and say what becomes of its lots.

    Args:
        held: The position; changed in place.
        move: What moves.
        lots: Gives the lots, oldest first; called only where the move closes something,
            and read only as far as it closes.
        number: Of the transaction.
        at: When it moved.
    """
    before, after = held.quantity, plus(held.quantity, move.quantity)
    cost = _cost_after(held, move, after)
    held.realised_average = plus(
        held.realised_average, move.cash, cost, negative(held.cost)
    )
    changes, value = _lots_after(before, move, lots, number, at)
    held.realised_fifo = plus(held.realised_fifo, move.cash, value)
    held.quantity, held.cost = after, cost
    held.fees = plus(held.fees, move.fee)
    if move.other is not None:
        currency, fee = move.other
        paid = plus(Decimal(held.fees_other.get(currency, "0")), fee)
        others = {**held.fees_other, currency: plain(paid)}
        held.fees_other = {name: text for name, text in others.items() if text != "0"}
    if not after:
        held.opened_at = None
    elif not before or (before > 0) != (after > 0):
        held.opened_at = at
    return changes


def _cost_after(held: Held, move: Move, after: Decimal) -> Decimal:
    """Return what the position costs after a move, at average cost."""
    before = held.quantity
    if not after:
        return ZERO
    if not before or (before > 0) == (move.quantity > 0) or not move.quantity:
        return plus(held.cost, negative(move.cash))
    if (before > 0) != (after > 0):
        # Closed and opened the other way, at this price.
        return times(after, move.price)
    share = WIDE.divide(WIDE.multiply(held.cost, after), before)
    return exact(share)


def _lots_after(
    before: Decimal,
    move: Move,
    lots: Callable[[], Iterable[Lot]],
    number: int,
    at: datetime,
) -> tuple[LotChanges, Decimal]:
    """Return what becomes of the lots, and by how much their cost changes."""
    changes, value = LotChanges(), ZERO
    left = move.quantity
    if before and left and (before > 0) != (left > 0):
        for lot in lots():
            if not left:
                break
            value = plus(value, negative(times(lot.quantity, lot.price)))
            if lot.quantity.copy_abs() <= left.copy_abs():
                left = plus(left, lot.quantity)
                changes.gone.append(lot)
                continue
            lot.quantity = plus(lot.quantity, left)
            value = plus(value, times(lot.quantity, lot.price))
            changes.less, left = lot, ZERO
    if left:
        changes.added = Lot(number, left, move.price, at)
        value = plus(value, times(left, move.price))
    return changes, value
