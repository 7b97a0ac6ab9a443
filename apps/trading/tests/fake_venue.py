"""A venue in memory, behind the same port as the real ones, where anything can go wrong."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from apps.exchanges.account_port import (
    Balance,
    KeysCheck,
    OrderKind,
    VenueOrderState,
)
from apps.exchanges.errors import VenueOrderNotFound
from apps.trading.tests.fake_books import FakeBooks

if TYPE_CHECKING:
    from datetime import datetime

    import pytest

    from apps.exchanges.account_port import OrderRequest, VenueFill, VenueOrder
    from apps.portfolio.models import Account


class FakeVenue(FakeBooks):
    """An `AccountPort` in memory."""

    def keys_check(self) -> KeysCheck:
        """Say that the keys may trade and not withdraw."""
        with self._call("keys_check"):
            return KeysCheck(
                read=True,
                trade=True,
                withdraw=False,
                addresses_restricted=True,
                clock_skew_seconds=0.0,
                message="",
            )

    def balances(self) -> tuple[Balance, ...]:
        """Return what there is."""
        with self._call("balances"):
            return tuple(
                Balance(currency, Decimal(amount), Decimal(amount), Decimal(0))
                for currency, amount in sorted(self.money.items())
                if amount
            )

    def order_place(self, request: OrderRequest) -> VenueOrder:
        """Take an order, once for each name of ours that is open."""
        with self._call("order_place", request=request):
            return self.taken(request)

    def order_cancel(
        self,
        symbol: str,
        *,
        order_id: str | None = None,
        client_order_id: str | None = None,
    ) -> None:
        """Cancel what is open."""
        names = {"order_id": order_id, "client_order_id": client_order_id}
        with self._call("order_cancel", symbol=symbol, **names):
            order = self._named(symbol, order_id, client_order_id)
            if order.state is not VenueOrderState.OPEN:
                message = f"{order.id} is not open"
                raise VenueOrderNotFound(message)
            self.change(order.id, state=VenueOrderState.CANCELLED)

    def order_get(
        self,
        symbol: str,
        *,
        order_id: str | None = None,
        client_order_id: str | None = None,
    ) -> VenueOrder:
        """Return an order, unless it is hidden for so many times."""
        names = {"order_id": order_id, "client_order_id": client_order_id}
        with self._call("order_get", symbol=symbol, **names):
            return self._named(symbol, order_id, client_order_id)

    def orders_open(self, symbol: str | None = None) -> tuple[VenueOrder, ...]:
        """Return what rests, but what is hidden."""
        with self._call("orders_open", symbol=symbol):
            return tuple(
                one
                for one in self.orders.values()
                if one.state is VenueOrderState.OPEN
                and symbol in (None, one.symbol)
                and self.hidden[one.client_order_id or ""] <= 0
            )

    def orders_closed(self, symbol: str, since_ns: int) -> tuple[VenueOrder, ...]:
        """Return what has ended."""
        with self._call("orders_closed", symbol=symbol, since_ns=since_ns):
            return tuple(
                one
                for one in self.orders.values()
                if one.state is not VenueOrderState.OPEN
                and one.symbol == symbol
                and (one.created_ns or 0) >= since_ns
            )

    def fills(
        self, symbol: str, since_ns: int, after_id: str | None = None
    ) -> tuple[VenueFill, ...]:
        """Return a page of what was executed, in order of time."""
        with self._call("fills", symbol=symbol, since_ns=since_ns, after_id=after_id):
            found = sorted(
                (
                    one
                    for one in self.trades
                    if one.symbol == symbol
                    and one.time_ns >= since_ns
                    and one.id not in self.untold
                    and one.id != after_id
                ),
                key=lambda one: one.time_ns,
            )
            return tuple(found[: self.page])

    def fills_of_order(
        self, symbol: str, order_id: str, since_ns: int
    ) -> tuple[VenueFill, ...]:
        """Return what was executed of one order."""
        names = {"symbol": symbol, "order_id": order_id, "since_ns": since_ns}
        with self._call("fills_of_order", **names):
            return tuple(
                one
                for one in sorted(self.trades, key=lambda each: each.time_ns)
                if one.order_id == order_id and one.id not in self.untold
            )

    def order_kinds(self) -> frozenset[OrderKind]:
        """Say that every kind can be placed."""
        return frozenset(OrderKind)

    def close(self) -> None:
        """Let go of nothing."""

    def _named(
        self, symbol: str, order_id: str | None, client_order_id: str | None
    ) -> VenueOrder:
        for one in self.orders.values():
            by_id = order_id is not None and one.id == order_id
            by_name = client_order_id and one.client_order_id == client_order_id
            if one.symbol == symbol and (by_id or by_name):
                name = one.client_order_id or ""
                if self.hidden[name] > 0:
                    self.hidden[name] -= 1
                    break
                return one
        message = f"there is no order {order_id or client_order_id} of {symbol}"
        raise VenueOrderNotFound(message)

    def _call(self, method: str, **arguments: Any) -> _Call:
        self.calls.append((method, arguments))
        self.before(method)
        return _Call(self, method)

    def strike(self, method: str, *, after: bool) -> None:
        """Raise the next fault of a method, if there is one."""
        for one in self._faults:
            if one.method == method and one.after is after and one.times != 0:
                if one.times is not None:
                    one.times -= 1
                raise one.error


class _Call:
    """One call: its faults, and nobody else's at the same time."""

    def __init__(self, venue: FakeVenue, method: str) -> None:
        self._venue, self._method = venue, method

    def __enter__(self) -> None:
        self._venue.strike(self._method, after=False)
        self._venue._lock.acquire()

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self._venue._lock.release()
        if kind is None:
            self._venue.strike(self._method, after=True)


def venue_use(monkeypatch: pytest.MonkeyPatch, venue: FakeVenue) -> FakeVenue:
    """Let every account trade at this venue."""

    def port(account: Account, *, now: datetime) -> FakeVenue:
        return venue

    monkeypatch.setattr("apps.portfolio.venues.account_port", port)
    return venue
