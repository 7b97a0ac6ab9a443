"""Comparisons of an account with a venue in memory, as tests ask for them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils import timezone

from apps.portfolio.selectors.ledger import balances_of
from apps.trading.enums import ReconciliationTrigger
from apps.trading.services.reconciling import account_reconcile

if TYPE_CHECKING:
    from datetime import datetime

    from apps.portfolio.models import Account
    from apps.trading.models import Reconciliation
    from apps.trading.tests.fake_venue import FakeVenue


def compare(
    account: Account,
    venue: FakeVenue,
    trigger: ReconciliationTrigger = ReconciliationTrigger.SCHEDULE,
    now: datetime | None = None,
) -> Reconciliation:
    """Compare an account with the venue."""
    return account_reconcile(
        account=account, trigger=trigger, now=now or timezone.now(), port=venue
    )


def kinds(row: Reconciliation) -> list[str]:
    """Return what was found, in a word each."""
    return [one["kind"] for one in row.findings]


def agrees(account: Account, venue: FakeVenue) -> bool:
    """Return whether the ledger has what the venue holds."""
    theirs = {name: Decimal(amount) for name, amount in venue.money.items() if amount}
    return balances_of(account) == theirs
