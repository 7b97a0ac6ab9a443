"""What is written of one locked order, gathered and then written at once.

Whoever changes an order locks in this order, and never the other way round:
RiskScope of the user, RiskScope of the account, Account, Order, LedgerHead, Reservation,
OutboxHead. On SQLite a transaction has the whole database to itself from its beginning.
"""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from apps.core.exact import plain, plus
from apps.core.outbox.recording import events_statements
from apps.core.statements import inserts, statements_run, update
from apps.risk.models import RiskEvent
from apps.risk.services.gate import (
    exposure_fill,
    exposure_release,
    exposure_settle,
)
from apps.trading.enums import OrderState
from apps.trading.errors.orders import OrderStepRefused
from apps.trading.models import OrderTransition
from apps.trading.transitions import FINAL, WORKING, allowed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from apps.core.statements import Statement
    from apps.risk.services.gate import Reserved
    from apps.trading.models import Execution, Order

logger = logging.getLogger(__name__)

_LONGEST_DETAIL = 400
# The venue has it, or had it.
_TAKEN = WORKING | {OrderState.FILLED}


class OrderWriter:
    """Gathers what happens to an order; `write` is called once, last, in a transaction.

    Args:
        order: It is locked, and as it is in the database.
        now: The moment, UTC.
        reserved: What the gate has said of a new order in this transaction, to be
            written with it; None where what an order holds was written before.

    Attributes:
        left: Takes what other rooms leave to be written, before the order itself.
    """

    def __init__(
        self, order: Order, now: datetime, reserved: Reserved | None = None
    ) -> None:
        self.order = order
        self._reserved = reserved
        self._now = now
        self._changed: set[str] = set()
        self._steps: list[OrderTransition] = []
        self._events: list[tuple[str, str, dict[str, Any]]] = []
        self._findings: list[RiskEvent] = []
        self._executions: list[Execution] = []
        self._executed = Decimal(0)
        self.left: list[Statement] = []

    @property
    def is_new(self) -> bool:
        """Return whether nothing of the order was written before this transaction."""
        return self._reserved is not None

    def execution_begin(self) -> None:
        """See that the ledger stands where the execution before has left it."""
        if self._executions:
            self._left_run()

    def change(self, **fields: Any) -> None:
        """Set fields, all but the state."""
        for name, value in fields.items():
            if getattr(self.order, name) != value:
                setattr(self.order, name, value)
                self._changed.add(name)

    def step(self, to: OrderState, *, cause: str, detail: str = "") -> None:
        """Go on to a state; nothing happens where the order is there already.

        Raises:
            OrderStepRefused: No order goes from its state to that one.
        """
        before = OrderState(self.order.state)
        if before is to:
            return
        if not allowed(before, to):
            msg = f"The order {self.order.client_order_id} is {before}; it cannot become {to}."
            raise OrderStepRefused(msg)
        if to in _TAKEN:
            # Whatever said that it was not, or that nobody knew, is over.
            self.change(error_code="", error_message="")
        if to in FINAL and self.order.ended_at is None:
            self.change(ended_at=self._now)
        self.order.state = to.value
        self._changed.add("state")
        self._step(before.value, to.value, cause=cause, detail=detail)

    def begin(self, *, cause: str) -> None:
        """Write down how the order came to be, before it is inserted."""
        self._step("", self.order.state, cause=cause, detail="")

    def found(self, name: str, detail: str, **body: Any) -> None:
        """Write down, once, what a person should know of: the venue and we disagree."""
        known = RiskEvent.objects.filter(
            owner_id=self.order.owner_id,
            name=name,
            detail=detail[:_LONGEST_DETAIL],
            body__order=str(self.order.pk),
        )
        if known.exists():
            return
        logger.warning("order %s: %s: %s", self.order.pk, name, detail)
        self._findings.append(
            RiskEvent(
                owner_id=self.order.owner_id,
                account_id=self.order.account_id,
                name=name,
                detail=detail[:_LONGEST_DETAIL],
                body={"order": str(self.order.pk), **body},
            )
        )
        self._events.append(
            ("orders", "finding", order_body(self.order) | {"finding": name})
        )

    def executed(self, execution: Execution) -> None:
        """Write and tell of an execution that is in the ledger, and exposure no more."""
        self._executions.append(execution)
        self._executed = plus(self._executed, execution.quantity)
        self._events.append(
            ("executions", "executed", execution_body(execution, self.order))
        )

    def insert(self) -> Order:
        """Write a new order, and everything else, in the caller's transaction."""
        self._changed.clear()
        return self._write(inserts(self.order))

    def write(self) -> Order:
        """Write everything in the caller's transaction, the events last."""
        names = sorted(self._changed)
        return self._write([update(self.order, *names, "updated_at")] if names else [])

    def _write(self, first: Iterable[Statement]) -> Order:
        # It may run what was left: a result is read off the position as it is now.
        exposure = self._exposure_first()
        rows = (*self._executions, *self._steps, *self._findings)
        statements = [*self.left, *first, *inserts(*rows), *exposure]
        self.left.clear()
        if self._reserved is None:
            statements_run(*statements)
            statements = []
            self._exposure()
        statements_run(*statements, *self._told())
        return self.order

    def _left_run(self) -> None:
        statements_run(*self.left)
        self.left.clear()

    def _told(self) -> Iterable[Statement]:
        if self._steps:
            body = order_body(self.order)
            self._events.append(("orders", self.order.state, body))
        return events_statements(
            owner=self.order.owner_id, events=self._events, now=self._now
        )

    def _step(self, before: str, after: str, *, cause: str, detail: str) -> None:
        self.change(step=self.order.step + 1)
        self._steps.append(
            OrderTransition(
                order=self.order,
                number=self.order.step,
                before=before,
                after=after,
                cause=cause,
                detail=detail[:_LONGEST_DETAIL],
                at=self._now,
            )
        )

    def _exposure_first(self) -> list[Statement]:
        """Return what writes the exposure of a new order, as it is by now."""
        reserved = self._reserved
        if reserved is None:
            return []
        if reserved.held is None:
            return list(inserts(reserved.row))
        if reserved.held.watched:
            self._left_run()
        exposure_settle(
            held=reserved.held,
            quantity=self._executed,
            ended=OrderState(self.order.state) in FINAL,
            now=self._now,
        )
        return list(inserts(reserved.held, reserved.row))

    def _exposure(self) -> None:
        order = self.order
        if self._executed:
            exposure_fill(order_id=order.pk, quantity=self._executed, now=self._now)
        if self._steps and OrderState(order.state) in FINAL:
            exposure_release(order_id=order.pk, now=self._now)


def order_body(order: Order) -> dict[str, Any]:
    """Return what is told of an order, as `apps.trading.topic_bodies.OrderBody` describes."""
    return {
        "id": order.pk,
        "account": order.account_id,
        "client_order_id": order.client_order_id,
        "venue_order_id": order.venue_order_id,
        "symbol": order.symbol,
        "side": order.side,
        "kind": order.kind,
        "quantity": plain(order.quantity),
        "price": _told(order.price),
        "stop_price": _told(order.stop_price),
        "state": order.state,
        "step": order.step,
        "filled": plain(order.filled),
        "spent": plain(order.spent),
        "error_code": order.error_code,
        "finding": "",
    }


def execution_body(execution: Execution, order: Order) -> dict[str, Any]:
    """Return what is told of an execution, as `ExecutionBody` describes."""
    return {
        "id": execution.pk,
        "account": execution.account_id,
        "order": order.pk,
        "client_order_id": order.client_order_id,
        "venue_trade_id": execution.venue_trade_id,
        "symbol": execution.symbol,
        "side": execution.side,
        "quantity": plain(execution.quantity),
        "price": plain(execution.price),
        "fee": plain(execution.fee),
        "fee_currency": execution.fee_currency,
        "at": execution.at,
    }


def _told(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
