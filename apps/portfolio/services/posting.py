"""Money that moved, written into an account's ledger.

Each function may be called inside a transaction of the caller's, and does then all or
nothing together with it. A cause (`execution` and its id) is written once: a second call
with the same amounts returns the first transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.core.exact import exact, negative, plain, times
from apps.core.statements import inserts, row_insert, statements_leave, update
from apps.portfolio.bookkeeping import ZERO, Lot, move_of, position_move
from apps.portfolio.enums import LedgerPlace, TransactionKind
from apps.portfolio.errors.ledger import LedgerAmountInvalid
from apps.portfolio.models import Position, PositionLot
from apps.portfolio.services.drafts import Draft, pair_of
from apps.portfolio.services.flows import (
    adjustment_post,
    deposit_post,
    funding_post,
    transfer_post,
    withdrawal_post,
)
from apps.portfolio.services.writing import ledger_atomic, transaction_write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from decimal import Decimal

    from apps.core.statements import Statement
    from apps.portfolio.bookkeeping import LotChanges, Move
    from apps.portfolio.models import Account, LedgerTransaction
    from apps.portfolio.services.drafts import Leg

__all__ = (
    "adjustment_post",
    "deposit_post",
    "fee_post",
    "fill_post",
    "funding_post",
    "transfer_post",
    "withdrawal_post",
)

EXECUTION = "execution"
FEE = "fee"
_AMOUNTS = ("quantity", "cost", "realised_average", "realised_fifo", "fees")
_CHANGED = (*_AMOUNTS, "fees_other", "opened_at", "changed_at")
_LOTS_AT_ONCE = 50


def fill_post(  # noqa: PLR0913 - a fill is what these say
    *,
    account: Account,
    cause_id: str,
    symbol: str,
    base: str,
    quote: str,
    side: str,
    quantity: Decimal,
    price: Decimal,
    fee: Decimal | None,
    fee_currency: str | None,
    at: datetime,
    now: datetime,
    strategy: str = "",
    later: list[Statement] | None = None,
) -> LedgerTransaction:
    """Write an execution: what came, what was paid for it, and its fee.

    Args:
        account: Whose ledger.
        cause_id: The execution, `<symbol>:<venue trade id>`; written once.
        symbol: The market, such as BTC/USDT.
        base: What was bought or sold.
        quote: What it was paid with.
        side: `buy` or `sell`.
        quantity: Base units, above zero.
        price: Quote per base, above zero.
        fee: What it cost; below zero for a rebate; None where it is not known yet, and
            `fee_post` follows.
        fee_currency: What the fee was paid in: base, quote or any other.
        at: When it was executed.
        now: The moment, UTC.
        strategy: Whose order it was; empty for none.
        later: Takes what is left to be written; see `statements_leave`.

    Raises:
        LedgerAmountInvalid: The quantity or the price is not above zero, or nobody says
            what the fee was paid in.
        LedgerCauseDiffers: This execution was written with other amounts.
        LedgerOverflow: A sum would have more digits than an amount can hold.
    """
    _positive(quantity, "quantity")
    _positive(price, "price")
    buys = {"buy": True, "sell": False}[side]
    with ledger_atomic():
        quantity, price, fee = exact(quantity), exact(price), exact(fee or ZERO)
        paid_in = _currency_of(fee, fee_currency)
        signed = quantity if buys else negative(quantity)
        cash = negative(times(signed, price))
        legs: tuple[Leg, ...] = pair_of(LedgerPlace.TRADING, base, signed)
        if cash:
            legs += pair_of(LedgerPlace.TRADING, quote, cash)
        draft = Draft(
            kind=TransactionKind.FILL,
            cause=EXECUTION,
            cause_id=cause_id,
            at=at,
            legs=legs + _fee_legs(fee, paid_in),
            symbol=symbol,
            base=base,
            quote=quote,
            side=side,
            quantity=quantity,
            price=price,
            strategy=strategy,
        )
        move = move_of(
            side=side,
            quantity=quantity,
            price=price,
            fee=fee,
            fee_currency=paid_in,
            base=base,
            quote=quote,
        )
        return _moved(account, draft, move, now, later)


def fee_post(
    *,
    account: Account,
    cause_id: str,
    symbol: str,
    base: str,
    quote: str,
    price: Decimal,
    fee: Decimal,
    fee_currency: str,
    at: datetime,
    now: datetime,
    strategy: str = "",
) -> LedgerTransaction:
    """Write the fee of an execution that was written without it.

    Args:
        account: Whose ledger.
        cause_id: The execution, as `fill_post` was given it; written once.
        symbol: The market.
        base: What was bought or sold.
        quote: What it was paid with.
        price: The execution's, at which a fee in the base leaves the position.
        fee: What it cost, not zero; below zero for a rebate.
        fee_currency: What the fee was paid in.
        at: When it was executed.
        now: The moment, UTC.
        strategy: Whose order it was; empty for none.

    Raises:
        LedgerAmountInvalid: The fee is zero, or the price is not above zero.
        LedgerCauseDiffers: The fee of this execution was written with other amounts.
        LedgerOverflow: A sum would have more digits than an amount can hold.
    """
    _positive(price, "price")
    if not exact(fee):
        msg = "A fee of 0 is nothing to write."
        raise LedgerAmountInvalid(msg, attr="fee")
    with ledger_atomic():
        price, fee = exact(price), exact(fee)
        draft = Draft(
            kind=TransactionKind.FEE,
            cause=FEE,
            cause_id=cause_id,
            at=at,
            legs=_fee_legs(fee, fee_currency),
            symbol=symbol,
            base=base,
            quote=quote,
            price=price,
            strategy=strategy,
        )
        move = move_of(
            side="buy",
            quantity=ZERO,
            price=price,
            fee=fee,
            fee_currency=fee_currency,
            base=base,
            quote=quote,
        )
        return _moved(account, draft, move, now)


def _positive(amount: Decimal, name: str) -> None:
    if exact(amount) <= 0:
        msg = f"The {name} of an execution is above 0, not {plain(amount)}."
        raise LedgerAmountInvalid(msg, attr=name)


def _currency_of(fee: Decimal, currency: str | None) -> str:
    if fee and not currency:
        msg = f"A fee of {plain(fee)} needs to say what it was paid in."
        raise LedgerAmountInvalid(msg, attr="fee_currency")
    return currency or ""


def _fee_legs(fee: Decimal, currency: str) -> tuple[Leg, ...]:
    if not fee:
        return ()
    return pair_of(LedgerPlace.FEES, currency, negative(fee))


def _moved(
    account: Account,
    draft: Draft,
    move: Move,
    now: datetime,
    later: list[Statement] | None = None,
) -> LedgerTransaction:
    """Write a transaction, and what it does to the position of its symbol."""
    left: list[Statement] = []
    written = transaction_write(account=account, draft=draft, now=now, later=left)
    if not written.is_new:
        return written.transaction
    position = written.position or Position(
        account=account,
        symbol=draft.symbol,
        base=draft.base,
        quote=draft.quote,
        changed_at=now,
        **dict.fromkeys(_AMOUNTS, ZERO),
    )
    changes = position_move(
        position,
        move,
        lots=lambda: _lots(position),
        number=written.transaction.number,
        at=draft.at,
    )
    position.changed_at = now
    if written.position is None:
        row_insert(position)
    else:
        left.append(update(position, *_CHANGED))
    _lots_less(position, changes)
    statements_leave(later, *left, *_lots_added(position, changes))
    return written.transaction


def _lots(position: Position) -> Iterator[Lot]:
    """Give the lots of a position, oldest first, some at a time."""
    after = 0
    while True:
        rows = position.lots.filter(number__gt=after).order_by("number")
        some = list(rows[:_LOTS_AT_ONCE])
        for row in some:
            yield Lot(row.number, row.quantity, row.price, row.at)
        if len(some) < _LOTS_AT_ONCE:
            return
        after = some[-1].number


def _lots_less(position: Position, changes: LotChanges) -> None:
    if changes.gone:
        # All lots before the last of them are gone as well: they are taken in order.
        position.lots.filter(number__lte=changes.gone[-1].number).delete()
    if changes.less is not None:
        less = position.lots.filter(number=changes.less.number)
        less.update(quantity=changes.less.quantity)


def _lots_added(position: Position, changes: LotChanges) -> Iterator[Statement]:
    if (new := changes.added) is not None:
        yield from inserts(
            PositionLot(
                position_id=position.pk,
                number=new.number,
                quantity=new.quantity,
                price=new.price,
                at=new.at,
            )
        )
