"""Which locks an account's last results call for; nothing is written here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from apps.core.exact import WIDE, exact
from apps.core.outbox.recording import moment_text
from apps.portfolio.selectors.equity import point_latest
from apps.portfolio.selectors.valuation import account_rates
from apps.risk.judging.guards import Result, fall_of, locks_wanted
from apps.risk.models import RiskLock, RiskResult
from apps.risk.services.worth import ASKED, prices_ask, worth_read

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from apps.portfolio.models import Account
    from apps.risk.judging.guards import Wanted
    from apps.risk.limit_set import LockRules


@dataclass(frozen=True, slots=True)
class Called:
    """What guards call for.

    Attributes:
        wanted: Locks that were not written yet.
        unjudged: Why a guard could not be judged; empty where each could.
    """

    wanted: tuple[Wanted, ...] = ()
    unjudged: str = ""

    def why(self, symbol: str) -> str:
        """Return why there is no new exposure in a market; empty where there may be."""
        for one in self.wanted:
            if one.symbol in {"", symbol}:
                what = one.symbol or "The account"
                until = moment_text(one.until)
                return f"{what} is locked until {until} ({one.kind}): {one.reason}"
        if self.unjudged:
            return f"Nothing may be added while locks.drawdown is unjudged: {self.unjudged}."
        return ""


NOTHING_CALLED = Called()


def locks_called(
    *, account: Account, guards: LockRules | None, now: datetime
) -> Called:
    """Return the locks that an account's results call for and that were never written.

    A lock is made once of the result that brought it about: who releases it early, or
    lets it end sooner, has the last word.

    Args:
        account: Which.
        guards: When it locks itself; None: never.
        now: The moment, UTC.

    Raises:
        LiveUnavailable: Where the latest prices are kept does not answer.
    """
    if guards is None:
        return NOTHING_CALLED
    since = now - timedelta(seconds=guards.lookback_seconds)
    rows = RiskResult.objects.filter(account=account, at__gt=since).order_by("id")
    found = [one for one in rows if one.profit is not None]
    if not found:
        return NOTHING_CALLED
    results, unpriced = _in_currency(account, found, now)
    equity, unjudged = None, ""
    fell = guards.drawdown and (
        unpriced or fall_of(results, guards.drawdown, now) is not None
    )
    if fell and unpriced:
        unjudged = f"{', '.join(unpriced)} has no price in {account.currency}{ASKED}"
        prices_ask(account=account, currencies=unpriced, into=account.currency, now=now)
    elif fell:
        equity, unjudged = _equity(account, now)
    wanted = locks_wanted(results, guards, equity=equity, now=now)
    if not wanted:
        return Called((), unjudged)
    known = set(
        RiskLock.objects.filter(account=account, begins_at__gt=since).values_list(
            "kind", "symbol", "begins_at"
        )
    )
    new = [one for one in wanted if (one.kind, one.symbol, one.begins_at) not in known]
    return Called(tuple(new), unjudged)


def _equity(account: Account, now: datetime) -> tuple[Decimal | None, str]:
    """Return what an account is worth, now or when that was last known, or why neither."""
    worth = worth_read(
        accounts=(account,), currency=account.currency, past=False, now=now
    )
    if worth.equity is not None:
        return worth.equity, ""
    last = point_latest(account)
    return (None, worth.why) if last is None else (last.equity, "")


def _in_currency(
    account: Account, rows: Sequence[RiskResult], now: datetime
) -> tuple[list[Result], tuple[str, ...]]:
    """Return results in the account's currency, and the currencies without a price."""
    quotes = {one.quote for one in rows} - {account.currency}
    rates = (
        account_rates(
            account=account, currencies=quotes, into=account.currency, now=now
        )
        if quotes
        else {}
    )
    results = []
    for one in rows:
        rate = rates.get(one.quote)
        price = Decimal(1) if rate is None else rate.price
        profit = exact(WIDE.multiply(one.profit or Decimal(0), price))
        results.append(Result(one.symbol, profit, one.by_stop, one.at))
    return results, tuple(sorted(quotes - rates.keys()))
