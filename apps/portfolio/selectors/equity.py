"""What an account was worth over time, flows apart: the base of limits and performance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from apps.core.exact import WIDE, exact
from apps.measures.quotient import finite
from apps.portfolio.models import EquityPoint
from apps.portfolio.selectors.flows import net_flow_after
from apps.portfolio.selectors.valuation import valuation

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from apps.portfolio.equity_rows import EquityRows
    from apps.portfolio.models import Account

# A point this much older than the day still says what the day began with.
_BEFORE = timedelta(days=1)
# Less is nothing: proportions of it are lost in its last places.
_DUST = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class Chained:
    """How a point follows from the one before it.

    Attributes:
        growth: What 1 invested at the beginning has become; None before anything was.
        peak: The highest equity so far, flows in proportion; None as above.
    """

    growth: float | None
    peak: Decimal | None


def chained(
    *,
    equity: Decimal,
    flow: Decimal,
    before: Decimal | None,
    growth: float | None,
    peak: Decimal | None,
) -> Chained:
    """Link a point to the last one.

    `growth * (equity - flow) / before`: the return of the time between two points is
    taken before the flow that ends it, and returns are multiplied, which is the
    time-weighted return. Bacon, *Practical Portfolio Performance Measurement and
    Attribution*, 2nd ed., Wiley 2008, ch. 2; CFA Institute, *Global Investment
    Performance Standards*, 2020, 2.A.

    Args:
        equity: Now, the flow in it.
        flow: What came in since, less what left.
        before: Equity at the last point; None without one.
        growth: Of the last point.
        peak: Of the last point.
    """
    earned = WIDE.subtract(equity, flow)
    if before is None or before <= _DUST or growth is None or peak is None:
        # Nothing was invested: there is no return on it, and a new beginning.
        held = equity > 0
        return Chained(
            (1.0 if growth is None else growth) if held else growth,
            equity if held else peak,
        )
    kept = max(WIDE.divide(earned, before), Decimal(0))
    grown = finite(growth * float(kept))
    if earned <= _DUST:
        return Chained(grown, equity if equity > _DUST else peak)
    try:
        scaled = exact(WIDE.divide(WIDE.multiply(peak, equity), earned))
    except OverflowError:
        # Next to nothing was left, and very much came: more than an amount can be.
        scaled = peak
    return Chained(grown, max(scaled, equity))


def points_of(
    *, account: Account, start: datetime | None = None, end: datetime | None = None
) -> QuerySet[EquityPoint]:
    """Return an account's points of equity, newest first.

    Args:
        account: Whose.
        start: From this moment on; None: from the first.
        end: Before this moment; None: to the last.
    """
    points = EquityPoint.objects.filter(account=account).order_by("-at")
    if start is not None:
        points = points.filter(at__gte=start)
    return points if end is None else points.filter(at__lt=end)


def equity_rows(points: QuerySet[EquityPoint]) -> EquityRows:
    """Return points of equity as they are sent in files."""
    # Only a process that sends a file needs pyarrow.
    from apps.portfolio.equity_rows import EquityRows  # noqa: PLC0415

    return EquityRows(points)


def point_latest(account: Account) -> EquityPoint | None:
    """Return the last point that is not stale; None without one."""
    return points_of(account=account).filter(stale=False).first()


def day_start_equity(account: Account, now: datetime) -> Decimal | None:
    """Return what the UTC day began with, plus what came in since: today's base.

    What the account is worth less this is what the day has won or lost. The day begins
    with the last point at or before midnight that is not stale, up to a day old, or
    else with the first after it. Two queries.

    Args:
        account: Whose.
        now: The moment, UTC.

    Raises:
        LiveUnavailable: Something came in, and prices to value it cannot be read.

    Returns:
        The base in the account's currency; None where no point tells it, or what came
        in since the last one has no price.
    """
    last = point_latest(account)
    if last is None:
        return None
    base = day_base(last, now)
    came = net_flow_after(account, last.through, now)
    return None if base is None or came is None else exact(WIDE.add(base, came))


def day_base(before: EquityPoint | None, at: datetime) -> Decimal | None:
    """Return what a moment's UTC day began with, and what came in up to a point of it.

    Args:
        before: The last point before the moment that is not stale; None without one.
        at: The moment.

    Returns:
        None where the point is too old to tell.
    """
    starts = midnight(at)
    if before is None or before.at <= starts - _BEFORE:
        return None
    base: Decimal | None = before.day_base if before.at >= starts else before.equity
    return base


def midnight(moment: datetime) -> datetime:
    """Return the beginning of a moment's UTC day."""
    day = moment.astimezone(UTC)
    return day.replace(hour=0, minute=0, second=0, microsecond=0)


def peak_equity(
    account: Account, now: datetime, equity: Decimal | None = None
) -> Decimal | None:
    """Return the highest equity so far, in the proportion that flows have left of it.

    With what the account is worth now, `1 - worth / peak` is its drawdown; a deposit or
    a withdrawal changes both alike. Two queries; a valuation more where something came
    in or left after the last point and `equity` is not given.

    Args:
        account: Whose.
        now: The moment, UTC.
        equity: What it is worth now, where that is known already.

    Raises:
        LiveUnavailable: Something came in, and prices to value it cannot be read.

    Returns:
        The peak in the account's currency, at least `equity` where given; None where
        nothing tells it.
    """
    last = point_latest(account)
    if last is None or last.peak is None:
        return equity
    came = net_flow_after(account, last.through, now)
    if came is None:
        return None
    peak: Decimal = last.peak
    if not came:
        return peak if equity is None else max(peak, equity)
    worth = equity
    if worth is None:
        worth = valuation(account=account, now=now).total
        if worth is None:
            return None
    linked = chained(
        equity=worth,
        flow=came,
        before=last.equity,
        growth=last.growth,
        peak=last.peak,
    )
    return linked.peak
