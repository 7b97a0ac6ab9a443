"""Where an outcome becomes money: executions, holds, and how an order stands."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from apps.core.exact import exact, negative, plus
from apps.core.statements import inserts, statements_leave, update
from apps.exchanges.account_port import OrderKind, OrderSide, TimeInForce
from apps.exchanges.adapters.paper.contracts import Fees, Rules, Ticket
from apps.exchanges.adapters.paper.money import grain_of, held_by, moves_of
from apps.market.moments import datetime_from_ns, ns_from_datetime
from apps.portfolio.models import PaperFill

if TYPE_CHECKING:
    from datetime import datetime

    from apps.core.statements import Statement
    from apps.exchanges.account_port import VenueOrderState
    from apps.exchanges.adapters.paper.contracts import Deal, Outcome
    from apps.portfolio.models import Account, PaperHead, PaperOrder
    from apps.portfolio.paper.holdings import Holdings

_MOST_REASON = 200
_ZERO = Decimal(0)


class Desk:
    """Settles what becomes of an account's orders; its head has to be locked.

    Args:
        account: Whose desk it is.
        head: Its head, locked.
        holdings: Its balances.
        now: The moment, UTC: of every execution and change.
    """

    def __init__(
        self, account: Account, head: PaperHead, holdings: Holdings, now: datetime
    ) -> None:
        self._fees = Fees(account.maker_fee, account.taker_fee)
        self._head = head
        self._holdings = holdings
        self._now = now
        self._fills: list[PaperFill] = []

    @property
    def fills(self) -> int:
        """Return how many executions there were and are not saved yet."""
        return len(self._fills)

    def budget(self, order: PaperOrder, ticket: Ticket) -> Decimal:
        """Return what a buyer may spend: what it holds, and what is free at no limit."""
        if not ticket.buys or ticket.price is not None:
            return plus(order.held)
        return plus(order.held, self._holdings.free(order.quote))

    def settle(self, order: PaperOrder, ticket: Ticket, outcome: Outcome) -> None:
        """Apply an outcome to an order and to the account's money; save neither."""
        for deal in outcome.deals:
            self._execute(order, ticket, deal)
        if outcome.triggered:
            order.triggered_at = self._now
        if ticket.looked_ns is not None:
            order.looked_at = datetime_from_ns(ticket.looked_ns)
        order.changed_at = self._now
        if outcome.ended is not None:
            self.end(order, outcome.ended, outcome.reason)
        elif outcome.deals:
            self._hold(order, held_by(ticket))

    def hold(self, order: PaperOrder, amount: Decimal) -> None:
        """Have a new order hold what it may spend.

        Raises:
            InsufficientFunds: Less is free.
        """
        self._hold(order, amount)

    def end(self, order: PaperOrder, state: VenueOrderState, reason: str = "") -> None:
        """End an order, and give back what it holds."""
        self._hold(order, _ZERO)
        order.state = state.value
        order.reason = reason[:_MOST_REASON]
        order.changed_at = self._now

    def save(self, later: list[Statement] | None = None) -> tuple[PaperFill, ...]:
        """Write executions, balances and counters; return the executions.

        The orders have to be saved first.

        Args:
            later: Takes what is to be written; see `statements_leave`.
        """
        saved, self._fills = tuple(self._fills), []
        statements_leave(
            later,
            *inserts(*saved),
            *self._holdings.changes(),
            update(self._head, "last_order", "last_fill"),
        )
        return saved

    def _execute(self, order: PaperOrder, ticket: Ticket, deal: Deal) -> None:
        moves = moves_of(ticket, deal, self._fees)
        gives, gets = (
            (order.quote, order.base) if ticket.buys else (order.base, order.quote)
        )
        from_held = min(moves.spent, order.held)
        rest = plus(from_held, negative(moves.spent))
        self._holdings.change(gives, free=rest, used=negative(from_held))
        self._holdings.change(gets, free=plus(moves.received, negative(moves.fee)))
        order.held = plus(order.held, negative(from_held))
        order.filled = plus(order.filled, deal.quantity)
        order.spent = plus(order.spent, moves.notional)
        self._head.last_fill += 1
        self._fills.append(
            PaperFill(
                account_id=order.account_id,
                order=order,
                number=self._head.last_fill,
                symbol=order.symbol,
                side=order.side,
                price=deal.price,
                quantity=deal.quantity,
                fee=moves.fee,
                fee_currency=gets,
                maker=deal.maker,
                at=self._now,
            )
        )

    def _hold(self, order: PaperOrder, amount: Decimal) -> None:
        change = plus(amount, negative(order.held))
        if change:
            gives = order.quote if order.side == OrderSide.BUY.value else order.base
            self._holdings.change(gives, free=negative(change), used=change)
            order.held = exact(amount)


def ticket_of(order: PaperOrder, rules: Rules | None) -> Ticket:
    """Return an order as it is matched.

    Args:
        order: It.
        rules: Of its market; None where they are not known.
    """
    known = rules or Rules(order.symbol, order.base, order.quote)
    return Ticket(
        side=OrderSide(order.side),
        kind=OrderKind(order.kind),
        remaining=plus(order.quantity, negative(order.filled)),
        price=order.price,
        stop_price=order.stop_price,
        time_in_force=TimeInForce(order.time_in_force),
        post_only=order.post_only,
        active_ns=ns_from_datetime(order.active_at),
        looked_ns=None
        if order.looked_at is None
        else ns_from_datetime(order.looked_at),
        triggered=order.triggered_at is not None,
        grain=grain_of(known, order.price),
    )
