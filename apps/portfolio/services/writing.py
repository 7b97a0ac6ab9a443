"""The one way into the ledger: a transaction, its entries and their sums, all at once.

The account's head is counted on first, and its row is locked with it: transactions of an
account are written one after the other, and their numbers have no gaps.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import connection, transaction

from apps.core.exact import plain, plus
from apps.core.statements import (
    inserts,
    row_insert,
    statements_leave,
    statements_run,
    upserts,
)
from apps.portfolio.errors.ledger import LedgerCauseDiffers, LedgerOverflow
from apps.portfolio.models import (
    LedgerBalance,
    LedgerEntry,
    LedgerTransaction,
)
from apps.portfolio.services.drafts import sums_of
from apps.portfolio.services.standing import head_count, ledger_locked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from apps.core.statements import Statement
    from apps.portfolio.models import Account, Position
    from apps.portfolio.services.drafts import Draft, Leg


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a draft.

    Attributes:
        transaction: The one that is in the ledger now.
        is_new: Whether it was written just now.
        position: Of the draft's symbol, as it was before, locked; None where there is
            none, or the draft names no symbol.
    """

    transaction: LedgerTransaction
    is_new: bool
    position: Position | None


@contextmanager
def ledger_atomic() -> Iterator[None]:
    """All or nothing: the caller's transaction where there is one, else one of its own.

    No savepoint is made, for a fill is written on the way of an order. A sum that is too
    large therefore undoes the caller's transaction too.

    Raises:
        LedgerOverflow: A sum would have more digits than an amount can hold.
    """
    try:
        if connection.in_atomic_block:
            yield
        else:
            with transaction.atomic():
                yield
    except OverflowError as error:
        if connection.in_atomic_block:
            transaction.set_rollback(True)
        raise LedgerOverflow(str(error)) from error


def transaction_write(
    *,
    account: Account,
    draft: Draft,
    now: datetime,
    later: list[Statement] | None = None,
) -> Written:
    """Write a transaction, once: a cause that was written is not written again.

    Call it inside `ledger_atomic`.

    Args:
        account: Whose ledger.
        draft: What to write; its legs sum to zero in each currency.
        now: The moment, UTC.
        later: Takes entries and balances; see `statements_leave`.

    Raises:
        LedgerCauseDiffers: The cause was written with other amounts.
        LedgerOverflow: A sum would have more digits than an amount can hold.
    """
    unbalanced = {name: sum_ for name, sum_ in sums_of(draft.legs).items() if sum_}
    if unbalanced:
        msg = f"the entries of {draft.cause} {draft.cause_id} leave {unbalanced}"
        raise ValueError(msg)
    before = ledger_locked(account, draft)
    if before.known is not None:
        statements_run(head_count(account, -1))
        return Written(_known(before.known, draft), is_new=False, position=None)
    written = LedgerTransaction(
        account=account,
        number=before.number,
        kind=draft.kind.value,
        cause=draft.cause,
        cause_id=draft.cause_id,
        at=draft.at,
        recorded_at=now,
        symbol=draft.symbol,
        base=draft.base,
        quote=draft.quote,
        side=draft.side,
        quantity=draft.quantity,
        price=draft.price,
        strategy=draft.strategy,
        memo=draft.memo,
    )
    row_insert(written)
    entries = (
        LedgerEntry(
            transaction_id=written.pk,
            account_id=account.pk,
            place=leg.place.value,
            currency=leg.currency,
            amount=leg.amount,
        )
        for leg in draft.legs
    )
    balances = _balances(account, draft.legs, before.balances)
    statements_leave(
        later,
        *inserts(*entries),
        upserts(balances, unique=("account", "place", "currency"), update=("amount",)),
    )
    return Written(written, is_new=True, position=before.position)


def _balances(
    account: Account,
    legs: tuple[Leg, ...],
    before: dict[tuple[str, str], Decimal],
) -> list[LedgerBalance]:
    after: dict[tuple[str, str], Decimal] = {}
    for leg in legs:
        key = (leg.place.value, leg.currency)
        held = after.get(key, before.get(key, Decimal(0)))
        after[key] = plus(held, leg.amount)
    # In one order, so that two writers never wait for each other.
    return [
        LedgerBalance(
            account_id=account.pk, place=place, currency=currency, amount=total
        )
        for (place, currency), total in sorted(after.items())
    ]


def _known(pk: int, draft: Draft) -> LedgerTransaction:
    """Return what was written of the same cause, if it says the same.

    When it happened, the strategy and the memo are not compared: a venue may tell the
    time of one execution in milliseconds here and in microseconds there.
    """
    found = LedgerTransaction.objects.prefetch_related("entries").get(pk=pk)
    entries = sorted(
        (one.place, one.currency, plain(one.amount)) for one in found.entries.all()
    )
    legs = sorted(
        (leg.place.value, leg.currency, plain(leg.amount)) for leg in draft.legs
    )
    names = ("kind", "symbol", "side", "quantity", "price")
    differs = [
        name for name in names if getattr(found, name) != getattr(draft, name)
    ] + (["entries"] if entries != legs else [])
    if differs:
        msg = (
            f"The {draft.cause} {draft.cause_id} is number {found.number} of the ledger "
            f"already, with other content: {', '.join(differs)}."
        )
        raise LedgerCauseDiffers(msg)
    return found
