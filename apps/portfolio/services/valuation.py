"""Value accounts, and have the prices for it held fresh."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.exchanges.contracts import MarketKind
from apps.market.models import VenueMarket
from apps.market.services.demand import WANTED_SECONDS, demand_want
from apps.portfolio.enums import PriceSource
from apps.portfolio.models import Account
from apps.portfolio.selectors.holdings import allocation_of, positions_valued
from apps.portfolio.selectors.ledger import balances_of
from apps.portfolio.selectors.rates import BRIDGES
from apps.portfolio.selectors.valuation import valuation

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from apps.portfolio.selectors.holdings import Allocation, PositionValued
    from apps.portfolio.selectors.valuation import Valuation
    from apps.users.models import User


def account_valuation(
    *, account: Account, currency: str | None = None, now: datetime
) -> Valuation:
    """Value an account, and have the prices for it held fresh for a minute.

    The first valuation after a while may lack prices or be stale; the next has them,
    as soon as the feed does.

    Args:
        account: Whose.
        currency: What to value in; None for the account's.
        now: The moment, UTC.

    Raises:
        LiveUnavailable: Where the latest prices are kept does not answer.
    """
    held = balances_of(account)
    into = currency or account.currency
    rates_want(account=account, currencies=held, into=into, now=now)
    return valuation(account=account, holdings=held, currency=into, now=now)


def account_allocation(
    *, account: Account, currency: str | None = None, now: datetime
) -> Allocation:
    """Return how an account is spread, and have the prices for it held fresh.

    Args:
        account: Whose.
        currency: What to value in; None for the account's.
        now: The moment, UTC.

    Raises:
        LiveUnavailable: Where the latest prices are kept does not answer.
    """
    worth = account_valuation(account=account, currency=currency, now=now)
    return allocation_of([worth], worth.currency)


def account_positions(*, account: Account, now: datetime) -> list[PositionValued]:
    """Value an account's open positions, and have their prices held fresh for a minute.

    Args:
        account: Whose.
        now: The moment, UTC.

    Raises:
        LiveUnavailable: Where the latest prices are kept does not answer.
    """
    found = positions_valued(account=account, now=now)
    for quote in sorted({one.position.quote for one in found}):
        bases = [one.position.base for one in found if one.position.quote == quote]
        rates_want(account=account, currencies=bases, into=quote, now=now)
    return found


def portfolio_allocation(
    *, actor: User, currency: str, mode: str | None = None, now: datetime
) -> Allocation:
    """Return how all of somebody's open accounts are spread, together.

    Args:
        actor: Whose.
        currency: What to value in; each account at the prices of its own exchange.
        mode: `paper` or `live`; None for both.
        now: The moment, UTC.

    Raises:
        LiveUnavailable: Where the latest prices are kept does not answer.
    """
    accounts = Account.objects.filter(owner=actor, closed_at__isnull=True)
    if mode is not None:
        accounts = accounts.filter(mode=mode)
    found = [
        account_valuation(account=account, currency=currency, now=now)
        for account in accounts.order_by("pk")
    ]
    return allocation_of(found, currency)


def rates_want(
    *,
    account: Account,
    currencies: Iterable[str],
    into: str,
    now: datetime,
    seconds: float = WANTED_SECONDS,
) -> tuple[str, ...]:
    """Have the tickers held fresh that tell what currencies are worth.

    Args:
        account: Whose venue's.
        currencies: What is valued.
        into: What it is valued in.
        now: The moment, UTC.
        seconds: For how long.

    Returns:
        The markets, sorted.
    """
    if account.price_source == PriceSource.CANDLES.value:
        return ()
    asked = {one for one in currencies if one != into}
    symbols = _symbols(account.exchange, asked, into) if asked else ()
    if symbols:
        demand_want(
            exchange=account.exchange,
            kind="tickers",
            symbols=symbols,
            now=now,
            seconds=seconds,
        )
    return symbols


def _symbols(exchange: str, asked: set[str], into: str) -> tuple[str, ...]:
    """Return the markets that lead from each currency to the other, the shortest way."""
    ends = {into, *BRIDGES}
    listed = set(
        VenueMarket.objects.filter(
            exchange=exchange,
            kind=MarketKind.SPOT.value,
            active=True,
            base__in=asked | ends,
            quote__in=asked | ends,
        ).values_list("base", "quote")
    )
    found: set[str] = set()
    for currency in asked:
        way = _way(listed, currency, into)
        # Without a list of the venue's markets the likely one is asked for.
        found |= set(way) if way or listed else {f"{currency}/{into}"}
    return tuple(sorted(found))


def _way(listed: set[tuple[str, str]], currency: str, into: str) -> tuple[str, ...]:
    direct = _market(listed, currency, into)
    if direct is not None:
        return (direct,)
    for middle in BRIDGES:
        first = _market(listed, currency, middle)
        second = _market(listed, middle, into)
        if first is not None and second is not None:
            return first, second
    return ()


def _market(listed: set[tuple[str, str]], one: str, other: str) -> str | None:
    if (one, other) in listed:
        return f"{one}/{other}"
    return f"{other}/{one}" if (other, one) in listed else None
