"""How much to trade, by the rule that is asked for, brought down to the market's step."""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Decimal
from statistics import stdev
from typing import TYPE_CHECKING

from apps.core.exact import WIDE, exact, negative, over, plain, plus, times
from apps.market.models import VenueMarket
from apps.market.selectors.series import series_get
from apps.portfolio.selectors.accounts import account_get
from apps.portfolio.selectors.valuation import account_rates, valuation
from apps.risk.enums import SizingMethod
from apps.risk.errors.measures import (
    DailyReturnsTooFew,
    SizingInvalid,
    SizingUnpriced,
)
from apps.risk.selectors.daily import daily_closes, daily_returns
from apps.risk.sizing_rules import (
    SOURCES,
    PositionSize,
    SizeGrid,
    fraction_of,
    on_grid,
    quantity_of,
    size_check,
)

if TYPE_CHECKING:
    from datetime import datetime

    from apps.portfolio.models import Account
    from apps.risk.sizing_rules import SizeRequest
    from apps.users.models import User

_DAYS_PER_YEAR = 365
_FEWEST_RETURNS = 20


def position_size(*, actor: User, request: SizeRequest, now: datetime) -> PositionSize:
    """Return how much to trade; rounded down, never up.

    Args:
        actor: Who asks.
        request: What to size.
        now: The moment, UTC.

    Raises:
        AccountNotFound, SeriesNotFound: No such thing for this actor.
        SizingInvalid: The numbers do not go together; says which.
        SizingUnpriced: The account cannot be valued at the moment.
        DailyReturnsTooFew: The candles do not give a volatility.
        LiveUnavailable: Where the latest prices are kept does not answer.
    """
    size_check(request)
    try:
        return _sized(actor, request, now)
    except OverflowError as error:
        msg = "These numbers give amounts of more than 18 digits before the point."
        raise SizingInvalid(msg, attr="entry") from error


def _sized(actor: User, request: SizeRequest, now: datetime) -> PositionSize:
    account = (
        account_get(actor=actor, account_id=request.account_id)
        if request.account_id
        else None
    )
    grid = _grid(account, request)
    equity = request.equity
    if equity is None:
        equity = _equity(account, request, now)
    notes: list[str] = []
    volatility = _volatility(actor, request, now, notes)
    fraction = fraction_of(request, notes)
    unrounded = quantity_of(request, equity, fraction, volatility)
    most = WIDE.divide(WIDE.multiply(equity, request.max_leverage), request.entry)
    if unrounded > most:
        notes.append(
            f"The rule gives {plain(exact(unrounded))}; max_leverage "
            f"{plain(request.max_leverage)} allows no more than its part of equity."
        )
        unrounded = most
    quantity = on_grid(unrounded, grid, request.entry, notes)
    notional = times(quantity, request.entry)
    formula, reference = SOURCES[SizingMethod(request.method)]
    return PositionSize(
        method=request.method,
        formula=formula,
        reference=reference,
        quantity=quantity,
        unrounded=exact(unrounded),
        notional=notional,
        equity=equity,
        fraction=exact(fraction),
        loss_at_stop=_loss_at_stop(request, quantity),
        leverage=over(notional, equity),
        step=grid.step,
        volatility=volatility,
        notes=notes,
    )


def _loss_at_stop(request: SizeRequest, quantity: Decimal) -> Decimal | None:
    if request.stop is None:
        return None
    distance = plus(request.entry, negative(request.stop)).copy_abs()
    return times(quantity, distance)


def _grid(account: Account | None, request: SizeRequest) -> SizeGrid:
    if account is None:
        return SizeGrid(step=request.step)
    market = VenueMarket.objects.filter(
        exchange=account.exchange, symbol=request.symbol
    ).first()
    if market is None:
        if request.step is not None:
            return SizeGrid(step=request.step)
        msg = (
            f"{account.exchange} lists no market {request.symbol!r} that its step is "
            "known of; send step, or refresh the exchange's markets."
        )
        raise SizingInvalid(msg, attr="symbol")
    return SizeGrid(
        request.step or market.quantity_step, market.min_quantity, market.min_notional
    )


def _equity(account: Account | None, request: SizeRequest, now: datetime) -> Decimal:
    """Return what an account is worth in the quote currency of the market."""
    if account is None:
        raise AssertionError
    quote = request.symbol.partition("/")[2].partition(":")[0] or account.currency
    worth = valuation(account=account, now=now)
    rates = account_rates(
        account=account, currencies=[account.currency], into=quote, now=now
    )
    rate = rates.get(account.currency)
    if worth.total is None or worth.stale or rate is None or rate.stale:
        missing = ", ".join(worth.missing) or account.currency
        msg = (
            f"What the account is worth in {quote} cannot be told now: the price of "
            f"{missing} is missing or stale. Send equity, or try again."
        )
        raise SizingUnpriced(msg, attr="equity")
    equity = times(worth.total, rate.price)
    if equity <= 0:
        msg = (
            f"The account {account.name!r} is worth nothing; there is nothing to size."
        )
        raise SizingInvalid(msg, attr="account_id")
    return equity


def _volatility(
    actor: User, request: SizeRequest, now: datetime, notes: list[str]
) -> Decimal | None:
    """Return the volatility a year: as given, or that of stored candles."""
    if request.method != SizingMethod.VOLATILITY_TARGET or request.series_id is None:
        return request.volatility
    series = series_get(actor=actor, series_id=request.series_id)
    end = min(now, series.last + timedelta(days=1))
    closes = daily_closes(
        series=series, start=end - timedelta(days=request.days + 2), end=end
    )
    returns = list(daily_returns(closes).values())[-request.days :]
    spread = stdev(returns) if len(returns) >= _FEWEST_RETURNS else 0.0
    if not spread > 0:
        msg = (
            f"The series {series} gives {len(returns)} daily returns in its last "
            f"{request.days} days that vary; at least {_FEWEST_RETURNS} are needed."
        )
        raise DailyReturnsTooFew(msg, attr="series_id")
    notes.append(
        f"The volatility is the deviation of {len(returns)} daily returns of {series} up "
        f"to {end:%Y-%m-%d}, times the root of {_DAYS_PER_YEAR}."
    )
    return exact(Decimal(repr(spread * math.sqrt(_DAYS_PER_YEAR))))
