"""Losses that overstep a limit: told once a day, and by option nothing more is added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from apps.risk.enums import TradingState
from apps.risk.judging.amounts import loss_rules
from apps.risk.judging.facts import ACCOUNT, USER, ScopeFacts
from apps.risk.judging.needs import needs_of
from apps.risk.limit_set import DEFAULT_CURRENCY, limits_read
from apps.risk.selectors.exposure import Book
from apps.risk.services.scopes import scopes_lock
from apps.risk.services.telling import risk_tell
from apps.risk.services.worth import worth_read

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from apps.portfolio.models import Account
    from apps.risk.contracts import RuleResult
    from apps.risk.limit_set import LimitSet
    from apps.risk.models import RiskScope

_NAMES = {
    "max_daily_loss": "daily_loss",
    "max_daily_loss_share": "daily_loss",
    "max_drawdown": "drawdown",
}


@transaction.atomic
def losses_judge(*, account: Account, now: datetime) -> None:
    """Tell of losses that overstep a limit of an account or its owner.

    Every order is judged by them as well; this is for when nobody places one.

    Args:
        account: Whose losses.
        now: The moment, UTC.

    Raises:
        LiveUnavailable: Where the latest prices are kept does not answer.
    """
    user_scope, account_scope = scopes_lock(account)
    for name, row in ((ACCOUNT, account_scope), (USER, user_scope)):
        limits = limits_read(row.rules)
        if not needs_of(limits).past:
            continue
        own = name == ACCOUNT
        currency = account.currency if own else limits.currency or DEFAULT_CURRENCY
        book = Book(account, wide=False, minute=None)
        facts = ScopeFacts(
            scope=name, limits=limits, currency=currency, state=row.state
        )
        facts.worth = worth_read(
            accounts=(account,) if own else book.accounts_read(now=now),
            currency=currency,
            past=True,
            now=now,
        )
        losses_take(row=row, limits=limits, rules=loss_rules(facts), now=now)


def losses_take(
    *,
    row: RiskScope,
    limits: LimitSet,
    rules: Iterable[RuleResult],
    now: datetime,
    later: bool = False,
) -> None:
    """Tell of the losses among what rules said, each once a day.

    Args:
        row: The locked row that the limits are of.
        limits: They.
        rules: What was said; those of another scope are passed over.
        now: The moment, UTC.
        later: As of `risk_tell`.
    """
    scope = USER if row.account_id is None else ACCOUNT
    day = f"{now:%Y-%m-%d}"
    for rule in rules:
        name = _NAMES.get(rule.rule)
        if name is None or rule.scope != scope or rule.passed or rule.value is None:
            continue
        halts = (
            limits.halt_on_drawdown if name == "drawdown" else limits.halt_on_daily_loss
        )
        if halts and row.state == TradingState.HALTED:
            # Whoever releases the halt goes on with what the losses allow.
            _reduce_after(row)
        changes = halts and row.state == TradingState.ACTIVE
        if row.told.get(rule.rule) == day and not changes:
            continue
        row.told[rule.rule] = day
        if changes:
            row.state = TradingState.REDUCING.value
            row.reason, row.changed_at = rule.message[:400], now
        row.save(update_fields=["told", "state", "reason", "changed_at"])
        risk_tell(
            owner_id=row.owner_id,
            account_id=row.account_id,
            name=name,
            detail=rule.message,
            now=now,
            state=row.state if changes else None,
            later=later,
        )


def _reduce_after(row: RiskScope) -> None:
    if row.state_before == TradingState.ACTIVE:
        row.state_before = TradingState.REDUCING.value
        row.save(update_fields=["state_before"])
