"""What an account is worth, in one currency, at the latest prices of its venue."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db.models import Q

from apps.core.exact import WIDE, exact, plain
from apps.exchanges.contracts import MarketKind
from apps.market.models import VenueMarket
from apps.market.selectors.prices import Live
from apps.portfolio.enums import PriceSource
from apps.portfolio.selectors.ledger import balances_of
from apps.portfolio.selectors.rates import BRIDGES, rates_from, rates_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from apps.portfolio.models import Account
    from apps.portfolio.selectors.rates import Rate


@dataclass(frozen=True, slots=True)
class ValuedAmount:
    """What is held of one currency, and what that is worth.

    Attributes:
        currency: What is held.
        amount: How much of it.
        price: Of one unit, in the valuation's currency; None where none is known.
        value: Of all of it; None where no price is known.
        age_seconds: Of the oldest ticker the price was made of; None without one.
        stale: Whether that is older than may be traded on, or there is no price.
        markets: The markets that the price was made of.
    """

    currency: str
    amount: Decimal
    price: Decimal | None
    value: Decimal | None
    age_seconds: float | None
    stale: bool
    markets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Valuation:
    """What is held, together.

    Attributes:
        currency: What everything is valued in.
        total: The sum; None while something has no price that should have one.
        known: The sum of what has a price.
        items: By currency.
        missing: Currencies that have a market, or may have one, but no price now.
        unlisted: Currencies that no market at the venue leads to the valuation's
            currency from: they count as nothing in `total`, and are named here.
        stale: Whether a price that counts is older than may be traded on, or missing.
    """

    currency: str
    total: Decimal | None
    known: Decimal
    items: tuple[ValuedAmount, ...]
    missing: tuple[str, ...]
    unlisted: tuple[str, ...]
    stale: bool


def valuation(
    *,
    account: Account,
    now: datetime,
    holdings: Mapping[str, Decimal] | None = None,
    currency: str | None = None,
) -> Valuation:
    """Value what an account holds: one read of balances, one of tickers.

    Args:
        account: Whose.
        now: The moment, UTC, for the ages of prices.
        holdings: What to value, by currency; None for the ledger's balances.
        currency: What to value in; None for the account's.

    Raises:
        LiveUnavailable: Where the latest prices are kept does not answer.
    """
    into = currency or account.currency
    held = balances_of(account) if holdings is None else holdings
    rates = account_rates(account=account, currencies=held, into=into, now=now)
    return valuation_from(
        exchange=account.exchange, holdings=held, rates=rates, into=into
    )


def account_rates(
    *, account: Account, currencies: Iterable[str], into: str, now: datetime
) -> dict[str, Rate]:
    """Return what currencies are worth at an account's venue, as it sees prices.

    Raises:
        LiveUnavailable: Where the latest prices are kept does not answer.
    """
    if account.price_source == PriceSource.CANDLES.value:
        return rates_from(_replayed(account, now), currencies, into)
    return rates_of(
        exchange=account.exchange, currencies=currencies, into=into, now=now
    )


def _replayed(account: Account, now: datetime) -> dict[str, Live]:
    """Return the price of a replayed market as a ticker; nothing where there is none."""
    # Only a replay reads candles: pyarrow, numpy.
    from apps.portfolio.paper.candles import CandlePrices, series_of  # noqa: PLC0415

    series = series_of(account)
    if series is None:
        return {}
    symbol = series.instrument.symbol
    quote = CandlePrices(account).quote(symbol, now).quote
    if quote is None or not quote.bids:
        return {}
    return {symbol: Live({"last": plain(quote.bids[0].price)}, 0.0, stale=False)}


def valuation_from(
    *,
    exchange: str,
    holdings: Mapping[str, Decimal],
    rates: Mapping[str, Rate],
    into: str,
) -> Valuation:
    """Value holdings at given rates.

    Args:
        exchange: Where they are, to tell what has no market there.
        holdings: Amounts by currency.
        rates: By currency, into `into`.
        into: What everything is valued in.
    """
    items = tuple(
        _valued(currency, holdings[currency], rates.get(currency))
        for currency in sorted(holdings)
        if holdings[currency]
    )
    without = [one.currency for one in items if one.value is None]
    unlisted = unlisted_of(exchange, without, into)
    missing = tuple(one for one in without if one not in unlisted)
    known = _sum(one.value for one in items if one.value is not None)
    stale = bool(missing) or any(
        one.stale for one in items if one.currency not in unlisted
    )
    return Valuation(
        currency=into,
        total=None if missing else known,
        known=known,
        items=items,
        missing=missing,
        unlisted=unlisted,
        stale=stale,
    )


def _valued(currency: str, amount: Decimal, rate: Rate | None) -> ValuedAmount:
    price = value = None
    if rate is not None:
        try:
            price = exact(rate.price)
            value = exact(WIDE.multiply(amount, rate.price))
        except OverflowError:
            # More than an amount can be: no worth that could be told.
            price = value = None
    if rate is None or value is None:
        return ValuedAmount(currency, amount, None, None, None, stale=True)
    return ValuedAmount(
        currency, amount, price, value, rate.age_seconds, rate.stale, rate.markets
    )


def _sum(values: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for value in values:
        total = WIDE.add(total, value)
    return total


def unlisted_of(exchange: str, currencies: Sequence[str], into: str) -> tuple[str, ...]:
    """Return those that no market leads on from, where the markets are known at all.

    Args:
        exchange: Its id.
        currencies: Which.
        into: Where a market would lead to, at once or over a bridge.
    """
    if not currencies:
        return ()
    ends = [into, *BRIDGES]
    spot = VenueMarket.objects.filter(exchange=exchange, kind=MarketKind.SPOT.value)
    asked = list(currencies)
    leading = Q(base__in=asked, quote__in=ends) | Q(base__in=ends, quote__in=asked)
    listed = _traded(spot.filter(leading))
    without = tuple(one for one in asked if one not in listed)
    return without if without and spot.exists() else ()


def currencies_listed(exchange: str) -> set[str]:
    """Return every currency of an exchange's spot markets; none where never read."""
    spot = VenueMarket.objects.filter(exchange=exchange, kind=MarketKind.SPOT.value)
    return _traded(spot)


def _traded(markets: QuerySet[VenueMarket]) -> set[str]:
    there = markets.filter(gone_at__isnull=True).order_by()
    return {one for pair in there.values_list("base", "quote") for one in pair}
