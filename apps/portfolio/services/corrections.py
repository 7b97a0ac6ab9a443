"""What people write into a ledger by hand, each with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from apps.portfolio.enums import AccountMode
from apps.portfolio.errors.accounts import AccountNotFound
from apps.portfolio.errors.ledger import TransferRefused, TransferTargetNotFound
from apps.portfolio.selectors.accounts import account_get
from apps.portfolio.services.equity import equity_follow
from apps.portfolio.services.posting import adjustment_post, transfer_post

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal
    from uuid import UUID

    from apps.portfolio.models import LedgerTransaction
    from apps.users.models import User

_CAUSE = "request"


def adjustment_make(
    *,
    actor: User,
    account_id: UUID,
    currency: str,
    amount: Decimal,
    reason: str,
    now: datetime,
) -> LedgerTransaction:
    """Bring a ledger to what its venue says, by an amount that somebody explains.

    It moves nothing at the venue, on paper neither.

    Args:
        actor: Whose account it is.
        account_id: Which one; a closed one may be corrected as well.
        currency: Its code.
        amount: How much there is more than the ledger says; below zero where less.
        reason: Why, for people; kept with the transaction.
        now: The moment, UTC.

    Raises:
        AccountNotFound: No such account for this actor.
        LedgerAmountInvalid: The amount is zero.
        LedgerOverflow: A sum would have more digits than an amount can hold.
    """
    account = account_get(actor=actor, account_id=account_id)
    posted = adjustment_post(
        account=account,
        currency=currency,
        amount=amount,
        cause=_CAUSE,
        cause_id=uuid4().hex,
        at=now,
        now=now,
        memo=reason,
    )
    equity_follow(account=account, now=now)
    return posted


def transfer_record(
    *,
    actor: User,
    account_id: UUID,
    target_id: UUID,
    currency: str,
    amount: Decimal,
    at: datetime | None,
    memo: str,
    now: datetime,
) -> tuple[LedgerTransaction, LedgerTransaction]:
    """Record money that was moved at the venue between two live accounts of the actor.

    It is recorded only: nothing is sent. On paper there is nothing to record; money is
    withdrawn from one account and deposited in the other.

    Args:
        actor: Whose accounts they are.
        account_id: Where it left.
        target_id: Where it came to.
        currency: Its code.
        amount: How much, above zero.
        at: When it moved; None for now.
        memo: For people.
        now: The moment, UTC.

    Raises:
        AccountNotFound: No such account for this actor.
        TransferTargetNotFound: No account to transfer to for this actor.
        TransferRefused: One of them is a paper account, or they are the same.
        LedgerAmountInvalid: The amount is not above zero.
        LedgerOverflow: A sum would have more digits than an amount can hold.

    Returns:
        What was written for the source, and for the target.
    """
    source = account_get(actor=actor, account_id=account_id)
    try:
        target = account_get(actor=actor, account_id=target_id)
    except AccountNotFound as error:
        raise TransferTargetNotFound(error.message, attr="target") from error
    if AccountMode.PAPER in {source.mode, target.mode}:
        msg = (
            "Transfers are recorded between live accounts. On paper, withdraw from the "
            "one account and deposit in the other."
        )
        raise TransferRefused(msg, attr="target")
    posted = transfer_post(
        source=source,
        target=target,
        currency=currency,
        amount=amount,
        cause=_CAUSE,
        cause_id=uuid4().hex,
        at=at or now,
        now=now,
        memo=memo,
    )
    for account in (source, target):
        equity_follow(account=account, now=now)
    return posted
