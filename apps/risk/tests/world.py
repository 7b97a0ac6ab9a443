"""Orders and executions for tests of the gate."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.db import transaction

from apps.portfolio.services.posting import fill_post
from apps.portfolio.tests.world import NOW
from apps.risk.contracts import OrderDraft
from apps.risk.models import Reservation
from apps.risk.services.gate import exposure_fill, exposure_reserve
from apps.risk.services.limits import limits_put

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from apps.portfolio.models import Account
    from apps.risk.contracts import Verdict

_TRADES = count(1)


def draft_make(
    side: str = "buy",
    quantity: str | Decimal = "1",
    price: str | Decimal | None = "100",
    symbol: str = "BTC/USDT",
    **fields: Any,
) -> OrderDraft:
    """Return an order: a limit order where it has a price, else a market order."""
    base, _, quote = symbol.partition("/")
    fields.setdefault("kind", "market" if price is None else "limit")
    return OrderDraft(
        symbol=symbol,
        base=base,
        quote=quote,
        side=side,
        quantity=Decimal(quantity),
        price=None if price is None else Decimal(price),
        **fields,
    )


def limit(account: Account, *, of_user: bool = False, **rules: Any) -> None:
    """Replace the limits of an account, or of all of its owner's."""
    limits_put(
        actor=account.owner,
        account_id=None if of_user else account.pk,
        rules=rules,
        expected=None,
        now=NOW,
    )


@transaction.atomic
def ask(
    account: Account,
    draft: OrderDraft | None = None,
    now: datetime = NOW,
    **fields: Any,
) -> tuple[UUID, Verdict]:
    """Have an order judged, and its exposure held where it is allowed."""
    order_id = uuid4()
    verdict = exposure_reserve(
        account=account, order_id=order_id, draft=draft or draft_make(**fields), now=now
    )
    return order_id, verdict


@transaction.atomic
def fill(
    account: Account,
    order_id: UUID,
    quantity: str | Decimal,
    price: str | Decimal,
    now: datetime = NOW,
) -> None:
    """Execute some of an order: the ledger and the reservation in one transaction."""
    held = Reservation.objects.get(pk=order_id)
    fill_post(
        account=account,
        cause_id=f"trade {next(_TRADES)}",
        symbol=held.symbol,
        base=held.base,
        quote=held.quote,
        side=held.side,
        quantity=Decimal(quantity),
        price=Decimal(price),
        fee=Decimal(0),
        fee_currency=held.quote,
        at=now,
        now=now,
    )
    exposure_fill(order_id=order_id, quantity=Decimal(quantity), now=now)


def failed(verdict: Verdict) -> list[str]:
    """Return the names of the rules that refused."""
    return [one.rule for one in verdict.rules if not one.passed]
