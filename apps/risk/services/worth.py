"""What accounts are worth, and asking for the prices that were missing to tell it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction

from apps.portfolio.selectors.equity import point_latest
from apps.portfolio.selectors.flows import flows_after
from apps.portfolio.selectors.ledger import balances_of
from apps.portfolio.services.valuation import rates_want
from apps.risk.selectors.worth import worth_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from apps.portfolio.models import Account
    from apps.risk.judging.facts import Worth

# What is said after the price that is missing.
ASKED = "; its price was asked for, try again in a few seconds"


def worth_read(
    *, accounts: Sequence[Account], currency: str, past: bool, now: datetime
) -> Worth:
    """Return what accounts are worth together; ask for what prices are missing.

    Args:
        accounts: Some.
        currency: What it is told in.
        past: Whether the day's beginning and the peak are needed.
        now: The moment, UTC.

    Raises:
        LiveUnavailable: Where the latest prices are kept does not answer.
    """
    found = worth_of(accounts=accounts, currency=currency, past=past, now=now)
    if not found.unpriced:
        return found
    for account in accounts:
        last = point_latest(account) if past else None
        flows = flows_after(account, last.through if last else 0) if past else {}
        wanted = {*balances_of(account), *flows}
        prices_ask(account=account, currencies=wanted, into=account.currency, now=now)
        prices_ask(
            account=account, currencies=[account.currency], into=currency, now=now
        )
    return replace(found, why=f"{found.why}{ASKED}")


def prices_ask(
    *, account: Account, currencies: Iterable[str], into: str, now: datetime
) -> None:
    """Have the prices of currencies held fresh, once the caller's transaction is over.

    Not in it: it would wait for others who ask for the same, with what it has locked.

    Args:
        account: Whose venue's.
        currencies: What is valued.
        into: What it is valued in.
        now: The moment, UTC.
    """
    want = partial(
        rates_want, account=account, currencies=list(currencies), into=into, now=now
    )
    transaction.on_commit(want, robust=True)
