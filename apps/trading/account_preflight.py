"""What trading wants to know of a live account before it may trade."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings

from apps.core.preflight.contracts import go, no_go
from apps.trading.selectors.reconciliations import reconciliation_done_newest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from apps.core.preflight.contracts import Finding
    from apps.portfolio.models import Account

_NAME = "agreement with the venue"
# A process that compares has missed so many turns before it counts as gone.
_TURNS = 5
_LEAST = timedelta(minutes=10)


def reconciliation_check(account: Account, now: datetime) -> Sequence[Finding]:
    """See that the ledger agrees with the venue, and was compared with it lately."""
    newest = reconciliation_done_newest(account)
    remedy = (
        "POST /api/v1/reconciliations/ with this account, then look at its findings"
    )
    if newest is None:
        return (no_go(_NAME, "it was never compared with its venue", remedy),)
    if newest.unexplained:
        told = [one for one in newest.findings if one["kind"] == "balance_differs"]
        what = ", ".join(
            f"{one['subject']} is {one['ours']} here and {one['theirs']} there"
            for one in told[:5]
        )
        message = f"a difference is not explained: {what or 'see its findings'}"
        repair = "write down what explains it in the ledger, then reconcile again"
        return (no_go(_NAME, message, repair),)
    longest = max(timedelta(seconds=settings.RECONCILE_EVERY_SECONDS) * _TURNS, _LEAST)
    if newest.started_at < now - longest:
        message = f"the last comparison is of {newest.started_at:%Y-%m-%d %H:%M} UTC"
        return (no_go(_NAME, message, "start manage.py run_trading"),)
    return (go(_NAME, "orders, executions and balances agree"),)
