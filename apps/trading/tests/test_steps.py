"""An order's steps and executions: each once, in any order, and never backwards."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings, strategies as st

from apps.exchanges.account_port import OrderSide, VenueFill, VenueOrderState
from apps.portfolio.models import LedgerTransaction
from apps.portfolio.selectors.ledger import balances_of
from apps.portfolio.services.checking import ledger_check
from apps.portfolio.tests.world import account_make, market_make, position_quantity
from apps.risk.models import Reservation, RiskEvent
from apps.trading.enums import OrderState
from apps.trading.errors.orders import OrderStepRefused
from apps.trading.models import Execution, Order
from apps.trading.services.steps import (
    executions_apply,
    fills_missing,
    order_step,
    venue_order_take,
)
from apps.trading.tests.fake_venue import FakeVenue
from apps.trading.tests.orders import order_left, request_of

if TYPE_CHECKING:
    from apps.exchanges.account_port import VenueOrder
    from apps.portfolio.models import Account

pytestmark = pytest.mark.django_db

_HOUR_NS = 1_767_000_000_000_000_000


@pytest.fixture
def account() -> Account:
    market_make()
    return account_make(mode="live")


@pytest.fixture
def order(account: Account) -> Order:
    """An order of 1 BTC at 100 that is open."""
    return order_open(account)


def order_open(account: Account) -> Order:
    order = order_left(account, OrderState.OPEN)
    now = timezone.now()
    return order_step(
        order=order, to=OrderState.OPEN, cause="test", now=now, venue_order_id="v1"
    )


def fill(
    trade: str, quantity: str | Decimal, price: str = "100", **of: Any
) -> VenueFill:
    """Return an execution of a buy."""
    known: dict[str, Any] = {
        "id": trade,
        "order_id": "v1",
        "symbol": "BTC/USDT",
        "side": OrderSide.BUY,
        "price": Decimal(price),
        "quantity": Decimal(quantity),
        "fee": Decimal("0.0001"),
        "fee_currency": "BTC",
        "maker": True,
        "time_ns": _HOUR_NS + int(trade),
    }
    return VenueFill(**known | of)


def apply(order: Order, *fills: VenueFill) -> int:
    return executions_apply(order=order, fills=fills, now=timezone.now())


def told(order: Order, **fields: Any) -> VenueOrder:
    """Return what the venue says of the order: open, with nothing filled."""
    said = FakeVenue().order_place(request_of(order))
    return dataclasses.replace(said, id="v1", **fields)


def take(order: Order, **fields: Any) -> Order:
    return venue_order_take(
        order=order, told=told(order, **fields), now=timezone.now(), cause="test"
    )


@given(
    parts=st.lists(st.integers(1, 400), min_size=1, max_size=8).filter(
        lambda one: sum(one) <= 1000
    ),
    order_of=st.randoms(use_true_random=False),
    ends=st.booleans(),
)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_executions_doubled_shuffled_and_late_after_a_cancel_are_applied_once(
    order_of: Any,
    parts: list[int],
    ends: bool,  # noqa: FBT001 - drawn
) -> None:
    with transaction.atomic():
        account = account_make(mode="live")
        order = order_open(account)
        fills = [
            fill(str(number), Decimal(part) / 1000, price=str(90 + number))
            for number, part in enumerate(parts, 1)
        ]
        told_to_us = fills * 3
        order_of.shuffle(told_to_us)
        middle = len(told_to_us) // 2
        apply(order, *told_to_us[:middle])
        if ends and order.state != OrderState.FILLED:
            step(order, OrderState.CANCELLED)
        for one in told_to_us[middle:]:
            apply(order, one)

        whole = sum(parts) == 1000
        assert order.filled == sum(one.quantity for one in fills)
        assert (order.state == OrderState.FILLED) is whole
        assert Execution.objects.filter(order=order).count() == len(fills)
        assert position_quantity(account, "BTC/USDT") == balances_of(account)["BTC"]
        assert ledger_check(account=account).findings == ()
        order.refresh_from_db()
        assert order.spent == sum(one.quantity * one.price for one in fills)
        transaction.set_rollback(True)


def step(order: Order, to: OrderState) -> Order:
    return order_step(order=order, to=to, cause="test", now=timezone.now())


def test_an_order_is_filled_only_when_its_executions_are_its_quantity(
    order: Order,
) -> None:
    take(order, state=VenueOrderState.FILLED, filled=Decimal(1))
    assert (order.state, fills_missing(order)) == ("open", True)

    apply(order, fill("1", "0.4"))
    assert (order.state, order.filled) == ("partially_filled", Decimal("0.4"))
    assert Reservation.objects.get(pk=order.pk).quantity == Decimal("0.6")
    apply(order, fill("2", "0.6"))

    assert (order.state, fills_missing(order)) == ("filled", False)
    assert Reservation.objects.get(pk=order.pk).released_at is not None
    sums = balances_of(order.account)
    assert sums == {"BTC": Decimal("0.9998"), "USDT": Decimal(-100)}


def test_a_cancelled_order_keeps_its_exposure_until_its_executions_are_known(
    order: Order,
) -> None:
    take(order, state=VenueOrderState.CANCELLED, filled=Decimal("0.4"))
    assert order.state == "open"
    assert Reservation.objects.get(pk=order.pk).released_at is None

    apply(order, fill("1", "0.4"))
    take(order, state=VenueOrderState.CANCELLED, filled=Decimal("0.4"))

    assert (order.state, order.filled) == ("cancelled", Decimal("0.4"))
    assert Reservation.objects.get(pk=order.pk).released_at is not None


def test_a_venue_that_says_less_than_before_changes_nothing_and_is_reported_once(
    order: Order,
) -> None:
    apply(order, fill("1", "0.4"))
    for _ in range(2):
        take(order, filled=Decimal("0.1"))

    assert (order.filled, order.venue_filled) == (Decimal("0.4"), Decimal("0.4"))
    (event,) = RiskEvent.objects.all()
    assert event.name == "order_filled_less"


def test_more_than_was_ordered_is_in_the_ledger_and_the_order_is_disputed(
    order: Order,
) -> None:
    apply(order, fill("1", "0.8"), fill("2", "0.4"))

    assert (order.state, order.filled, order.disputed) == (
        "filled",
        Decimal("1.2"),
        True,
    )
    assert position_quantity(order.account, "BTC/USDT") == Decimal("1.1998")
    assert RiskEvent.objects.get().name == "order_overfilled"


def test_an_execution_of_a_rejected_order_is_in_the_ledger_all_the_same(
    account: Account,
) -> None:
    order = order_left(account, OrderState.UNKNOWN)
    step(order, OrderState.REJECTED)

    assert apply(order, fill("1", "0.5")) == 1

    assert (order.state, order.disputed) == ("rejected", True)
    assert LedgerTransaction.objects.get().cause_id == "BTC/USDT:1"


def test_an_execution_that_is_told_again_otherwise_stays_as_it_was(
    order: Order,
) -> None:
    apply(order, fill("1", "0.4"))
    assert apply(order, fill("1", "0.5")) == 0
    assert apply(order, fill("2", "0.1", side=OrderSide.SELL)) == 0

    assert order.filled == Decimal("0.4")
    names = set(RiskEvent.objects.values_list("name", flat=True))
    assert names == {"execution_differs", "execution_not_of_order"}


def test_a_fee_that_is_not_told_is_nothing_and_said_once(order: Order) -> None:
    apply(order, fill("1", "0.4", fee=None, fee_currency=None))
    apply(order, fill("2", "0.4", fee=None, fee_currency=None))

    assert {one.fee for one in Execution.objects.all()} == {Decimal(0)}
    assert balances_of(order.account)["BTC"] == Decimal("0.8")
    assert RiskEvent.objects.get().name == "fee_not_told"


def test_a_step_that_no_order_takes_is_refused_and_leaves_nothing(
    order: Order,
) -> None:
    step(order, OrderState.CANCELLED)
    before = order.step
    with pytest.raises(OrderStepRefused, match="cancelled; it cannot become open"):
        order_step(
            order=order,
            to=OrderState.OPEN,
            cause="test",
            now=timezone.now(),
            error_code="x",
        )
    order.refresh_from_db()
    assert (order.state, order.step, order.error_code) == ("cancelled", before, "")
    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(state="open")


def test_a_venue_that_calls_an_ended_order_open_is_reported_and_not_believed(
    order: Order,
) -> None:
    step(order, OrderState.CANCELLED)
    take(order, state=VenueOrderState.OPEN)
    assert order.state == "cancelled"
    assert RiskEvent.objects.get().name == "order_open_at_venue"
