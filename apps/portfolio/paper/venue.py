"""The paper venue behind `AccountPort`: orders that cost nothing, in our own database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from apps.exchanges.account_port import KeysCheck, OrderKind, VenueOrderState
from apps.exchanges.errors import VenueOrderNotFound
from apps.market.moments import datetime_from_ns
from apps.portfolio.models import PaperBalance, PaperFill, PaperOrder
from apps.portfolio.paper.desk import Desk
from apps.portfolio.paper.holdings import head_lock, holdings_read
from apps.portfolio.paper.placing import place
from apps.portfolio.paper.telling import balance_told, fill_told, order_told

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.db.models import QuerySet

    from apps.core.statements import Statement
    from apps.exchanges.account_port import (
        Balance,
        OrderRequest,
        VenueFill,
        VenueOrder,
    )
    from apps.market.models import VenueMarket
    from apps.portfolio.models import Account

FILLS_PER_PAGE = 1000
ORDERS_PER_PAGE = 500
_LONGEST_ID = 18


class PaperVenue:
    """One paper account behind `AccountPort`; every call is a short transaction.

    Args:
        account: The account, on paper.
        now_fn: Tells the time, UTC.
    """

    def __init__(
        self, account: Account, now_fn: Callable[[], datetime] = timezone.now
    ) -> None:
        self.exchange = account.exchange
        self._account = account
        self._now = now_fn
        self._listed: VenueMarket | None = None

    def market_tell(self, market: VenueMarket) -> None:
        """Take the market of the next order as it was just read, not to read it again."""
        self._listed = market

    def order_kinds(self) -> frozenset[OrderKind]:
        """Say which kinds of orders can be placed here: all."""
        return frozenset(OrderKind)

    def keys_check(self) -> KeysCheck:
        """Say what the keys may do: there are none, and nothing can be taken out."""
        return KeysCheck(
            read=True,
            trade=True,
            withdraw=False,
            addresses_restricted=None,
            clock_skew_seconds=0.0,
            message="",
        )

    def balances(self) -> tuple[Balance, ...]:
        """Return what the account holds, by currency, without empty ones."""
        rows = PaperBalance.objects.filter(account_id=self._account.pk)
        told = (balance_told(one) for one in rows.order_by("currency"))
        return tuple(one for one in told if one.total)

    def order_place(self, request: OrderRequest) -> VenueOrder:
        """Take an order, and fill at once what can be.

        Raises:
            SymbolUnknown: There is no such market.
            ExchangeUnsupported: It is no spot market.
            InsufficientFunds: The account does not hold what the order needs.
            ClientOrderIdTaken: There is an order of this client order id.
            ExchangeRejected: It breaks a rule of its market, or (`price_stale`) no price
                is fresh enough to fill it at.
        """
        order, _ = self.order_place_filled(request)
        return order

    def order_place_filled(
        self, request: OrderRequest, *, later: list[Statement] | None = None
    ) -> tuple[VenueOrder, tuple[VenueFill, ...]]:
        """Take an order as `order_place` does, and return its executions as well.

        Args:
            request: The order.
            later: Takes what is left to be written; see `statements_leave`.
        """
        listed, self._listed = self._listed, None
        order, fills = place(
            self._account, request, now=self._now(), listed=listed, later=later
        )
        return order_told(order), tuple(fill_told(one) for one in fills)

    def order_cancel(
        self,
        symbol: str,
        *,
        order_id: str | None = None,
        client_order_id: str | None = None,
    ) -> None:
        """Cancel an open order, by the venue's name or ours.

        Raises:
            VenueOrderNotFound: There is no such open order; it may be filled.
        """
        now = self._now()
        with transaction.atomic():
            head = head_lock(self._account)
            order = self._found(symbol, order_id, client_order_id)
            if order.state != VenueOrderState.OPEN.value:
                msg = f"order {order.number} of {symbol} is {order.state} already"
                raise VenueOrderNotFound(msg)
            holdings = holdings_read(self._account, order.base, order.quote)
            desk = Desk(self._account, head, holdings, now)
            desk.end(order, VenueOrderState.CANCELLED)
            order.save(update_fields=["state", "reason", "held", "changed_at"])
            desk.save()

    def order_get(
        self,
        symbol: str,
        *,
        order_id: str | None = None,
        client_order_id: str | None = None,
    ) -> VenueOrder:
        """Return one order, by the venue's name or ours.

        Raises:
            VenueOrderNotFound: There is none.
        """
        return order_told(self._found(symbol, order_id, client_order_id))

    def orders_open(self, symbol: str | None = None) -> tuple[VenueOrder, ...]:
        """Return what is open, oldest first; of one market or of all."""
        found = self._orders().filter(state=VenueOrderState.OPEN.value)
        if symbol is not None:
            found = found.filter(symbol=symbol)
        return tuple(order_told(one) for one in found)

    def orders_closed(self, symbol: str, since_ns: int) -> tuple[VenueOrder, ...]:
        """Return a page of orders that ended, by when they were placed, oldest first."""
        found = (
            self._orders()
            .filter(symbol=symbol, placed_at__gte=datetime_from_ns(since_ns))
            .exclude(state=VenueOrderState.OPEN.value)
        )
        return tuple(order_told(one) for one in found[:ORDERS_PER_PAGE])

    def fills(
        self, symbol: str, since_ns: int, after_id: str | None = None
    ) -> tuple[VenueFill, ...]:
        """Return a page of executions, oldest first, each once.

        Args:
            symbol: The market.
            since_ns: From this time on, int64 nanoseconds UTC; not looked at where
                there is an `after_id`.
            after_id: Only executions after this one.
        """
        found = PaperFill.objects.filter(account_id=self._account.pk, symbol=symbol)
        if after_id is None:
            found = found.filter(at__gte=datetime_from_ns(since_ns))
        else:
            found = found.filter(number__gt=_number(after_id) or 0)
        page = found.select_related("order").order_by("number")[:FILLS_PER_PAGE]
        return tuple(fill_told(one) for one in page)

    def fills_of_order(
        self,
        symbol: str,
        order_id: str,
        since_ns: int,  # noqa: ARG002 - they are found by their order
    ) -> tuple[VenueFill, ...]:
        """Return all executions of one order, oldest first, each once.

        Args:
            symbol: The market.
            order_id: The venue's name of the order.
            since_ns: Not looked at: executions are found by their order.
        """
        found = PaperFill.objects.filter(
            account_id=self._account.pk,
            symbol=symbol,
            order__number=_number(order_id) or 0,
        )
        page = found.select_related("order").order_by("number")
        return tuple(fill_told(one) for one in page)

    def close(self) -> None:
        """Let go of its connections: there are none."""

    def _orders(self) -> QuerySet[PaperOrder]:
        rows = PaperOrder.objects.filter(account_id=self._account.pk)
        return rows.order_by("number")

    def _found(
        self, symbol: str, order_id: str | None, client_order_id: str | None
    ) -> PaperOrder:
        named = order_id if order_id is not None else client_order_id
        found = self._orders().filter(symbol=symbol)
        if order_id is not None:
            number = _number(order_id)
            order = None if number is None else found.filter(number=number).first()
        else:
            order = found.filter(client_order_id=client_order_id).first()
        if order is None:
            msg = f"the paper venue knows no order {named!r} of {symbol}"
            raise VenueOrderNotFound(msg)
        return order


def _number(name: str) -> int | None:
    """Return the number that an id of ours is; None where it is none of ours."""
    plain = name.isascii() and name.isdigit() and len(name) <= _LONGEST_ID
    return int(name) if plain else None
