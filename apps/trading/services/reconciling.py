"""An account compared with its venue: orders, executions, balances.

It may be killed at any moment and run again: what it writes is written once, by the
venue's own ids. No transaction is open while the venue is asked.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from apps.core.errors import ApplicationError
from apps.core.outbox.recording import event_record
from apps.portfolio import venues
from apps.risk.services.telling import risk_tell
from apps.trading.enums import ReconciliationState, ReconciliationTrigger
from apps.trading.errors.reconciliations import (
    ReconciliationLost,
    ReconciliationRunning,
)
from apps.trading.models import Order, Reconciliation
from apps.trading.selectors.reconciliations import opened_at, reconciliation_done_newest
from apps.trading.services.comparing_balances import balances_compare
from apps.trading.services.comparing_fills import OVERLAP, fills_compare
from apps.trading.services.comparing_orders import orders_compare
from apps.trading.services.comparison import Comparison, lost_error

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from apps.exchanges.account_port import AccountPort
    from apps.portfolio.models import Account

# A comparison that says nothing for so long is given up; longer than any call lasts.
SILENT = timedelta(seconds=90)
KEPT = timedelta(days=2)
_LONGEST = 400
_THOROUGH = (ReconciliationTrigger.START, ReconciliationTrigger.DEMAND)
# What is no news when it happens again and again.
_QUIET = frozenset({"balance_moving", "balance_in_flight", "opening", "settled"})


def account_reconcile(
    *,
    account: Account,
    trigger: ReconciliationTrigger,
    now: datetime,
    port: AccountPort | None = None,
) -> Reconciliation:
    """Compare an account with its venue, settle what can be settled, tell the rest.

    Args:
        account: Which one.
        trigger: Why.
        now: The moment, UTC.
        port: Its account at the venue; opened where None.

    Returns:
        What was found; its state is `failed` where the venue could not be asked.

    Raises:
        ReconciliationRunning: It is being compared at the moment.
        ReconciliationLost: It took too long and was given up; another may have run.
    """
    row = _begin(account, trigger, now)
    work: Comparison | None = None
    try:
        opened = port or venues.account_port(account, now=now)
        work = _comparison(account, opened, row, now)
        orders_compare(work)
        fills_compare(work, _active(work, trigger))
        balances_compare(work)
    except ReconciliationLost:
        raise
    except ApplicationError as error:
        return _failed(row, work, error, now)
    return _done(row, work)


@transaction.atomic
def _begin(account: Account, trigger: str, now: datetime) -> Reconciliation:
    """Take the account's only place for a comparison that runs."""
    running = Reconciliation.objects.filter(
        account=account, state=ReconciliationState.RUNNING.value
    )
    running.filter(updated_at__lt=now - SILENT).update(
        state=ReconciliationState.FAILED.value,
        ended_at=now,
        error_code="abandoned",
        error_message="It fell silent: its process has ended, or the venue hung.",
    )
    if (other := running.first()) is not None:
        raise _running_error(account, other)
    try:
        with transaction.atomic():
            return Reconciliation.objects.create(
                owner_id=account.owner_id,
                account=account,
                trigger=trigger,
                started_at=now,
            )
    except IntegrityError as error:
        raise _running_error(account, running.first()) from error


def _running_error(
    account: Account, other: Reconciliation | None
) -> ReconciliationRunning:
    where = f" by /api/v1/reconciliations/{other.pk}/" if other else ""
    msg = f"The account {account.name!r} is being compared with its venue{where}."
    return ReconciliationRunning(msg)


def _comparison(
    account: Account, port: AccountPort, row: Reconciliation, now: datetime
) -> Comparison:
    last = reconciliation_done_newest(account)
    opened = opened_at(account, now=now)
    since = last.started_at if last else (opened or account.created_at)
    return Comparison(
        account=account,
        port=port,
        row=row,
        now=now,
        opened_at=opened,
        since=min(since, now),
    )


def _active(work: Comparison, trigger: str) -> set[str]:
    """Return the markets whose executions are looked at in any case.

    The others are where balances differ: no execution leaves them as they are.
    """
    orders = Order.objects.filter(account=work.account)
    found = set(
        orders.filter(ended_at__isnull=True).values_list("symbol", flat=True).distinct()
    )
    found |= set(
        orders.filter(ended_at__gte=work.since - OVERLAP)
        .values_list("symbol", flat=True)
        .distinct()
    )
    if trigger in _THOROUGH:
        found |= set(work.account.positions.values_list("symbol", flat=True))
    return found


def _done(row: Reconciliation, work: Comparison) -> Reconciliation:
    last = reconciliation_done_newest(work.account)
    with transaction.atomic():
        _write(row, work, ReconciliationState.DONE)
        first_time = work.unexplained and not (last and last.unexplained)
        if first_time:
            _event(row, work.moment())
        if not row.findings:
            _prune(row)
        if first_time or _news(row, last):
            _tell(row, work.moment())
    return row


def _failed(
    row: Reconciliation, work: Comparison | None, error: ApplicationError, now: datetime
) -> Reconciliation:
    row.error_code = error.code[:64]
    row.error_message = error.message[:_LONGEST]
    with transaction.atomic():
        _write(row, work, ReconciliationState.FAILED, now)
        if row.trigger == ReconciliationTrigger.DEMAND.value:
            _tell(row, now)
    return row


def _write(
    row: Reconciliation,
    work: Comparison | None,
    state: ReconciliationState,
    now: datetime | None = None,
) -> None:
    """Write what was found, unless it was given up meanwhile."""
    if work is not None:
        now = work.moment()
        for name in _COUNTS:
            setattr(row, name, getattr(work, name))
    row.state, row.ended_at = state.value, now
    names = (*_COUNTS, "state", "ended_at", "error_code", "error_message")
    fields: dict[str, Any] = {name: getattr(row, name) for name in names}
    held = Reconciliation.objects.filter(
        pk=row.pk, state=ReconciliationState.RUNNING.value
    ).update(updated_at=now, **fields)
    if not held:
        raise lost_error(row)


_COUNTS = (
    "findings",
    "executions_applied",
    "orders_looked_at",
    "settled",
    "unsettled",
    "adopted",
    "unexplained",
)


def _news(row: Reconciliation, last: Reconciliation | None) -> bool:
    """Return whether somebody should be told: what is new, or was asked for."""
    if row.trigger == ReconciliationTrigger.DEMAND.value:
        return True
    known = last.findings if last is not None else []
    if last is not None and last.unexplained != row.unexplained:
        return True
    return any(one not in known and one["kind"] not in _QUIET for one in row.findings)


def _event(row: Reconciliation, now: datetime) -> None:
    differing = [one for one in row.findings if one["kind"] == "balance_differs"]
    told = ", ".join(
        f"{one['subject']}: {one['ours']} here, {one['theirs']} there"
        for one in differing
    )
    risk_tell(
        owner_id=row.owner_id,
        account_id=row.account_id,
        name="unexplained_difference",
        detail=f"The ledger and the venue differ. {told}",
        now=now,
    )


def _prune(row: Reconciliation) -> None:
    """Throw away old comparisons that found nothing, as this one did."""
    Reconciliation.objects.filter(
        account_id=row.account_id,
        trigger=ReconciliationTrigger.SCHEDULE.value,
        state=ReconciliationState.DONE.value,
        findings=[],
        created_at__lt=row.started_at - KEPT,
    ).exclude(pk=row.pk).delete()


def _tell(row: Reconciliation, now: datetime) -> None:
    event_record(
        owner=row.owner_id,
        topic="reconciliations",
        name=row.state,
        body={
            "id": row.pk,
            "account": row.account_id,
            "trigger": row.trigger,
            "state": row.state,
            "unexplained": row.unexplained,
            "settled": row.settled,
            "unsettled": row.unsettled,
            "adopted": row.adopted,
            "executions_applied": row.executions_applied,
            "findings": len(row.findings),
            "kinds": sorted({one["kind"] for one in row.findings}),
            "error_code": row.error_code,
        },
        now=now,
    )
