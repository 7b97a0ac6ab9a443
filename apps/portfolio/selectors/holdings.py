"""What is held, by share of the whole, and what positions have won at the price now."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db.models import Prefetch

from apps.core.exact import WIDE, exact, over
from apps.portfolio.models import Position, PositionLot
from apps.portfolio.selectors.valuation import account_rates

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from apps.portfolio.models import Account
    from apps.portfolio.selectors.rates import Rate
    from apps.portfolio.selectors.valuation import Valuation

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Share:
    """What one currency is of the whole.

    Attributes:
        currency: What is held.
        amount: How much of it.
        value: What it is worth; None without a price.
        share: Of the sum of what has a price; None without one, or of a sum of zero.
        stale: Whether the price is older than may be traded on, or there is none.
    """

    currency: str
    amount: Decimal
    value: Decimal | None
    share: Decimal | None
    stale: bool


@dataclass(frozen=True, slots=True)
class Allocation:
    """How the whole is spread over currencies.

    Attributes:
        currency: What everything is valued in.
        total: The sum; None while something has no price that should have one.
        known: The sum of what has a price; the shares are of it.
        items: The largest first, those without a price last.
        missing: Without a price now.
        unlisted: Without any market.
        stale: Whether a price that counts is older than may be traded on, or missing.
    """

    currency: str
    total: Decimal | None
    known: Decimal
    items: tuple[Share, ...]
    missing: tuple[str, ...]
    unlisted: tuple[str, ...]
    stale: bool


@dataclass(frozen=True, slots=True)
class PositionValued:
    """A position, and what it would win or lose at the price now.

    Attributes:
        position: As the fills left it.
        average_price: Quote per base, at average cost; None while nothing is open.
        fifo_cost: What is open was bought for, first in first out, quote units.
        price: Quote per base now; None where none is known.
        value: Quote units; None as above.
        unrealised_average: Value less cost at average cost; None as above.
        unrealised_fifo: Value less that of the lots; None as above.
        age_seconds: Of the price; None without one.
        stale: Whether that is older than may be traded on, or there is no price.
    """

    position: Position
    average_price: Decimal | None
    fifo_cost: Decimal
    price: Decimal | None
    value: Decimal | None
    unrealised_average: Decimal | None
    unrealised_fifo: Decimal | None
    age_seconds: float | None
    stale: bool


def allocation_of(valuations: Iterable[Valuation], currency: str) -> Allocation:
    """Put valuations in one currency together, as shares.

    Args:
        valuations: All in `currency`.
        currency: What they are valued in.
    """
    amounts: dict[str, Decimal] = {}
    values: dict[str, Decimal | None] = {}
    stale: set[str] = set()
    missing: set[str] = set()
    unlisted: set[str] = set()
    for one in valuations:
        missing |= set(one.missing)
        unlisted |= set(one.unlisted)
        for item in one.items:
            name = item.currency
            amounts[name] = WIDE.add(amounts.get(name, _ZERO), item.amount)
            if item.value is not None:
                values[name] = WIDE.add(values.get(name) or _ZERO, item.value)
            if item.stale:
                stale.add(name)
    known = _ZERO
    for value in values.values():
        known = WIDE.add(known, value or _ZERO)
    shares = [
        Share(
            name,
            amounts[name],
            values.get(name),
            _share(values.get(name), known),
            name in stale,
        )
        for name in amounts
    ]
    shares.sort(
        key=lambda one: (one.value is None, -(one.value or _ZERO), one.currency)
    )
    return Allocation(
        currency=currency,
        total=None if missing else known,
        known=known,
        items=tuple(shares),
        missing=tuple(sorted(missing)),
        unlisted=tuple(sorted(unlisted)),
        stale=bool(missing or stale - unlisted),
    )


def _share(value: Decimal | None, known: Decimal) -> Decimal | None:
    return None if value is None or not known else over(value, known)


def positions_valued(*, account: Account, now: datetime) -> list[PositionValued]:
    """Return an account's open positions with what they would win or lose now, by symbol.

    Args:
        account: Whose.
        now: The moment, UTC, for the ages of prices.

    Raises:
        LiveUnavailable: Where the latest prices are kept does not answer.
    """
    rows = (
        Position.objects.filter(account=account).exclude(quantity=0).order_by("symbol")
    )
    lots = Prefetch("lots", PositionLot.objects.order_by("number"))
    found = list(rows.prefetch_related(lots))
    rates: dict[str, Mapping[str, Rate]] = {}
    for quote in sorted({one.quote for one in found}):
        bases = {one.base for one in found if one.quote == quote and one.quantity}
        if bases:
            rates[quote] = account_rates(
                account=account, currencies=bases, into=quote, now=now
            )
    return [_position(one, rates.get(one.quote, {}).get(one.base)) for one in found]


def _position(position: Position, rate: Rate | None) -> PositionValued:
    quantity = position.quantity
    fifo = _ZERO
    for lot in position.lots.all():
        fifo = WIDE.add(fifo, WIDE.multiply(lot.quantity, lot.price))
    fifo = exact(fifo)
    price = value = average = first = None
    if not quantity:
        value = average = first = _ZERO
    elif rate is not None:
        try:
            price = exact(rate.price)
            value = exact(WIDE.multiply(quantity, rate.price))
            average = exact(WIDE.subtract(value, position.cost))
            first = exact(WIDE.subtract(value, fifo))
        except OverflowError:
            price = value = average = first = None
    return PositionValued(
        position=position,
        average_price=over(position.cost, quantity) if quantity else None,
        fifo_cost=fifo,
        price=price,
        value=value,
        unrealised_average=average,
        unrealised_fifo=first,
        age_seconds=rate.age_seconds if rate and price is not None else None,
        stale=bool(quantity) and (rate is None or rate.stale or price is None),
    )
