"""Reads of the ledger: what an account holds, what trading left, and how it came to be."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, UUIDField

from apps.core.readings import Reading, Slot
from apps.portfolio.enums import LedgerPlace
from apps.portfolio.models import (
    LedgerBalance,
    LedgerEntry,
    LedgerTransaction,
    Position,
)

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from apps.portfolio.models import Account


HELD = Reading(
    lambda: (
        LedgerBalance.objects.filter(
            account_id=Slot("account", UUIDField()), place=LedgerPlace.ASSETS.value
        )
        .exclude(amount=0)
        .order_by()
        .values_list("currency", "amount")
    )
)


@dataclass(frozen=True, slots=True)
class CurrencyBalance:
    """What is held of a currency, and where it came from or went.

    Attributes:
        currency: Its code.
        total: What the account holds.
        places: The sum of every place's entries that is not zero; they sum to zero.
    """

    currency: str
    total: Decimal
    places: dict[str, Decimal]


def balances_of(account: Account) -> dict[str, Decimal]:
    """Return what an account holds, by currency, without what is zero."""
    return dict(sorted(HELD.rows(account=account.pk)))


def balance_list(account: Account) -> list[CurrencyBalance]:
    """Return every currency that an account's ledger ever named, by its code."""
    found: dict[str, CurrencyBalance] = {}
    rows = LedgerBalance.objects.filter(account_id=account.pk)
    for row in rows.order_by("currency", "place"):
        one = found.setdefault(
            row.currency, CurrencyBalance(row.currency, Decimal(0), {})
        )
        if row.amount:
            one.places[row.place] = row.amount
    return [
        CurrencyBalance(
            name, one.places.get(LedgerPlace.ASSETS, Decimal(0)), one.places
        )
        for name, one in found.items()
    ]


def positions_of(account: Account) -> list[Position]:
    """Return an account's positions, those that are closed too, by symbol."""
    return list(Position.objects.filter(account_id=account.pk).order_by("symbol"))


def transaction_list(*, account: Account) -> QuerySet[LedgerTransaction]:
    """Return an account's transactions with their entries, the latest written first."""
    rows = LedgerTransaction.objects.filter(account_id=account.pk)
    return rows.prefetch_related("entries").order_by("-number")


def transactions_of_currency(
    rows: QuerySet[LedgerTransaction], currency: str
) -> QuerySet[LedgerTransaction]:
    """Return those transactions of which an entry is of a currency."""
    moved = LedgerEntry.objects.filter(
        account_id=OuterRef("account_id"),
        currency=currency,
        transaction_id=OuterRef("pk"),
    )
    return rows.filter(Exists(moved))
