"""What the gate would say of an order that nobody places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.market.models import VenueMarket
from apps.market.selectors.venues import symbols_check
from apps.portfolio.selectors.accounts import account_get
from apps.risk.contracts import OrderDraft
from apps.risk.models import RiskVerdict
from apps.risk.services.gate import verdict_dry_run

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal
    from uuid import UUID

    from apps.users.models import User


def verdict_ask(
    *,
    actor: User,
    account: UUID,
    symbol: str,
    side: str,
    kind: str,
    quantity: Decimal,
    price: Decimal | None = None,
    stop_price: Decimal | None = None,
    reduce_only: bool = False,
    stop_loss: Decimal | None = None,
    target: Decimal | None = None,
    now: datetime,
) -> RiskVerdict:
    """Judge an order and keep the verdict; nothing is held, and nothing is placed.

    Args:
        actor: Who asks; the account is his.
        account: Its id.
        symbol: A market of its exchange.
        side: `buy` or `sell`.
        kind: An `OrderKind`.
        quantity: Base units.
        price: Its limit.
        stop_price: Where it wakes.
        reduce_only: Whether it may only make a position smaller.
        stop_loss: Where the trader means to get out at a loss.
        target: Where he means to take profit.
        now: The moment, UTC.

    Raises:
        AccountNotFound: No such account for this actor.
        SymbolUnknown: The exchange lists no such market; near ones are offered.
        LiveUnavailable: Where the latest prices are kept does not answer.
    """
    found = account_get(actor=actor, account_id=account)
    market = VenueMarket.objects.filter(exchange=found.exchange, symbol=symbol).first()
    if market is None:
        symbols_check(exchange=found.exchange, symbols=[symbol])
    base, _, rest = symbol.partition("/")
    draft = OrderDraft(
        symbol=symbol,
        base=base if market is None else market.base,
        quote=rest.partition(":")[0] if market is None else market.quote,
        side=side,
        kind=kind,
        quantity=quantity,
        price=price,
        stop_price=stop_price,
        reduce_only=reduce_only,
        stop_loss=stop_loss,
        target=target,
    )
    verdict = verdict_dry_run(account=found, draft=draft, now=now)
    return RiskVerdict.objects.get(pk=verdict.id)
