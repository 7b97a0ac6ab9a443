"""How well an account did within a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from apps.core.exact import WIDE, exact
from apps.measures.flows import Flow, annualised, modified_dietz, money_weighted
from apps.portfolio.bookkeeping import total_add
from apps.portfolio.enums import LedgerPlace, TransactionKind
from apps.portfolio.models import EquityPoint, LedgerEntry
from apps.portfolio.selectors.fills import trade_groups
from apps.portfolio.selectors.holdings import positions_valued
from apps.portfolio.selectors.valuation import account_rates

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from apps.portfolio.models import Account
    from apps.portfolio.selectors.fills import TradeGroups

_ZERO = Decimal(0)
_DAY = 86_400.0
_YEAR_DAYS = 365


@dataclass(frozen=True, slots=True)
class Returns:
    """Rates of return and risk between two points of equity, fractions.

    Attributes:
        start: Of the first point.
        end: Of the last point.
        points: How many there are, stale ones left out.
        equity_start: At the first point.
        equity_end: At the last point.
        flows: What came in between, less what left.
        profit: `equity_end - equity_start - flows`.
        time_weighted: Of the whole time; None where it is undefined, as all below.
        time_weighted_annual: A year; None for less than a year.
        money_weighted: Internal rate of return of the whole time.
        money_weighted_annual: A year; None for less than a year.
        modified_dietz: Of the whole time.
        volatility: Of daily returns, a year.
        sharpe: Of daily returns, a year, riskless rate 0.
        sortino: Of daily returns, a year, target 0.
        max_drawdown: The deepest fall below a peak, flows apart.
    """

    start: datetime
    end: datetime
    points: int
    equity_start: Decimal
    equity_end: Decimal
    flows: Decimal
    profit: Decimal
    time_weighted: float | None
    time_weighted_annual: float | None
    money_weighted: float | None
    money_weighted_annual: float | None
    modified_dietz: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    max_drawdown: float | None


@dataclass(frozen=True, slots=True)
class Performance:
    """How well an account did.

    Attributes:
        currency: Of every amount that names no other.
        returns: None with less than two points of equity in the time.
        trades: None where there are too many fills to go through in a request.
        realised: Profit of all markets at average cost before fees, at rates now; None
            where a rate is missing, as all below, or `trades` is None.
        unrealised: Of what is open now, at average cost.
        fees: In all currencies.
        funding: What came as funding, less what was paid.
    """

    currency: str
    returns: Returns | None
    trades: TradeGroups | None
    realised: Decimal | None
    unrealised: Decimal | None
    fees: Decimal | None
    funding: Decimal | None


type _Point = tuple[datetime, Decimal, Decimal, float | None]


def performance(
    *, account: Account, start: datetime | None, end: datetime | None, now: datetime
) -> Performance:
    """Return how well an account did from one moment to another.

    Args:
        account: Whose.
        start: From then on; None: from the beginning.
        end: Until then; None: until now.
        now: The moment, UTC, for rates and what is open.

    Raises:
        LiveUnavailable: Where the latest prices are kept does not answer.
    """
    groups = trade_groups(account=account, start=start, end=end)
    open_now = positions_valued(account=account, now=now)
    realised: dict[str, Decimal] = {}
    fees: dict[str, Decimal] = {}
    for group in groups.by_symbol if groups else ():
        total_add(realised, group.quote, group.sums.realised)
        total_add(fees, group.quote, group.sums.fees)
        for currency, amount in group.sums.fees_other.items():
            total_add(fees, currency, amount)
    unrealised: dict[str, Decimal] | None = {}
    for one in open_now:
        if one.unrealised_average is None or unrealised is None:
            unrealised = None
        else:
            total_add(unrealised, one.position.quote, one.unrealised_average)
    funding = _funding(account, start, end)
    known = [one for one in (realised, fees, unrealised, funding) if one is not None]
    rates = account_rates(
        account=account,
        currencies={name for sums in known for name in sums},
        into=account.currency,
        now=now,
    )
    prices = {name: rate.price for name, rate in rates.items()}
    return Performance(
        currency=account.currency,
        returns=returns_of(_points(account, start, end)),
        trades=groups,
        realised=_valued(realised, prices) if groups else None,
        unrealised=None if unrealised is None else _valued(unrealised, prices),
        fees=_valued(fees, prices) if groups else None,
        funding=_valued(funding, prices),
    )


def returns_of(points: Sequence[_Point]) -> Returns | None:
    """Return the rates between the first point and the last; None with less than two.

    Args:
        points: Moment, equity, flow and growth of each, oldest first.
    """
    held = [i for i, one in enumerate(points) if one[3] is not None]
    if not held or len(points) - held[0] < 2:  # noqa: PLR2004 - a beginning and an end
        return None
    points = points[held[0] :]
    (begin, equity_start, _, growth_start), *rest = points
    finish, equity_end, _, growth_end = points[-1]
    days = (finish - begin).total_seconds() / _DAY
    flows = [
        Flow((at - begin).total_seconds() / _DAY, float(flow))
        for at, _, flow, _ in rest
        if flow
    ]
    came = _ZERO
    for _, _, flow, _ in rest:
        came = WIDE.add(came, flow)
    first, last = float(equity_start), float(equity_end)
    weighted = money_weighted(first, last, flows, days)
    linked = (growth_end or 0.0) / growth_start - 1.0 if growth_start else None
    risk = _risk(points)
    return Returns(
        start=begin,
        end=finish,
        points=len(points),
        equity_start=equity_start,
        equity_end=equity_end,
        flows=came,
        profit=WIDE.subtract(WIDE.subtract(equity_end, equity_start), came),
        time_weighted=linked,
        time_weighted_annual=annualised(linked, days),
        money_weighted=weighted,
        money_weighted_annual=annualised(weighted, days),
        modified_dietz=modified_dietz(first, last, flows, days),
        volatility=risk["volatility"],
        sharpe=risk["sharpe"],
        sortino=risk["sortino"],
        max_drawdown=risk["max_drawdown"],
    )


def _points(
    account: Account, start: datetime | None, end: datetime | None
) -> list[_Point]:
    """Return the points of a time, with the last one before it as its beginning."""
    fresh = EquityPoint.objects.filter(account=account, stale=False)
    columns = ("at", "equity", "flow", "growth")
    within = fresh if end is None else fresh.filter(at__lte=end)
    before: list[_Point] = []
    if start is not None:
        earlier = within.filter(at__lte=start).order_by("-at")
        before = list(earlier.values_list(*columns)[:1])
        within = within.filter(at__gt=start)
    return before + list(within.order_by("at").values_list(*columns))


def _risk(points: Sequence[_Point]) -> dict[str, float | None]:
    # Only a process that is asked for ratios needs numpy.
    import numpy as np  # noqa: PLC0415

    from apps.measures.drawdown import deepest_drawdown  # noqa: PLC0415
    from apps.measures.ratios import sharpe, sortino  # noqa: PLC0415
    from apps.measures.returns import volatility  # noqa: PLC0415

    growth = [one[3] or 0.0 for one in points]
    if not growth[0]:
        return dict.fromkeys(("volatility", "sharpe", "sortino", "max_drawdown"))
    deepest = deepest_drawdown(np.array(growth, dtype=np.float64))
    daily = np.array(daily_returns(points), dtype=np.float64)
    return {
        "volatility": volatility(daily, periods_per_year=_YEAR_DAYS),
        "sharpe": sharpe(daily, periods_per_year=_YEAR_DAYS),
        "sortino": sortino(daily, periods_per_year=_YEAR_DAYS),
        "max_drawdown": deepest.fraction if deepest else None,
    }


def daily_returns(points: Sequence[_Point]) -> list[float]:
    """Return the return of each UTC day, from each day's last point to the next day's.

    A day without points returned 0. The last day counts as far as it has come. They end
    where nothing was left.

    Args:
        points: Moment, equity, flow and growth of each, oldest first.
    """
    closes: dict[date, float] = {}
    for at, _, _, growth in points:
        closes[at.astimezone(UTC).date()] = growth or 0.0
    days = sorted(closes)
    found: list[float] = []
    for one, other in pairwise(days):
        if not closes[one]:
            break
        found += [0.0] * ((other - one) // timedelta(days=1) - 1)
        found.append(closes[other] / closes[one] - 1.0)
    return found


def _funding(
    account: Account, start: datetime | None, end: datetime | None
) -> dict[str, Decimal]:
    rows = LedgerEntry.objects.filter(
        account=account,
        place=LedgerPlace.ASSETS,
        transaction__kind=TransactionKind.FUNDING,
    ).order_by()
    if start is not None:
        rows = rows.filter(transaction__at__gte=start)
    if end is not None:
        rows = rows.filter(transaction__at__lt=end)
    sums: dict[str, Decimal] = {}
    for currency, amount in rows.values_list("currency", "amount"):
        total_add(sums, currency, amount)
    return sums


def _valued(
    sums: Mapping[str, Decimal], prices: Mapping[str, Decimal]
) -> Decimal | None:
    total = _ZERO
    for currency, amount in sums.items():
        if not amount:
            continue
        if currency not in prices:
            return None
        total = WIDE.add(total, WIDE.multiply(amount, prices[currency]))
    try:
        return exact(total)
    except OverflowError:
        return None
