"""The one way into the ledger: a transaction, its entries and their sums, all at once.

The account's head is counted on first, and its row is locked with it: transactions of an
account are written one after the other, and their numbers have no gaps.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import CharField, FilteredRelation, Q, Subquery, UUIDField

from apps.core.exact import plain, plus
from apps.core.readings import Reading, Slot, readings_run
from apps.core.statements import (
    Statement,
    inserts,
    row_insert,
    statements_run,
    upserts,
)
from apps.portfolio.errors.ledger import LedgerCauseDiffers, LedgerOverflow
from apps.portfolio.models import (
    LedgerBalance,
    LedgerEntry,
    LedgerHead,
    LedgerTransaction,
    Position,
)
from apps.portfolio.services.drafts import sums_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from apps.portfolio.models import Account
    from apps.portfolio.services.drafts import Draft, Leg

_POSITION = (
    "id",
    "quantity",
    "cost",
    "realised_average",
    "realised_fifo",
    "fees",
    "fees_other",
    "opened_at",
    "changed_at",
)


_COUNT = "UPDATE portfolio_ledgerhead SET last = last + %s WHERE account_id = %s"


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


@dataclass(frozen=True, slots=True)
class _Before:
    number: int
    known: int | None
    balances: dict[tuple[str, str], Decimal]
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


def transaction_write(*, account: Account, draft: Draft, now: datetime) -> Written:
    """Write a transaction, once: a cause that was written is not written again.

    Call it inside `ledger_atomic`.

    Args:
        account: Whose ledger.
        draft: What to write; its legs sum to zero in each currency.
        now: The moment, UTC.

    Raises:
        LedgerCauseDiffers: The cause was written with other amounts.
        LedgerOverflow: A sum would have more digits than an amount can hold.
    """
    unbalanced = {name: sum_ for name, sum_ in sums_of(draft.legs).items() if sum_}
    if unbalanced:
        msg = f"the entries of {draft.cause} {draft.cause_id} leave {unbalanced}"
        raise ValueError(msg)
    before = _locked(account, draft)
    if before.known is not None:
        statements_run(_count(account, -1))
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
    statements_run(
        *inserts(*entries),
        upserts(balances, unique=("account", "place", "currency"), update=("amount",)),
    )
    return Written(written, is_new=True, position=before.position)


def _locked(account: Account, draft: Draft) -> _Before:
    """Count the account's head on, which locks it, and return what stands there."""
    rows = _facts(account, draft)
    if not rows:
        LedgerHead.objects.bulk_create(
            [LedgerHead(account=account)], ignore_conflicts=True
        )
        rows = _facts(account, draft)
    balances = {
        (row["balance__place"], row["balance__currency"]): row["balance__amount"]
        for row in rows
        if row["balance__place"] is not None
    }
    return _Before(
        number=rows[0]["last"],
        known=rows[0]["known"],
        balances=balances,
        position=_position(account, draft, rows[0]),
    )


def _count(account: Account, by: int) -> Statement:
    """Return the statement that counts the head on, where there is one."""
    key = LedgerHead._meta.pk.get_db_prep_value(account.pk, connection)
    return Statement(_COUNT, (by, key), 1)


def _facts(account: Account, draft: Draft) -> list[dict[str, Any]]:
    """Count the head on, and return all that is to be known: a row for each balance.

    The facts are a statement of their own: it sees what was committed while the lock was
    waited for. Without a head there are none.
    """
    currencies = sorted({leg.currency for leg in draft.legs})
    values = {f"currency_{place}": name for place, name in enumerate(currencies)}
    values |= {"cause": draft.cause, "cause_id": draft.cause_id}
    reading = _facts_reading(len(currencies), bool(draft.symbol))
    asked = {**values, "account": account.pk, "symbol": draft.symbol}
    (rows,) = readings_run((reading, asked), first=_count(account, 1))
    names = _facts_names(bool(draft.symbol))
    return [dict(zip(names, row, strict=True)) for row in rows]


def _facts_names(of_position: bool) -> list[str]:  # noqa: FBT001
    names = ["last", "known"]
    names += [f"balance__{name}" for name in ("place", "currency", "amount")]
    return names + [f"position__{name}" for name in _POSITION if of_position]


@cache
def _facts_reading(currencies: int, of_position: bool) -> Reading[LedgerHead]:  # noqa: FBT001
    def make() -> Any:
        account, text = Slot("account", UUIDField()), CharField()
        same = LedgerTransaction.objects.filter(
            account_id=account,
            cause=Slot("cause", text),
            cause_id=Slot("cause_id", text),
        ).order_by()
        named = [Slot(f"currency_{place}", text) for place in range(currencies)]
        facts = LedgerHead.objects.filter(pk=account).annotate(
            known=Subquery(same.values("pk")[:1]),
            balance=FilteredRelation(
                "account__ledger_balances",
                condition=Q(account__ledger_balances__currency__in=named),
            ),
        )
        if of_position:
            symbol = Q(account__positions__symbol=Slot("symbol", text))
            facts = facts.annotate(
                position=FilteredRelation("account__positions", condition=symbol)
            )
        return facts.order_by().values_list(*_facts_names(of_position))

    return Reading(make)


def _position(account: Account, draft: Draft, row: dict[str, Any]) -> Position | None:
    if row.get("position__id") is None:
        return None
    found = Position(
        account=account,
        symbol=draft.symbol,
        base=draft.base,
        quote=draft.quote,
        **{name: row[f"position__{name}"] for name in _POSITION},
    )
    # It is a row already: saving it changes that.
    found._state.adding = False
    return found


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
