"""The exposure that open orders hold, from the moment that they were allowed."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from apps.core.exact import WIDE, exact
from apps.core.statements import rows_insert
from apps.portfolio.enums import TransactionKind
from apps.portfolio.models import LedgerTransaction, Position
from apps.risk.judging.pricing import worst_price
from apps.risk.models import Reservation
from apps.risk.selectors.prices import quotes_of
from apps.risk.services.results import result_record
from apps.risk.services.scopes import scopes_lock

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from apps.portfolio.models import Account
    from apps.risk.contracts import OrderDraft

ZERO = Decimal(0)


def exposure_fill(*, order_id: UUID, quantity: Decimal, now: datetime) -> None:
    """Take what was executed off an order's reservation, in the ledger's transaction.

    What was held becomes a position in one moment, so that it is counted neither twice
    nor not at all. More than is held leaves nothing, never less. An order that holds
    nothing any more holds nothing.

    Args:
        order_id: The order.
        quantity: Base units of executions that the ledger has taken over, each once.
        now: The moment, UTC.
    """
    if quantity <= 0:
        msg = f"An execution has a quantity above zero, not {quantity}."
        raise ValueError(msg)
    held = Reservation.objects.select_for_update().filter(pk=order_id).first()
    if held is None:
        return
    if held.released_at is None and held.quantity > 0:
        _take_off(held, quantity)
        held.save(update_fields=["quantity", "notional"])
    if held.watched:
        result_record(held, now=now)


def exposure_settle(
    *, held: Reservation, quantity: Decimal, ended: bool, now: datetime
) -> None:
    """Take what was executed off a reservation that is not written yet.

    For an order that is allowed, executed and perhaps done in one transaction: what is
    written then is what `exposure_fill` and `exposure_release` would have left.

    Args:
        held: Of an order that the gate has let pass in this transaction.
        quantity: Base units of executions that the ledger has taken over; 0: none.
        ended: Whether the order is done.
        now: The moment, UTC.
    """
    if quantity:
        _take_off(held, quantity)
        if held.watched:
            result_record(held, now=now)
    if ended:
        held.released_at = now


def exposure_release(*, order_id: UUID, now: datetime) -> None:
    """Hold nothing for an order any more; a second time does nothing.

    Args:
        order_id: An order that is done: nothing of it is open, or ever will be.
        now: The moment, UTC.
    """
    Reservation.objects.filter(pk=order_id, released_at=None).update(released_at=now)


def exposure_adopt(
    *, account: Account, order_id: UUID, draft: OrderDraft, now: datetime
) -> Reservation:
    """Hold the exposure of an order that somebody else made, without judging it.

    Call it before the order's row is locked or made: it locks what the gate locks.

    Args:
        account: Whose venue it was found at.
        order_id: Our id of it; a second time returns what is held.
        draft: The order; its quantity is what is left of it.
        now: The moment, UTC.
    """
    _, scope = scopes_lock(account)
    known = Reservation.objects.filter(pk=order_id).first()
    if known is not None:
        return known
    quotes = quotes_of(wanted=[(account, draft.symbol)], now=now)
    price = worst_price(draft, quotes.get((account.pk, draft.symbol)), None)
    if price is None:
        # Nobody knows a price now: the order's own, or one that was paid. At 0 the gate
        # takes what is held for unknown.
        price = draft.price or draft.stop_price or _price_paid(account, draft.symbol)
    made = reservation_make(
        account=account,
        order_id=order_id,
        draft=draft,
        price=price,
        notional=_product(draft.quantity, price),
        reduces=draft.side == "sell",
        watched=bool(scope.rules.get("locks")),
        now=now,
    )
    rows_insert(made)
    return made


def reservation_make(
    *,
    account: Account,
    order_id: UUID,
    draft: OrderDraft,
    price: Decimal,
    notional: Decimal,
    reduces: bool,
    watched: bool,
    now: datetime,
) -> Reservation:
    """Return what an order holds; whoever calls writes it."""
    return Reservation(
        order_id=order_id,
        account=account,
        owner_id=account.owner_id,
        symbol=draft.symbol,
        base=draft.base,
        quote=draft.quote,
        side=draft.side,
        kind=draft.kind,
        quantity=exact(draft.quantity),
        price=exact(price),
        notional=notional,
        reduces=reduces,
        watched=watched,
        made_at=now,
    )


def _take_off(held: Reservation, quantity: Decimal) -> None:
    left = max(WIDE.subtract(held.quantity, quantity), ZERO)
    share = WIDE.divide(WIDE.multiply(held.notional, left), held.quantity)
    held.quantity, held.notional = exact(left), exact(share)


def _price_paid(account: Account, symbol: str) -> Decimal:
    """Return what was paid for a position, else at the last execution; 0 for neither."""
    position = Position.objects.filter(account=account, symbol=symbol).first()
    if position is not None and position.quantity > 0 and position.cost > 0:
        return exact(WIDE.divide(position.cost, position.quantity))
    last = (
        LedgerTransaction.objects.filter(
            account=account, symbol=symbol, kind=TransactionKind.FILL.value
        )
        .order_by("-number")
        .first()
    )
    return ZERO if last is None else last.price or ZERO


def _product(quantity: Decimal, price: Decimal) -> Decimal:
    try:
        return exact(WIDE.multiply(quantity, price))
    except OverflowError:
        return ZERO
