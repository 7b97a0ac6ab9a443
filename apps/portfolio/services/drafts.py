"""A transaction of the ledger before it is written."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from apps.core.exact import exact, negative, plus
from apps.portfolio.enums import LedgerPlace

if TYPE_CHECKING:
    from datetime import datetime

    from apps.portfolio.enums import TransactionKind


@dataclass(frozen=True, slots=True)
class Leg:
    """One entry to be written.

    Attributes:
        place: Where the money came to, or left.
        currency: Its code.
        amount: How much; below zero where it left.
    """

    place: LedgerPlace
    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Draft:
    """A transaction to be written; see `LedgerTransaction`."""

    kind: TransactionKind
    cause: str
    cause_id: str
    at: datetime
    legs: tuple[Leg, ...]
    symbol: str = ""
    base: str = ""
    quote: str = ""
    side: str = ""
    quantity: Decimal | None = None
    price: Decimal | None = None
    strategy: str = ""
    memo: str = ""


def pair_of(place: LedgerPlace, currency: str, amount: Decimal) -> tuple[Leg, Leg]:
    """Return what came to the assets from a place; an amount below zero went there."""
    return (
        Leg(LedgerPlace.ASSETS, currency, exact(amount)),
        Leg(place, currency, negative(amount)),
    )


def sums_of(legs: tuple[Leg, ...]) -> dict[str, Decimal]:
    """Return the sum of the legs of each currency."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for leg in legs:
        sums[leg.currency] = plus(sums[leg.currency], leg.amount)
    return dict(sums)
