"""What accounts hold, and what their open orders may still bring."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Count, Q, UUIDField

from apps.core.exact import WIDE
from apps.core.readings import Reading, Slot, readings_run
from apps.portfolio.models import Account, Position
from apps.portfolio.selectors.accounts import accounts_counted
from apps.portfolio.selectors.equity import midnight
from apps.portfolio.selectors.ledger import HELD, balances_of
from apps.portfolio.selectors.valuation import account_rates
from apps.risk.judging.facts import ZERO
from apps.risk.judging.pricing import BUY, SELL
from apps.risk.models import Reservation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from apps.risk.judging.pricing import Quote

    type Valued = tuple[Decimal | None, dict[str, Decimal], str]
    type Rates = dict[tuple[UUID, str], Decimal]


class Held(NamedTuple):
    """What an open order holds, as far as it is counted; there may be hundreds."""

    account: Account
    symbol: str
    base: str
    quote: str
    side: str
    quantity: Decimal
    price: Decimal
    reduces: bool

    @property
    def account_id(self) -> UUID:
        """Return the id of the account."""
        return self.account.pk


_HELD = Held._fields[1:]
_HELD_OF = Reading(
    lambda: (
        Reservation.objects.filter(
            released_at__isnull=True, account_id=Slot("account", UUIDField())
        )
        .order_by()
        .values_list(*_HELD)
    )
)


class Book:
    """Reservations and positions of an account, or of all of its owner's in its mode.

    Money on paper and real money are never added up.

    Args:
        account: The account.
        wide: Whether the owner's other accounts of the mode are read as well.
        minute: Orders since then are counted; None: they are not.
    """

    def __init__(
        self, account: Account, *, wide: bool, minute: datetime | None
    ) -> None:
        self._account, self._wide = account, wide
        self._balances: dict[str, Decimal] | None = None
        if wide:
            held = Reservation.objects.filter(
                released_at__isnull=True,
                owner_id=account.owner_id,
                account__mode=account.mode,
            )
            rows = list(held.order_by().values_list("account_id", *_HELD))
            others = {key for key, *_ in rows} - {account.pk}
            accounts = Account.objects.in_bulk(others) | {account.pk: account}
            self._held = [Held(accounts[key], *row) for key, *row in rows]
        else:
            asked = {"account": account.pk}
            held_rows, balances = readings_run((_HELD_OF, asked), (HELD, asked))
            self._held = [Held(account, *row) for row in held_rows]
            self._balances = dict(balances)
        self._positions: list[Position] = []
        self.minute_own = self.minute_all = 0
        if minute is not None:
            self._minute_count(minute)

    @property
    def balances(self) -> dict[str, Decimal]:
        """Return what the account holds, by currency, as read after its reservations."""
        if self._balances is None:
            self._balances = balances_of(self._account)
        return self._balances

    def accounts_read(self, *, now: datetime) -> Sequence[Account]:
        """Return the owner's accounts of the mode that count, the account itself first.

        One that was closed counts while it holds something, and until the UTC day is
        over: what was lost in it today was lost.
        """
        others = (
            accounts_counted(closed_since=midnight(now))
            .filter(owner_id=self._account.owner_id, mode=self._account.mode)
            .exclude(pk=self._account.pk)
        )
        return (self._account, *others.order_by("id"))

    def positions_read(self) -> None:
        """Read the positions that are not empty."""
        rows = Position.objects.exclude(quantity=0).order_by()
        if self._wide:
            rows = rows.filter(
                account__owner_id=self._account.owner_id,
                account__mode=self._account.mode,
            ).select_related("account")
        else:
            rows = rows.filter(account_id=self._account.pk)
        # What came in otherwise and was sold is no position: nobody owes it.
        self._positions = [one for one in rows if one.quantity > 0]
        for position in self._positions:
            if position.account_id == self._account.pk:
                position.account = self._account

    def count(self, only: Account | None) -> int:
        """Return how many orders hold exposure."""
        return sum(1 for _ in self._reservations(only))

    def free(self, account: Account, currency: str, held: Decimal) -> Decimal:
        """Return what of a currency no open order of an account needs."""
        left = held
        for one in self._reservations(account):
            if one.side == SELL and one.base == currency:
                left = WIDE.subtract(left, one.quantity)
            elif one.side == BUY and one.quote == currency:
                paid = WIDE.multiply(one.quantity, one.price)
                left = WIDE.subtract(left, paid)
        return left

    def priced(
        self, only: Account | None, *, every: bool, symbol: str | None = None
    ) -> set[tuple[Account, str]]:
        """Return which markets' prices are needed to value the positions."""
        return {
            (one.account, one.symbol)
            for one in self._of(only)
            if every or one.symbol == symbol
        }

    def valued(
        self,
        only: Account | None,
        *,
        into: str,
        quotes: Mapping[tuple[UUID, str], Quote],
        most_age: Decimal,
        also: tuple[Account, str] | None,
        exposure: bool,
        symbol: str | None,
        now: datetime,
    ) -> Valued:
        """Value positions and reservations that add, by symbol.

        Args:
            only: Of one account; None for all that were read.
            into: The currency.
            quotes: The latest prices, by account and symbol.
            most_age: Older ones do not count, seconds.
            also: An account, and the quote currency of its order; None without one.
            exposure: Whether exposure is valued at all.
            symbol: Of one market alone; None for all.
            now: The moment, UTC.

        Returns:
            What one unit of the order's quote currency is worth, exposure by symbol, and
            why some of it is unknown.
        """
        positions = [
            one for one in self._of(only) if exposure and symbol in {None, one.symbol}
        ]
        held = [
            one
            for one in self._reservations(only)
            if exposure and not one.reduces and symbol in {None, one.symbol}
        ]
        needed = {(one.account, one.quote) for one in positions}
        needed |= {(one.account, one.quote) for one in held}
        needed |= set() if also is None else {also}
        rates, why = _rates(needed, into, most_age, now)
        sums: dict[str, Decimal] = {}
        for position in positions:
            quote = quotes.get((position.account_id, position.symbol))
            if quote is None or Decimal(str(quote.age_seconds)) > most_age:
                why = why or f"there is no fresh price of {position.symbol}"
                continue
            _add(sums, rates, position, WIDE.multiply(position.quantity, quote.mark))
        for one in held:
            if one.quantity > 0 and one.price <= 0:
                why = why or f"nobody knows a price of the open order of {one.symbol}"
                continue
            _add(sums, rates, one, WIDE.multiply(one.quantity, one.price))
        rate = None if also is None else rates.get((also[0].pk, also[1]))
        return rate, sums, why

    def _of(self, only: Account | None) -> Iterator[Position]:
        for one in self._positions:
            if only is None or one.account_id == only.pk:
                yield one

    def _reservations(self, only: Account | None) -> Iterator[Held]:
        for one in self._held:
            if only is None or one.account_id == only.pk:
                yield one

    def _minute_count(self, since: datetime) -> None:
        made = Reservation.objects.filter(made_at__gt=since)
        if self._wide:
            made = made.filter(
                owner_id=self._account.owner_id, account__mode=self._account.mode
            )
        else:
            # With the owner, for the index.
            made = made.filter(
                owner_id=self._account.owner_id, account_id=self._account.pk
            )
        own = Q(account_id=self._account.pk)
        counted = made.aggregate(every=Count("pk"), own=Count("pk", filter=own))
        self.minute_all, self.minute_own = counted["every"], counted["own"]


def _add(
    sums: dict[str, Decimal], rates: Rates, one: Position | Held, paid: Decimal
) -> None:
    rate = rates.get((one.account_id, one.quote))
    if rate is not None:
        value = WIDE.multiply(paid, rate)
        sums[one.symbol] = WIDE.add(sums.get(one.symbol, ZERO), value)


def _rates(
    needed: set[tuple[Account, str]], into: str, most_age: Decimal, now: datetime
) -> tuple[Rates, str]:
    """Return what quote currencies are worth, by account, and why one is unknown."""
    rates: Rates = {}
    asked: dict[Account, set[str]] = {}
    for account, currency in needed:
        if currency == into:
            rates[account.pk, currency] = Decimal(1)
        else:
            asked.setdefault(account, set()).add(currency)
    why = ""
    for account, currencies in asked.items():
        found = account_rates(
            account=account, currencies=currencies, into=into, now=now
        )
        for currency in sorted(currencies):
            rate = found.get(currency)
            if rate is None or Decimal(str(rate.age_seconds)) > most_age:
                why = f"{currency} has no fresh price in {into}"
            else:
                rates[account.pk, currency] = rate.price
    return rates, why
