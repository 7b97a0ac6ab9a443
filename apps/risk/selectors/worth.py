"""What accounts are worth, and were, for the rules about shares and losses."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from apps.core.exact import WIDE, exact
from apps.core.outbox.recording import moment_text
from apps.portfolio.selectors.equity import (
    day_start_equity,
    midnight,
    peak_equity,
    point_latest,
)
from apps.portfolio.selectors.flows import net_flow_after
from apps.portfolio.selectors.valuation import account_rates, valuation
from apps.risk.judging.facts import Worth

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from apps.portfolio.models import Account

ZERO = Decimal(0)


def worth_of(
    *, accounts: Sequence[Account], currency: str, past: bool, now: datetime
) -> Worth:
    """Return what accounts are worth together, in one currency.

    The peak of several is the sum of theirs, which is never below their common one. An
    account that was closed before today counts as far as its worth is known.

    Args:
        accounts: Some.
        currency: What it is told in.
        past: Whether the day's beginning and the peak are needed.
        now: The moment, UTC.

    Raises:
        LiveUnavailable: Where the latest prices are kept does not answer.
    """
    total = Worth(ZERO, ZERO, ZERO)
    for account in accounts:
        one = _worth(account, past=past, now=now)
        rate = _rate(account, currency, now)
        if (one.why or rate is None) and _long_closed(account, now):
            continue
        if one.equity is None or rate is None:
            why = one.why or f"{account.currency} has no fresh price in {currency}"
            return Worth(why=why, unpriced=True)
        total = Worth(
            _added(total.equity, one.equity, rate),
            _added(total.day_start, one.day_start, rate),
            _added(total.peak, one.peak, rate),
            why=total.why or one.why,
            unpriced=total.unpriced or one.unpriced,
        )
    return total


def _long_closed(account: Account, now: datetime) -> bool:
    closed: datetime | None = account.closed_at
    return closed is not None and closed < midnight(now)


def _worth(account: Account, *, past: bool, now: datetime) -> Worth:
    held = valuation(account=account, now=now)
    why = ""
    if held.total is None:
        why = f"{', '.join(held.missing)} has no price in {account.currency}"
    elif held.stale:
        old = ", ".join(
            one.currency
            for one in held.items
            if one.stale and one.currency not in held.unlisted
        )
        why = f"the price of {old} in {account.currency} is stale"
    if why or held.total is None:
        return Worth(why=why, unpriced=True)
    return _past(account, held.total, now) if past else Worth(equity=held.total)


def _past(account: Account, equity: Decimal, now: datetime) -> Worth:
    day_start = day_start_equity(account, now)
    peak = peak_equity(account, now, equity)
    if day_start is not None and peak is not None:
        return Worth(equity, day_start, peak)
    last = point_latest(account)
    if last is None:
        # No equity was written down yet: what was lost is lost of what was brought in.
        day_start = net_flow_after(account, 0, now)
        peak = None if day_start is None else max(day_start, equity)
    elif peak is not None:
        # The peak does not grow old; what the day began with does.
        why = (
            f"no equity was written down since {moment_text(last.at)}, see run_trading"
        )
        return Worth(equity, None, peak, why=why)
    if day_start is None or peak is None:
        why = "what came in since the last equity point has no price now"
        return Worth(equity, None, None, why=why, unpriced=True)
    return Worth(equity, day_start, peak)


def _rate(account: Account, currency: str, now: datetime) -> Decimal | None:
    if account.currency == currency:
        return Decimal(1)
    rates = account_rates(
        account=account, currencies=[account.currency], into=currency, now=now
    )
    rate = rates.get(account.currency)
    return None if rate is None or rate.stale else rate.price


def _added(total: Decimal | None, one: Decimal | None, rate: Decimal) -> Decimal | None:
    if total is None or one is None:
        return None
    return exact(WIDE.add(total, WIDE.multiply(one, rate)))
