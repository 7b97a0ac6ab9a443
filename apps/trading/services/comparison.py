"""One comparison of an account with its venue, while it is made."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from apps.core.errors import ApplicationError
from apps.core.exact import plain
from apps.portfolio.venue_fills import VENUE_SILENT
from apps.trading.enums import ReconciliationState
from apps.trading.errors.reconciliations import ReconciliationLost
from apps.trading.models import Reconciliation
from apps.trading.services.venue_look import VenueLooks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from decimal import Decimal

    from apps.exchanges.account_port import AccountPort, VenueOrder
    from apps.portfolio.models import Account
    from apps.trading.models import Order
    from apps.trading.services.settling import Settlement

_MOST_FINDINGS = 500
_LONGEST = 200


@dataclass(slots=True)
class Comparison:
    """What is compared, and what was found so far.

    Attributes:
        account: Whose orders, executions and balances.
        port: Its account at the venue.
        row: What is written of it.
        now: When it began, UTC.
        opened_at: From when on everything of the account is ours to know; None where it
            was never compared.
        since: From when on executions may be unknown.
        looks: What the venue rests and executed, listed once for many missed orders.
    """

    account: Account
    port: AccountPort
    row: Reconciliation
    now: datetime
    opened_at: datetime | None
    since: datetime
    findings: list[dict[str, Any]] = field(default_factory=list)
    executions_applied: int = 0
    orders_looked_at: int = 0
    settled: int = 0
    unsettled: int = 0
    adopted: int = 0
    unexplained: bool = False
    looks: VenueLooks = field(init=False)
    _begun: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.looks = VenueLooks(self.account.pk, self.port, self.now)

    def moment(self) -> datetime:
        """Return the time that it is by now, UTC."""
        return self.now + timedelta(seconds=time.monotonic() - self._begun)

    def found(
        self,
        kind: str,
        subject: str,
        *,
        ours: Decimal | str = "",
        theirs: Decimal | str = "",
        done: str = "",
    ) -> None:
        """Write down a finding, once; beyond 500 they are left out.

        Args:
            kind: What it is, in a word.
            subject: Which order, market or currency.
            ours: What we have.
            theirs: What the venue has.
            done: What was done about it; empty for nothing.
        """
        told = {
            "kind": kind,
            "subject": subject[:_LONGEST],
            "ours": _text(ours),
            "theirs": _text(theirs),
            "done": done[:_LONGEST],
        }
        if told not in self.findings and len(self.findings) < _MOST_FINDINGS:
            self.findings.append(told)

    def settlement(self, subject: str, told: Settlement) -> None:
        """Count what came of asking for an order."""
        self.executions_applied += told.applied
        self.settled += told.settled
        if told.settled:
            self.found(
                "settled",
                subject,
                ours=told.before,
                theirs=told.theirs,
                done=told.after,
            )
        if told.found:
            done = "" if told.before is told.after else told.after.value
            self.found(
                told.found, subject, ours=told.before, theirs=told.theirs, done=done
            )

    def adoption(self, told: VenueOrder, order: Order | None, executed: int) -> None:
        """Count an order that was made elsewhere, or tell that it could not be taken over.

        Args:
            told: What the venue says of it.
            order: What it became; None where the venue tells too little.
            executed: How many executions came with it.
        """
        subject = f"{told.symbol} {told.id}"
        if order is None:
            self.found("cannot_be_adopted", subject, theirs=str(told.state))
            return
        self.adopted += 1
        self.executions_applied += executed
        theirs = f"{order.side} {told.quantity} {told.symbol}"
        self.found("adopted", subject, theirs=theirs, done=str(order.pk))

    @contextmanager
    def alone(self, order: Order) -> Iterator[None]:
        """Write down where one order cannot be asked for, and go on with the others.

        Raises:
            ApplicationError: It is not the order: nothing can be asked of the venue, or
                the comparison was given up.
        """
        try:
            yield
        except (*VENUE_SILENT, ReconciliationLost):
            raise
        except ApplicationError as error:
            told = f"{error.code}: {error.message}"
            self.found(
                "cannot_be_asked", order.client_order_id, ours=order.state, theirs=told
            )

    def beat(self) -> None:
        """Say that it is still being made.

        Raises:
            ReconciliationLost: It was given up; another one may run.
        """
        held = Reconciliation.objects.filter(
            pk=self.row.pk, state=ReconciliationState.RUNNING.value
        ).update(updated_at=self.moment())
        if not held:
            raise lost_error(self.row)


def lost_error(row: Reconciliation) -> ReconciliationLost:
    """Return what says that a comparison was given up."""
    msg = f"The reconciliation {row.pk} took too long and was given up."
    return ReconciliationLost(msg)


def _text(value: Decimal | str) -> str:
    return value[:_LONGEST] if isinstance(value, str) else plain(value)
