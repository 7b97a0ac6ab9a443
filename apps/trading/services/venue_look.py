"""What a venue rests and executed, looked through once for many orders that are missed.

When a venue did not answer for a while, hundreds of orders are missed at once. To list
everything anew for each of them would cost the more the more there are, and use up what
the venue lets be asked.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from apps.exchanges.errors import ExchangeUnsupported, VenueOrderNotFound
from apps.market.moments import ns_from_datetime
from apps.portfolio.venue_fills import fills_pages
from apps.trading.models import Order
from apps.trading.services.outside import Elapsed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from apps.exchanges.account_port import AccountPort, VenueFill, VenueOrder

# By how much the venue's clock may be off, and how long it takes an order to arrive.
MARGIN = timedelta(minutes=5)
# After so long, everything is listed anew.
LASTS = timedelta(seconds=10)
_CHUNK = 500


class VenueLook:
    """What an account's venue rests and executed of one market, as of one moment.

    Asked for when it is first wanted. What rests is listed before what was executed: an
    order goes from the one into the other, never back, and is not missed between them.

    Args:
        account_id: Whose orders are known here.
        symbol: The market.
        port: The account at its venue.
        clock: Tells the time.
    """

    def __init__(
        self, account_id: UUID, symbol: str, port: AccountPort, clock: Elapsed
    ) -> None:
        self.port = port
        self._account_id = account_id
        self._symbol = symbol
        self._clock = clock
        self._listed: tuple[datetime, tuple[VenueOrder, ...]] | None = None
        self._until: datetime | None = None
        self._asked: dict[str, VenueOrder | None] = {}
        self._since: datetime | None = None
        self._fills: list[VenueFill] = []
        self._strangers: frozenset[str] = frozenset()

    @property
    def is_over(self) -> bool:
        """Return whether what was listed is too old to be gone by."""
        return self._until is not None and self._clock.now() > self._until

    def resting(self) -> tuple[VenueOrder, ...]:
        """Return what the venue rests in its book, oldest first.

        Raises:
            ApplicationError: The venue could not be asked.
        """
        return self._list()[1]

    def listed_at(self) -> datetime:
        """Return when the listing began, UTC: what it lacks was not there then.

        Raises:
            ApplicationError: The venue could not be asked.
        """
        return self._list()[0]

    def executed(self, since: datetime) -> list[VenueFill]:
        """Return the account's executions from a time on, oldest first.

        Raises:
            ApplicationError: The venue could not be asked.
        """
        self._executed_list(since)
        first = ns_from_datetime(since)
        return [one for one in self._fills if one.time_ns >= first]

    def strangers(self) -> frozenset[str]:
        """Return the venue's names of orders among `executed` that were not known here."""
        return self._strangers

    def stranger(self, name: str) -> VenueOrder | None:
        """Return such an order, asked for once; None where the venue does not tell it.

        Its names and its size stay as they are; where it is may have changed since.

        Raises:
            ApplicationError: The venue could not be asked.
        """
        if name not in self._asked:
            try:
                told = self.port.order_get(self._symbol, order_id=name)
            except (VenueOrderNotFound, ExchangeUnsupported):
                told = None
            self._asked[name] = told
        return self._asked[name]

    def _list(self) -> tuple[datetime, tuple[VenueOrder, ...]]:
        if self._listed is None:
            now = self._clock.now()
            self._listed = now, self.port.orders_open(self._symbol)
            self._until = self._clock.now() + LASTS
        return self._listed

    def _executed_list(self, since: datetime) -> None:
        self._list()
        if self._since is not None and self._since <= since:
            return
        until = self._clock.now() + MARGIN
        pages = fills_pages(self.port, self._symbol, since=since, until=until)
        self._fills = [one for page in pages for one in page]
        names = {one.order_id for one in self._fills if one.order_id}
        known = names_known(self._account_id, self._symbol, names)
        self._strangers = frozenset(names - known)
        self._since, self._until = since, self._clock.now() + LASTS


class VenueLooks:
    """Keeps what was listed of each market for ten seconds.

    Args:
        account_id: Whose orders are known here.
        port: The account at its venue.
        now: The moment, UTC; goes on from here.
    """

    def __init__(self, account_id: UUID, port: AccountPort, now: datetime) -> None:
        self._account_id = account_id
        self._port = port
        self._clock = Elapsed(now)
        self._looks: dict[str, VenueLook] = {}

    def of(self, symbol: str) -> VenueLook:
        """Return what there is of a market; to be held while one order is looked for."""
        look = self._looks.get(symbol)
        if look is None or look.is_over:
            look = VenueLook(self._account_id, symbol, self._port, self._clock)
            self._looks[symbol] = look
        return look


def names_known(account_id: UUID, symbol: str, names: Iterable[str]) -> set[str]:
    """Return those of a venue's names of orders that are known here.

    Args:
        account_id: Whose orders.
        symbol: The market.
        names: As the venue names them.
    """
    orders = Order.objects.filter(account_id=account_id, symbol=symbol)
    asked, found = sorted(names), set[str]()
    for first in range(0, len(asked), _CHUNK):
        some = orders.filter(venue_order_id__in=asked[first : first + _CHUNK])
        found |= set(some.values_list("venue_order_id", flat=True))
    return found
