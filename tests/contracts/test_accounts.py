"""One suite over every adapter of `AccountPort`."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from apps.exchanges.account_port import (
    OrderKind,
    OrderSide,
    TimeInForce,
    VenueOrderState,
)
from apps.exchanges.errors import (
    ClientOrderIdTaken,
    ExchangeRejected,
    InsufficientFunds,
    SymbolUnknown,
    VenueOrderNotFound,
)
from apps.exchanges.tests.loopback import BUY
from tests.contracts.accounts import ACCOUNTS, SYMBOL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.exchanges.account_port import AccountPort, OrderRequest, VenueFill
    from tests.contracts.accounts import AccountUnderTest


# Orders on paper are rows.
pytestmark = pytest.mark.django_db


@pytest.fixture(params=sorted(ACCOUNTS))
def account(request: pytest.FixtureRequest) -> Iterator[AccountUnderTest]:
    """Each account that there is without a network."""
    with ACCOUNTS[request.param](request) as opened:
        yield opened


LIMIT = dataclasses.replace(BUY, client_order_id="contract-1", symbol=SYMBOL)


def made(kind: OrderKind, side: OrderSide, **changes: Any) -> OrderRequest:
    """Return an order of a kind that rests or waits at a price of 50,000."""
    up = Decimal(60_000)
    down = Decimal(40_000)
    buys = side is OrderSide.BUY
    worse, better = (up, down) if buys else (down, up)
    stop = {
        OrderKind.STOP: worse,
        OrderKind.STOP_LIMIT: worse,
        OrderKind.TAKE_PROFIT: better,
        OrderKind.TAKE_PROFIT_LIMIT: better,
    }.get(kind)
    limit = better if kind is OrderKind.LIMIT else stop
    name = f"contract-{side}-{kind}"
    return dataclasses.replace(
        LIMIT,
        client_order_id=name,
        side=side,
        kind=kind,
        price=limit if kind.has_price else None,
        stop_price=stop,
        **changes,
    )


def held(port: AccountPort) -> dict[str, Decimal]:
    return {each.currency: each.total for each in port.balances()}


def summed(fills: tuple[VenueFill, ...]) -> Decimal:
    return sum((each.quantity for each in fills), Decimal(0))


def test_balances_tell_what_orders_hold_and_leave_out_what_is_empty(
    account: AccountUnderTest,
) -> None:
    port = account.port
    account.deposit("USDT", "50000")
    port.order_place(LIMIT)
    balances = {each.currency: each for each in port.balances()}
    dollars = balances["USDT"]
    assert dollars.total == 150_000
    assert dollars.used == 20_000
    assert dollars.free == 130_000
    assert all(each.total for each in balances.values())
    assert all(each.total == each.free + each.used for each in balances.values())


@pytest.mark.parametrize("side", OrderSide)
@pytest.mark.parametrize("kind", [each for each in OrderKind if each != "market"])
def test_an_order_of_each_kind_rests_is_found_by_either_name_and_is_cancelled(
    account: AccountUnderTest, kind: OrderKind, side: OrderSide
) -> None:
    port = account.port
    assert kind in port.order_kinds()
    before = port.balances()
    request = made(kind, side)
    order = port.order_place(request)
    assert order.client_order_id == request.client_order_id
    found = port.order_get(SYMBOL, client_order_id=request.client_order_id)
    assert port.order_get(SYMBOL, order_id=order.id) == found
    assert (found.id, found.kind, found.side) == (order.id, kind, side)
    assert (found.price, found.stop_price) == (request.price, request.stop_price)
    assert found.quantity == request.quantity
    assert found.filled == 0
    assert found.state is VenueOrderState.OPEN
    assert found.average_price is None
    assert found.created_ns is not None
    assert port.orders_open(SYMBOL) == (found,)
    assert port.orders_open() == (found,)
    port.order_cancel(SYMBOL, client_order_id=request.client_order_id)
    assert port.orders_open(SYMBOL) == ()
    ended = port.order_get(SYMBOL, order_id=order.id)
    assert ended.state is VenueOrderState.CANCELLED
    assert ended.filled == 0
    assert port.balances() == before
    with pytest.raises(VenueOrderNotFound):
        port.order_cancel(SYMBOL, order_id=order.id)


@pytest.mark.parametrize("side", OrderSide)
@pytest.mark.parametrize("kind", [each for each in OrderKind if each.has_stop])
def test_an_order_that_waits_wakes_at_its_price_and_not_before(
    account: AccountUnderTest, kind: OrderKind, side: OrderSide
) -> None:
    port = account.port
    request = made(kind, side)
    order = port.order_place(request)
    stop = request.stop_price
    assert stop is not None
    account.price_set(str((stop + 50_000) / 2))
    assert port.order_get(SYMBOL, order_id=order.id).state is VenueOrderState.OPEN
    assert port.fills(SYMBOL, 0) == ()
    account.price_set(str(stop))
    # What has become a limit order rests until the price has gone through it.
    account.price_set(str(stop + (-5 if side is OrderSide.BUY else 5)))
    done = port.order_get(SYMBOL, order_id=order.id)
    assert (done.state, done.kind) == (VenueOrderState.FILLED, kind)
    assert summed(port.fills_of_order(SYMBOL, order.id, 0)) == request.quantity


@pytest.mark.parametrize("side", OrderSide)
def test_a_market_orders_executions_add_up_to_it_and_to_what_is_held(
    account: AccountUnderTest, side: OrderSide
) -> None:
    port = account.port
    before = held(port)
    order = port.order_place(made(OrderKind.MARKET, side))
    assert order.state is VenueOrderState.FILLED
    fills = port.fills(SYMBOL, 0)
    assert summed(fills) == order.filled == Decimal("0.5")
    assert {each.order_id for each in fills} == {order.id}
    assert {each.side for each in fills} == {side}
    assert not any(each.maker for each in fills)
    paid = sum((each.quantity * each.price for each in fills), Decimal(0))
    assert order.average_price == paid / summed(fills)
    sign = 1 if side is OrderSide.BUY else -1
    expected = before | {
        "BTC": before["BTC"] + sign * summed(fills),
        "USDT": before["USDT"] - sign * paid,
    }
    for each in fills:
        assert each.fee is not None
        assert each.fee_currency is not None
        assert each.fee >= 0
        expected[each.fee_currency] -= each.fee
    assert held(port) == expected


def test_an_order_that_fills_in_parts_tells_how_far_and_keeps_it_when_cancelled(
    account: AccountUnderTest,
) -> None:
    port = account.port
    order = port.order_place(LIMIT)
    account.price_set("40000", liquidity="0.3")
    part = port.order_get(SYMBOL, order_id=order.id)
    assert (part.state, part.filled) == (VenueOrderState.OPEN, Decimal("0.3"))
    assert part.average_price == 40_000
    (fill,) = port.fills(SYMBOL, 0)
    assert (fill.quantity, fill.price) == (Decimal("0.3"), Decimal(40_000))
    assert fill.maker
    port.order_cancel(SYMBOL, order_id=order.id)
    ended = port.order_get(SYMBOL, client_order_id="contract-1")
    assert ended.state is VenueOrderState.CANCELLED
    assert ended.filled == Decimal("0.3")
    assert ended.quantity == Decimal("0.5")
    account.price_set("39000")
    assert port.fills(SYMBOL, 0) == (fill,)


def test_executions_are_told_from_where_one_left_off_each_once(
    account: AccountUnderTest,
) -> None:
    port = account.port
    assert port.fills(SYMBOL, 0) == ()
    order = port.order_place(LIMIT)
    for price in ("40000", "39000"):
        account.price_set(price, liquidity="0.2")
    account.price_set("38000")
    other = port.order_place(made(OrderKind.MARKET, OrderSide.SELL))
    fills = port.fills(SYMBOL, 0)
    assert len({each.id for each in fills}) == len(fills) >= 4
    assert sorted(each.time_ns for each in fills) == [each.time_ns for each in fills]
    for number, fill in enumerate(fills, start=1):
        assert port.fills(SYMBOL, fill.time_ns, fill.id) == fills[number:]
    ours = tuple(each for each in fills if each.order_id == order.id)
    assert port.fills_of_order(SYMBOL, order.id, 0) == ours
    assert summed(ours) == Decimal("0.5")
    assert summed(port.fills_of_order(SYMBOL, other.id, 0)) == Decimal("0.5")


def test_orders_that_ended_are_listed_however_they_ended(
    account: AccountUnderTest,
) -> None:
    port = account.port
    assert port.orders_closed(SYMBOL, 0) == ()
    filled = port.order_place(made(OrderKind.MARKET, OrderSide.BUY))
    gone = port.order_place(dataclasses.replace(LIMIT, client_order_id="gone"))
    resting = port.order_place(LIMIT)
    port.order_cancel(SYMBOL, order_id=gone.id)
    closed = port.orders_closed(SYMBOL, 0)
    assert [each.id for each in closed] == [filled.id, gone.id]
    assert [each.id for each in port.orders_open(SYMBOL)] == [resting.id]


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": Decimal("0.500001")},
        {"quantity": Decimal(0)},
        {"quantity": Decimal("0.00001")},
        {"price": Decimal("40000.001")},
        {"price": None},
        {"stop_price": Decimal(40_000)},
        {"kind": OrderKind.STOP_LIMIT, "stop_price": Decimal("60000.001")},
        {"kind": OrderKind.STOP_LIMIT},
        {"kind": OrderKind.MARKET},
        {"price": Decimal(60_000), "post_only": True},
    ],
    ids=[
        "step", "zero", "small", "tick", "no-price", "stop-of-limit", "stop-tick",
        "no-stop", "price-of-market", "post-only",
    ],
)  # fmt: skip
def test_an_order_that_cannot_be_is_refused_and_changes_nothing(
    account: AccountUnderTest, change: dict[str, Any]
) -> None:
    port = account.port
    before = port.balances()
    with pytest.raises(ExchangeRejected):
        port.order_place(dataclasses.replace(LIMIT, **change))
    assert port.orders_open(SYMBOL) == ()
    assert port.balances() == before
    with pytest.raises(VenueOrderNotFound):
        port.order_get(SYMBOL, client_order_id="contract-1")


@pytest.mark.parametrize("side", OrderSide)
def test_what_the_account_cannot_pay_is_refused_for_that(
    account: AccountUnderTest, side: OrderSide
) -> None:
    port = account.port
    for kind in (OrderKind.LIMIT, OrderKind.MARKET):
        with pytest.raises(InsufficientFunds):
            port.order_place(made(kind, side, quantity=Decimal(11)))
    assert port.orders_open() == ()


def test_a_name_of_an_open_order_is_taken(account: AccountUnderTest) -> None:
    port = account.port
    order = port.order_place(LIMIT)
    with pytest.raises(ClientOrderIdTaken):
        port.order_place(dataclasses.replace(LIMIT, quantity=Decimal("0.1")))
    assert [each.id for each in port.orders_open(SYMBOL)] == [order.id]


def test_what_may_not_rest_takes_what_there_is_or_nothing(
    account: AccountUnderTest,
) -> None:
    port = account.port
    ended = {VenueOrderState.EXPIRED, VenueOrderState.CANCELLED}
    account.price_set("50000", liquidity="0.3")
    crossing = dataclasses.replace(LIMIT, price=Decimal(50_100))
    for in_force, filled in ((TimeInForce.FOK, "0"), (TimeInForce.IOC, "0.3")):
        order = port.order_place(
            dataclasses.replace(
                crossing, client_order_id=in_force, time_in_force=in_force
            )
        )
        told = port.order_get(SYMBOL, order_id=order.id)
        assert told.state in ended
        assert told.filled == Decimal(filled)
        assert summed(port.fills_of_order(SYMBOL, order.id, 0)) == Decimal(filled)
    assert port.orders_open() == ()


def test_what_nobody_knows_is_told(account: AccountUnderTest) -> None:
    port = account.port
    with pytest.raises(VenueOrderNotFound):
        port.order_get(SYMBOL, client_order_id="never")
    with pytest.raises(VenueOrderNotFound):
        port.order_get(SYMBOL, order_id="424242")
    with pytest.raises(VenueOrderNotFound):
        port.order_cancel(SYMBOL, client_order_id="never")
    with pytest.raises(SymbolUnknown):
        port.order_place(dataclasses.replace(LIMIT, symbol="BTC/USTD"))


def test_its_keys_trade_and_take_nothing_out(account: AccountUnderTest) -> None:
    checked = account.port.keys_check()
    assert (checked.read, checked.trade, checked.withdraw) == (True, True, False)
    assert checked.message == ""
