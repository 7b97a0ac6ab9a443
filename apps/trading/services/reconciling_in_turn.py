"""A comparison that somebody has asked for: made once the one that runs has ended."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from apps.trading.enums import ReconciliationTrigger
from apps.trading.errors.reconciliations import ReconciliationRunning
from apps.trading.services.outside import Elapsed
from apps.trading.services.reconciling import account_reconcile

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from apps.portfolio.models import Account
    from apps.trading.models import Reconciliation

# Longer than one that fell silent holds the account's only place.
LONGEST_WAIT = timedelta(minutes=5)
LOOK_SECONDS = 1.0


def account_reconcile_in_turn(
    *, account: Account, now: datetime, waiting: Callable[[str], None]
) -> Reconciliation:
    """Compare an account with its venue; one that runs is waited for, not answered with.

    It may have begun before what the caller wants to know of, and looks at less.

    Args:
        account: Which one.
        now: The moment, UTC.
        waiting: Told, each time, for which comparison is waited.

    Returns:
        As `account_reconcile`.

    Raises:
        ReconciliationRunning: Another one still runs after five minutes; it is named.
        ReconciliationLost: It took too long and was given up; another may have run.
    """
    clock = Elapsed(now)
    while True:
        try:
            return account_reconcile(
                account=account, trigger=ReconciliationTrigger.DEMAND, now=clock.now()
            )
        except ReconciliationRunning as error:
            if clock.now() - now > LONGEST_WAIT:
                raise
            waiting(error.message)
        time.sleep(LOOK_SECONDS)
