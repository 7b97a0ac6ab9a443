"""A ledger read from its beginning, however long it is: some thousand rows at a time."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from apps.portfolio.models import LedgerEntry, LedgerTransaction

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from decimal import Decimal

    from apps.portfolio.models import Account

_AT_ONCE = 2_000


class WalkedEntry(NamedTuple):
    """One entry."""

    place: str
    currency: str
    amount: Decimal


class WalkedTransaction(NamedTuple):
    """One transaction, with its entries last; see `LedgerTransaction`."""

    id: int
    number: int
    kind: str
    symbol: str
    base: str
    quote: str
    side: str
    quantity: Decimal | None
    price: Decimal | None
    at: datetime
    recorded_at: datetime
    entries: tuple[WalkedEntry, ...]


_FIELDS = WalkedTransaction._fields[:-1]


def ledger_walk(
    account: Account, *, after: int, through: int
) -> Iterator[WalkedTransaction]:
    """Give an account's transactions in the order in which they were written.

    Args:
        account: Whose ledger.
        after: The number of the last one that is not wanted; 0 for all.
        through: The number of the last one that is.
    """
    rows = LedgerTransaction.objects.filter(account_id=account.pk).order_by("number")
    while True:
        wanted = rows.filter(number__gt=after, number__lte=through)
        some = list(wanted.values_list(*_FIELDS)[:_AT_ONCE])
        entries = _entries([row[0] for row in some])
        for row in some:
            yield WalkedTransaction._make((*row, tuple(entries.get(row[0], ()))))
        if len(some) < _AT_ONCE:
            return
        after = some[-1][1]


def _entries(ids: list[int]) -> dict[int, list[WalkedEntry]]:
    found: dict[int, list[WalkedEntry]] = defaultdict(list)
    if ids:
        rows = LedgerEntry.objects.filter(transaction_id__in=ids).order_by("id")
        fields = ("transaction_id", "place", "currency", "amount")
        for transaction_id, *entry in rows.values_list(*fields):
            found[transaction_id].append(WalkedEntry(*entry))
    return found
