"""The gate: what every order has to pass before it is sent.

Whoever changes exposure locks the user's `RiskScope`, then the account's, and never an
order before them. Under the lock, reservations are read before positions and balances: an
execution that is committed between the two reads is counted twice for that moment, and
never not at all.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from apps.core.statements import rows_insert
from apps.risk.contracts import Verdict
from apps.risk.enums import TradingState
from apps.risk.errors.gate import TradingHalted, TradingReducingOnly
from apps.risk.judging.facts import ZERO
from apps.risk.limit_set import limits_read
from apps.risk.models import Reservation, RiskVerdict
from apps.risk.selectors.scopes import scopes_get
from apps.risk.services.calling import locks_called
from apps.risk.services.judgement import notional_of, order_judge, order_told
from apps.risk.services.losses import losses_take
from apps.risk.services.reservations import (
    exposure_adopt,
    exposure_fill,
    exposure_release,
    exposure_settle,
    reservation_make,
)
from apps.risk.services.scopes import scopes_lock
from apps.risk.services.self_locking import locks_apply

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from apps.portfolio.models import Account
    from apps.risk.contracts import OrderDraft
    from apps.risk.services.judgement import Judged

__all__ = (
    "exposure_adopt",
    "exposure_fill",
    "exposure_judge",
    "exposure_release",
    "exposure_reserve",
    "exposure_settle",
    "sending_admit",
    "verdict_dry_run",
)


@dataclass(frozen=True, slots=True)
class Reserved:
    """What the gate said of an order, and its rows, which are not written yet.

    Attributes:
        verdict: What it said.
        row: What keeps the verdict.
        held: The order's reservation; None where it was refused.
    """

    verdict: Verdict
    row: RiskVerdict
    held: Reservation | None


def exposure_reserve(
    *, account: Account, order_id: UUID, draft: OrderDraft, now: datetime
) -> Verdict:
    """Judge an order as `exposure_judge` does, and write down what came of it."""
    reserved = exposure_judge(account=account, order_id=order_id, draft=draft, now=now)
    held = () if reserved.held is None else (reserved.held,)
    rows_insert(*held, reserved.row)
    return reserved.verdict


def exposure_judge(
    *, account: Account, order_id: UUID, draft: OrderDraft, now: datetime
) -> Reserved:
    """Judge an order and, where every rule passes, hold the exposure it may bring.

    In the caller's transaction, from its beginning until it ends nobody else is judged of
    this user: until then the caller has written the rows that are returned. A refusal is
    no error: write the verdict, commit, then raise `RiskRefused`.

    Args:
        account: Who would trade.
        order_id: The order's id; once allowed, its reservation's.
        draft: The order.
        now: The moment, UTC.

    Raises:
        LiveUnavailable: Where the latest prices are kept does not answer.
    """
    user_scope, account_scope = scopes_lock(account)
    limits = limits_read(account_scope.rules)
    called = locks_called(account=account, guards=limits.locks, now=now)
    locks_apply(account=account, scope=account_scope, called=called, now=now)
    judged = order_judge(
        account=account,
        draft=draft,
        user_scope=user_scope,
        account_scope=account_scope,
        called=called,
        now=now,
    )
    held = None
    if judged.allowed:
        held = reservation_make(
            account=account,
            order_id=order_id,
            draft=draft,
            price=judged.facts.price or ZERO,
            notional=notional_of(judged) or ZERO,
            reduces=judged.facts.reduces,
            watched=limits.locks is not None,
            now=now,
        )
    verdict, row = _verdict_make(account, order_id, judged, now)
    for scope, locked in zip(
        judged.facts.scopes, (account_scope, user_scope), strict=False
    ):
        losses_take(
            row=locked, limits=scope.limits, rules=judged.rules, now=now, later=True
        )
    return Reserved(verdict, row, held)


def sending_admit(*, account: Account, order_id: UUID, now: datetime) -> None:  # noqa: ARG001
    """Let an order be sent, unless trading was halted since it was allowed.

    In the caller's transaction, which writes that the order is being sent: after a halt
    was committed, no order comes past here.

    Args:
        account: Who trades.
        order_id: The order, which holds a reservation.
        now: The moment, UTC.

    Raises:
        TradingHalted: The kill switch is engaged.
        TradingReducingOnly: The order adds exposure, and only reducing is allowed.
    """
    scopes = scopes_lock(account)
    for row in scopes:
        if row.state == TradingState.HALTED:
            whose = "your accounts" if row.account_id is None else "the account"
            msg = f"The kill switch of {whose} is engaged: {row.reason or 'no reason told'}."
            raise TradingHalted(msg)
    if all(row.state == TradingState.ACTIVE for row in scopes):
        return
    held = Reservation.objects.filter(pk=order_id, released_at=None).first()
    if held is None or not held.reduces:
        msg = "Only orders that make a position smaller are sent at the moment."
        raise TradingReducingOnly(msg)


def verdict_dry_run(*, account: Account, draft: OrderDraft, now: datetime) -> Verdict:
    """Say what the gate would say now; nothing is held, and no lock is written.

    Args:
        account: Who would trade.
        draft: The order.
        now: The moment, UTC.

    Raises:
        LiveUnavailable: Where the latest prices are kept does not answer.
    """
    user_scope, account_scope = scopes_get(account)
    guards = limits_read(account_scope.rules).locks
    judged = order_judge(
        account=account,
        draft=draft,
        user_scope=user_scope,
        account_scope=account_scope,
        called=locks_called(account=account, guards=guards, now=now),
        now=now,
    )
    verdict, row = _verdict_make(account, None, judged, now)
    row.save(force_insert=True)
    return verdict


def _verdict_make(
    account: Account, order_id: UUID | None, judged: Judged, now: datetime
) -> tuple[Verdict, RiskVerdict]:
    verdict = Verdict(
        id=uuid4(),
        allowed=judged.allowed,
        rules=judged.rules,
        order=order_told(judged),
    )
    row = RiskVerdict(
        id=verdict.id,
        owner_id=account.owner_id,
        account=account,
        order_id=order_id,
        allowed=verdict.allowed,
        order=verdict.order,
        rules=[asdict(one) for one in verdict.rules],
        at=now,
    )
    return verdict, row
