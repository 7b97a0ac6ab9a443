"""What an account is not told yet, is told of before, or is told twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from tests.exchange_server.answering import fault_noted
from tests.exchange_server.faults import FaultKind

if TYPE_CHECKING:
    from tests.exchange_server.exchange import Exchange
    from tests.exchange_server.faults import Fault
    from tests.exchange_server.orders import Fill, Order

_SHUFFLED: Final = frozenset({FaultKind.FILLS_DOUBLE, FaultKind.FILLS_REORDER})


class _Dated(Protocol):
    """What has come to be at a time."""

    @property
    def at_ms(self) -> int: ...


def orders_told(exchange: Exchange, orders: list[Order], path: str) -> list[Order]:
    """Leave out orders that are not known yet.

    Args:
        exchange: The exchange.
        orders: What would be told.
        path: Of what is asked.
    """
    return _without_young(exchange, FaultKind.ORDERS_LATE, orders, path)


def fills_told(exchange: Exchange, fills: list[Fill], path: str) -> list[Fill]:
    """Leave out trades that are not known yet."""
    return _without_young(exchange, FaultKind.FILLS_LATE, fills, path)


def _without_young[T: _Dated](
    exchange: Exchange, kind: FaultKind, found: list[T], path: str
) -> list[T]:
    def young(fault: Fault, one: T) -> bool:
        return exchange.clock.now_ms() - one.at_ms < fault.seconds * 1000

    fault = exchange.faults.met(
        frozenset({kind}),
        method="GET",
        path=path,
        when=lambda fault: any(young(fault, each) for each in found),
    )
    if fault is None:
        return found
    fault_noted(exchange, fault, path, "")
    return [each for each in found if not young(fault, each)]


def order_told(exchange: Exchange, order: Order, path: str) -> dict[str, Any]:
    """Return an order as it is told, or as it was before its last trade."""
    fault = None
    if order.fills:
        kinds = frozenset({FaultKind.ORDERS_LESS})
        symbol = order.market.name
        fault = exchange.faults.met(kinds, method="GET", path=path, symbol=symbol)
    if fault is None:
        return order.described()
    fault_noted(exchange, fault, path, order.market.name)
    return order.described_before()


def page_told(
    exchange: Exchange, fills: list[dict[str, Any]], path: str
) -> list[dict[str, Any]]:
    """Return a page of trades, or one that tells some twice or from the last on."""
    if not fills:
        return fills
    fault = exchange.faults.met(_SHUFFLED, method="GET", path=path)
    if fault is None:
        return fills
    fault_noted(exchange, fault, path, "")
    if fault.kind is FaultKind.FILLS_DOUBLE:
        return [*fills, *fills]
    return fills[::-1]
