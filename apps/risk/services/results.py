"""What executions realise, written down for the locks that follow losses."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from apps.core.exact import WIDE, exact
from apps.exchanges.account_port import OrderKind
from apps.portfolio.models import Position
from apps.risk.models import Reservation, RiskResult

if TYPE_CHECKING:
    from datetime import datetime

    from apps.portfolio.models import Account


def result_record(held: Reservation, *, now: datetime) -> RiskResult | None:
    """Write down what was realised in a market since the last time, if anything was.

    In the transaction that wrote the executions into the ledger, which one writes to at
    a time: nowhere else, or two would write the same result down.

    Args:
        held: The reservation of the order that was executed.
        now: The moment, UTC.
    """
    position = Position.objects.filter(
        account_id=held.account_id, symbol=held.symbol
    ).first()
    if position is None:
        return None
    last = RiskResult.objects.filter(
        account_id=held.account_id, symbol=held.symbol
    ).first()
    realised = Decimal(0) if last is None else last.realised
    if position.realised_average == realised:
        return None
    net = _net(position)
    before = Decimal(0) if last is None else last.net
    return RiskResult.objects.create(
        account_id=held.account_id,
        symbol=held.symbol,
        quote=held.quote,
        profit=exact(WIDE.subtract(net, before)),
        realised=position.realised_average,
        net=net,
        by_stop=OrderKind(held.kind).waits_for_worse,
        at=now,
    )


def results_begin(account: Account, *, now: datetime) -> None:
    """Begin to write down what executions of an account realise.

    What was realised before is not counted; orders that are open already are watched.
    """
    last: dict[str, RiskResult] = {}
    for one in RiskResult.objects.filter(account=account).order_by("id"):
        last[one.symbol] = one
    begun = []
    for position in Position.objects.filter(account=account):
        known = last.get(position.symbol)
        if known is None or known.realised != position.realised_average:
            begun.append(
                RiskResult(
                    account=account,
                    symbol=position.symbol,
                    quote=position.quote,
                    realised=position.realised_average,
                    net=_net(position),
                    at=now,
                )
            )
    RiskResult.objects.bulk_create(begun)
    Reservation.objects.filter(account=account, released_at=None).update(watched=True)


def _net(position: Position) -> Decimal:
    return exact(WIDE.subtract(position.realised_average, position.fees))
