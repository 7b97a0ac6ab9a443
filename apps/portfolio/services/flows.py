"""Money that came from outside, left, or moved between accounts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from apps.core.exact import exact, negative, plain
from apps.portfolio.enums import LedgerPlace, TransactionKind
from apps.portfolio.errors.ledger import LedgerAmountInvalid, TransferRefused
from apps.portfolio.services.drafts import Draft, pair_of
from apps.portfolio.services.writing import ledger_atomic, transaction_write

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from apps.portfolio.models import Account, LedgerTransaction


def deposit_post(
    *,
    account: Account,
    currency: str,
    amount: Decimal,
    cause: str,
    cause_id: str,
    at: datetime,
    now: datetime,
    memo: str = "",
) -> LedgerTransaction:
    """Write money that came from outside.

    Args:
        account: Whose ledger.
        currency: Its code.
        amount: How much, above zero.
        cause: What kind of thing it was, such as `paper` or `venue`.
        cause_id: Which one of them; written once.
        at: When it came.
        now: The moment, UTC.
        memo: For people.

    Raises:
        LedgerAmountInvalid: The amount is not above zero.
        LedgerCauseDiffers: This cause was written with other amounts.
        LedgerOverflow: A sum would have more digits than an amount can hold.
    """
    _positive(amount, "deposit")
    return _flow(
        account,
        (LedgerPlace.EXTERNAL, currency, amount),
        Draft(TransactionKind.DEPOSIT, cause, cause_id, at, (), memo=memo),
        now,
    )


def withdrawal_post(
    *,
    account: Account,
    currency: str,
    amount: Decimal,
    cause: str,
    cause_id: str,
    at: datetime,
    now: datetime,
    memo: str = "",
) -> LedgerTransaction:
    """Write money that left; the amount is above zero. As `deposit_post` otherwise."""
    _positive(amount, "withdrawal")
    return _flow(
        account,
        (LedgerPlace.EXTERNAL, currency, negative(amount)),
        Draft(TransactionKind.WITHDRAWAL, cause, cause_id, at, (), memo=memo),
        now,
    )


def adjustment_post(
    *,
    account: Account,
    currency: str,
    amount: Decimal,
    cause: str,
    cause_id: str,
    at: datetime,
    now: datetime,
    memo: str = "",
) -> LedgerTransaction:
    """Write what explains a difference to the venue; below zero where we held too much.

    As `deposit_post` otherwise.
    """
    _not_zero(amount, "adjustment")
    return _flow(
        account,
        (LedgerPlace.ADJUSTMENTS, currency, amount),
        Draft(TransactionKind.ADJUSTMENT, cause, cause_id, at, (), memo=memo),
        now,
    )


def funding_post(
    *,
    account: Account,
    currency: str,
    amount: Decimal,
    cause: str,
    cause_id: str,
    at: datetime,
    now: datetime,
    memo: str = "",
) -> LedgerTransaction:
    """Write interest or funding; below zero where it was paid. As `deposit_post` else."""
    _not_zero(amount, "funding")
    return _flow(
        account,
        (LedgerPlace.FUNDING, currency, amount),
        Draft(TransactionKind.FUNDING, cause, cause_id, at, (), memo=memo),
        now,
    )


def transfer_post(
    *,
    source: Account,
    target: Account,
    currency: str,
    amount: Decimal,
    cause: str,
    cause_id: str,
    at: datetime,
    now: datetime,
    memo: str = "",
) -> tuple[LedgerTransaction, LedgerTransaction]:
    """Write money that went from one account to another of the same owner and mode.

    Args:
        source: Where it left.
        target: Where it came to.
        currency: Its code.
        amount: How much, above zero.
        cause: What kind of thing it was.
        cause_id: Which one of them; written once in each of the two ledgers.
        at: When it moved.
        now: The moment, UTC.
        memo: For people.

    Raises:
        TransferRefused: It is the same account, another owner's, or of another mode.
        LedgerAmountInvalid: The amount is not above zero.
        LedgerCauseDiffers: This cause was written with other amounts.
        LedgerOverflow: A sum would have more digits than an amount can hold.

    Returns:
        What was written for the source, and for the target.
    """
    _positive(amount, "transfer")
    if (
        source.pk == target.pk
        or source.owner_id != target.owner_id
        or source.mode != target.mode
    ):
        msg = "Money moves between two accounts of one owner that are both of one mode."
        raise TransferRefused(msg, attr="target")
    draft = Draft(TransactionKind.TRANSFER, cause, cause_id, at, (), memo=memo)
    written = {}
    with ledger_atomic():
        # In one order, so that two transfers between the same accounts never wait for
        # each other.
        for account in sorted((source, target), key=lambda one: str(one.pk)):
            signed = negative(amount) if account.pk == source.pk else amount
            leg = (LedgerPlace.TRANSFERS, currency, signed)
            written[account.pk] = _flow(account, leg, draft, now)
    return written[source.pk], written[target.pk]


def _positive(amount: Decimal, name: str) -> None:
    if exact(amount) <= 0:
        msg = f"A {name} is above 0, not {plain(amount)}."
        raise LedgerAmountInvalid(msg, attr="amount")


def _not_zero(amount: Decimal, name: str) -> None:
    if not exact(amount):
        msg = f"The amount of this {name} is 0; there is nothing to write."
        raise LedgerAmountInvalid(msg, attr="amount")


def _flow(
    account: Account,
    came: tuple[LedgerPlace, str, Decimal],
    draft: Draft,
    now: datetime,
) -> LedgerTransaction:
    """Write what came to the assets from a place, or went there."""
    place, currency, amount = came
    with ledger_atomic():
        full = replace(draft, legs=pair_of(place, currency, amount))
        return transaction_write(account=account, draft=full, now=now).transaction
