"""How accounts stand: what they may trade, and how much of their limits is used."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings

from apps.core.errors import Unavailable
from apps.portfolio.models import Account
from apps.risk.judging.facts import ACCOUNT, USER, ScopeFacts, Worth
from apps.risk.judging.needs import needs_of
from apps.risk.judging.standing import standing_rules
from apps.risk.limit_set import DEFAULT_CURRENCY, limits_read
from apps.risk.models import RiskScope
from apps.risk.selectors.correlated import correlations_known
from apps.risk.selectors.exposure import Book
from apps.risk.selectors.locks import locks_active
from apps.risk.selectors.prices import quotes_of
from apps.risk.selectors.scopes import scope_of_account, scope_of_user
from apps.risk.selectors.worth import worth_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from apps.risk.contracts import RuleResult
    from apps.risk.models import RiskLock
    from apps.users.models import User

_MINUTE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Standing:
    """How an account stands, or a user's accounts of one mode together.

    Attributes:
        scope: What may be traded.
        account: The account; None: all of the user's.
        mode: `paper` or `live`.
        currency: What amounts are in.
        equity: What it is worth now; None where a price is missing.
        exposures: By symbol, positions and what open orders may add.
        open_orders: How many orders hold exposure.
        rules: Of each limit that is set, how much is used.
        locks: Those that hold now.
        message: Why something is unknown.
    """

    scope: RiskScope
    account: Account | None
    mode: str
    currency: str
    equity: Decimal | None
    exposures: dict[str, Decimal]
    open_orders: int
    rules: tuple[RuleResult, ...]
    locks: tuple[RiskLock, ...]
    message: str


@dataclass(frozen=True, slots=True)
class Status:
    """How a user's accounts stand.

    Attributes:
        user: The user's own row.
        together: The user's limits, for each mode that has accounts; none without any.
        accounts: Each open account.
    """

    user: RiskScope
    together: tuple[Standing, ...]
    accounts: tuple[Standing, ...]


def status_get(*, actor: User, now: datetime) -> Status:
    """Return how the actor's open accounts stand.

    Where prices cannot be read, what needs them is unknown, and the rest is told.

    Args:
        actor: Whose.
        now: The moment, UTC.
    """
    accounts = list(
        Account.objects.filter(owner=actor, closed_at=None).order_by("created_at", "id")
    )
    for one in accounts:
        one.owner = actor
    names = [scope_of_user(actor.pk), *(scope_of_account(one.pk) for one in accounts)]
    rows = RiskScope.objects.in_bulk(names)
    user = rows.get(names[0]) or RiskScope(scope=names[0], owner=actor)
    together: list[Standing] = []
    if limits_read(user.rules).body():
        for mode in sorted({one.mode for one in accounts}):
            group = [one for one in accounts if one.mode == mode]
            together.append(_standing(user, group, USER, now))
    each = [
        _standing(
            rows.get(scope_of_account(one.pk))
            or RiskScope(scope=scope_of_account(one.pk), owner=actor, account=one),
            [one],
            ACCOUNT,
            now,
        )
        for one in accounts
    ]
    return Status(user, tuple(together), tuple(each))


def _standing(
    row: RiskScope, accounts: Sequence[Account], name: str, now: datetime
) -> Standing:
    own, limits = name == ACCOUNT, limits_read(row.rules)
    first = accounts[0]
    currency = first.currency if own else limits.currency or DEFAULT_CURRENCY
    book = Book(first, wide=not own, minute=now - _MINUTE)
    book.positions_read()
    facts = ScopeFacts(
        scope=name,
        limits=limits,
        currency=currency,
        state=row.state,
        open_orders=book.count(None),
        last_minute=book.minute_all,
    )
    try:
        counted = accounts if own else book.accounts_read(now=now)
        _valued(facts, book, counted, now)
    except Unavailable as error:
        facts.why = error.message
        facts.worth = Worth(why=error.message)
    return Standing(
        scope=row,
        account=first if own else None,
        mode=first.mode,
        currency=currency,
        equity=facts.worth.equity,
        exposures=facts.exposures,
        open_orders=facts.open_orders,
        rules=tuple(standing_rules(facts)),
        locks=tuple(locks_active(first, now=now)) if own else (),
        message=facts.why or facts.worth.why,
    )


def _valued(
    facts: ScopeFacts, book: Book, accounts: Sequence[Account], now: datetime
) -> None:
    quotes = quotes_of(wanted=book.priced(None, every=True), now=now)
    _, exposures, facts.why = book.valued(
        None,
        into=facts.currency,
        quotes=quotes,
        most_age=Decimal(str(settings.LIVE_STALE_SECONDS)),
        also=None,
        exposure=True,
        symbol=None,
        now=now,
    )
    facts.exposures = exposures
    past = needs_of(facts.limits).past
    facts.worth = worth_of(
        accounts=accounts, currency=facts.currency, past=past, now=now
    )
    if not past:
        facts.worth = replace(facts.worth, day_start=None, peak=None)
    if facts.limits.max_correlated_exposure is not None:
        facts.correlations = correlations_known(
            account=accounts[0], symbols=exposures, now=now
        )
