"""Measure what an account may lose, by the stored candles of what it holds."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from apps.core.exact import WIDE, exact, plain, times
from apps.jobs.services import job_enqueue
from apps.portfolio.selectors.accounts import account_get
from apps.portfolio.selectors.ledger import balances_of
from apps.portfolio.selectors.valuation import account_rates
from apps.risk.errors.measures import (
    DailyReturnsTooFew,
    HoldingsWithoutSeries,
    NothingHeld,
)
from apps.risk.selectors.daily import daily_closes, daily_returns, daily_series

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from apps.jobs.models import Job
    from apps.market.models import CandleSeries
    from apps.portfolio.models import Account
    from apps.users.models import User

VALUE_AT_RISK_JOB = "risk.value_at_risk"
FEWEST_DAYS = 60
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class ValueAtRiskRequest:
    """What to measure.

    Attributes:
        account_id: Whose holdings.
        confidences: Between 0.5 and 1, each.
        horizon_days: Over how many days a loss is told.
        days: How many days of candles are looked at.
        window: How many days a forecast of the backtest is made of.
        leave_out: Whether holdings without candles are left out; else they are refused.
    """

    account_id: str
    confidences: tuple[float, ...] = (0.95, 0.99)
    horizon_days: int = 1
    days: int = 730
    window: int = 250
    leave_out: bool = False

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ValueAtRiskRequest:
        """Return the request that was written as JSON."""
        given = dict(data)
        given["confidences"] = tuple(given["confidences"])
        return cls(**given)


@dataclass(frozen=True, slots=True)
class Holding:
    """Something held whose value varies, and its candles.

    Attributes:
        currency: What is held.
        amount: How much of it.
        price: In the account's currency.
        by_close: Whether the price is the last close of the candles, for want of a
            fresh one.
        series: Its candles.
        closes: Daily, by day.
    """

    currency: str
    amount: Decimal
    price: Decimal
    by_close: bool
    series: CandleSeries
    closes: dict[int, float]

    @property
    def value(self) -> Decimal:
        """What it is worth."""
        return times(self.amount, self.price)


def value_at_risk_request(
    *, actor: User, request: ValueAtRiskRequest, now: datetime
) -> Job:
    """Enqueue the measuring of one of the actor's accounts.

    Args:
        actor: Whose.
        request: What to measure.
        now: The moment, UTC.

    Raises:
        AccountNotFound: No such account for this actor.
    """
    account_get(actor=actor, account_id=UUID(request.account_id))
    return job_enqueue(
        owner=actor, kind=VALUE_AT_RISK_JOB, payload=asdict(request), now=now
    )


def value_at_risk_measure(
    *,
    actor: User,
    request: ValueAtRiskRequest,
    now: datetime,
    progress: Callable[[float, str], None],
) -> dict[str, Any]:
    """Measure value at risk and expected shortfall of what an account holds now.

    The past returns of today's holdings, at today's shares of the whole, are taken as
    what may come: historical simulation with fixed weights. What is held in the
    account's own currency does not vary. Losses over several days are those of one day
    times the root of the days, which is right only for independent returns of mean 0.

    Args:
        actor: Whose.
        request: What to measure.
        now: The moment, UTC.
        progress: Told what is done.

    Raises:
        AccountNotFound: No such account for this actor.
        HoldingsWithoutSeries: Something has no candles, and is not to be left out.
        NothingHeld: Nothing is held whose value varies.
        DailyReturnsTooFew: The holdings share too few days.

    Returns:
        The figures as JSON; amounts are text, rates are numbers.
    """
    account = account_get(actor=actor, account_id=UUID(request.account_id))
    progress(0.1, "reads candles")
    held = {one: amount for one, amount in balances_of(account).items() if amount}
    cash = held.pop(account.currency, Decimal(0))
    holdings = _holdings(account, held, request, now)
    left_out = sorted(held.keys() - {one.currency for one in holdings})
    total = cash
    for one in holdings:
        total = WIDE.add(total, one.value)
    if not holdings or total <= 0:
        msg = (
            f"The account {account.name!r} holds nothing beside {account.currency} whose "
            "risk could be measured."
        )
        raise NothingHeld(msg, attr="account_id")
    weights = [float(WIDE.divide(one.value, total)) for one in holdings]
    days, series = _portfolio(holdings, weights)
    if len(series) < FEWEST_DAYS:
        msg = (
            f"The candles of {', '.join(one.currency for one in holdings)} share "
            f"{len(series)} daily returns; at least {FEWEST_DAYS} are needed."
        )
        raise DailyReturnsTooFew(msg)
    progress(0.5, "measures")
    # Only a process that measures needs numpy.
    from apps.risk.risk_figures import risk_figures  # noqa: PLC0415

    figures = risk_figures(
        series,
        total=total,
        confidences=request.confidences,
        horizon_days=request.horizon_days,
        window=request.window,
    )
    return {
        "account_id": request.account_id,
        "currency": account.currency,
        "total": plain(total),
        "cash": plain(cash),
        "horizon_days": request.horizon_days,
        "scaling": "one day" if request.horizon_days == 1 else "square root of time",
        "returns": len(series),
        "first_day": _day(days[0]),
        "last_day": _day(days[-1]),
        "holes": days[-1] - days[0] + 1 - len(days),
        "holdings": [
            _told(one, weight) for one, weight in zip(holdings, weights, strict=True)
        ],
        "left_out": left_out,
        **figures,
    }


def _holdings(
    account: Account,
    held: Mapping[str, Decimal],
    request: ValueAtRiskRequest,
    now: datetime,
) -> list[Holding]:
    wanted = {f"{one}/{account.currency}": one for one in held}
    found = daily_series(owner=account.owner, exchange=account.exchange, symbols=wanted)
    rates = account_rates(
        account=account, currencies=held, into=account.currency, now=now
    )
    holdings: list[Holding] = []
    for symbol, currency in sorted(wanted.items()):
        if symbol not in found:
            continue
        closes = daily_closes(
            series=found[symbol], start=now - timedelta(days=request.days + 1), end=now
        )
        rate = rates.get(currency)
        if not closes:
            continue
        by_close = rate is None or rate.stale
        price = (
            Decimal(repr(closes[max(closes)]))
            if rate is None or rate.stale
            else rate.price
        )
        holdings.append(
            Holding(currency, held[currency], price, by_close, found[symbol], closes)
        )
    without = sorted(held.keys() - {one.currency for one in holdings})
    if without and not request.leave_out:
        markets = ", ".join(f"{one}/{account.currency}" for one in without)
        msg = (
            f"No candles of up to a day of {markets} at {account.exchange} are stored "
            "for the time. Import or backfill them, or set leave_out to measure the rest."
        )
        raise HoldingsWithoutSeries(msg, attr="account_id")
    return holdings


def _portfolio(
    holdings: Sequence[Holding], weights: Sequence[float]
) -> tuple[list[int], list[float]]:
    """Return the days that all holdings have a return of, and that of all together."""
    returns = [daily_returns(one.closes) for one in holdings]
    days = sorted(set.intersection(*(set(one) for one in returns)))
    together = [
        math.fsum(w * one[day] for w, one in zip(weights, returns, strict=True))
        for day in days
    ]
    return days, together


def _told(one: Holding, weight: float) -> dict[str, Any]:
    days = sorted(one.closes)
    return {
        "currency": one.currency,
        "amount": plain(one.amount),
        "price": plain(exact(one.price)),
        "price_is_close": one.by_close,
        "value": plain(one.value),
        "share": weight,
        "series_id": str(one.series.pk),
        "timeframe": one.series.timeframe,
        "first_day": _day(days[0]),
        "last_day": _day(days[-1]),
        "holes": days[-1] - days[0] + 1 - len(days),
    }


def _day(number: int) -> str:
    return (_EPOCH + timedelta(days=number)).isoformat()
