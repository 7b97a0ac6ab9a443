"""From the intent to the answer: the window in which an order is on its way, and faults."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.db import OperationalError
from django.utils import timezone

from apps.exchanges.account_port import VenueOrderState
from apps.exchanges.errors import ExchangeForbidden
from apps.risk.errors.gate import TradingHalted
from apps.risk.models import Reservation, RiskEvent
from apps.risk.services.gate import sending_admit
from apps.trading.enums import OrderState
from apps.trading.models import Execution, Order
from apps.trading.services import placing, sending
from apps.trading.services.adopting import order_adopt
from apps.trading.services.cancelling import order_cancel
from apps.trading.services.placing import market_of
from apps.trading.services.settling import order_settle
from apps.trading.services.steps import order_step
from apps.trading.tests.asking import ORDERS, body, place
from apps.trading.tests.orders import held, order_left
from apps.trading.transitions import FINAL

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from apps.portfolio.models import Account
    from apps.trading.tests.fake_venue import FakeVenue

pytestmark = pytest.mark.django_db

RECEIVED_WITHIN = timedelta(seconds=10)
WAITED = 40.0


@pytest.mark.parametrize("timeout", [0.5, 10.0, 60.0])
def test_no_order_may_leave_so_late_that_it_arrives_after_its_window(
    account: Account,
    fake: FakeVenue,
    monkeypatch: pytest.MonkeyPatch,
    timeout: float,
) -> None:
    monkeypatch.setattr(settings, "EXCHANGE_TIMEOUT_SECONDS", timeout)
    order = place(account)

    (request,) = [one["request"] for name, one in fake.calls if name == "order_place"]
    assert request.send_before_ns > time.time_ns()
    latest = datetime.fromtimestamp(request.send_before_ns / 1e9, UTC)
    assert order.sending_until is not None
    assert latest + RECEIVED_WITHIN <= order.sending_until


@pytest.mark.parametrize("slow", ["intent_commit", "sending_admit"])
def test_the_window_begins_once_every_lock_was_waited_for(
    account: Account, fake: FakeVenue, monkeypatch: pytest.MonkeyPatch, slow: str
) -> None:
    where = {"intent_commit": placing, "sending_admit": sending}[slow]
    real, real_time = getattr(where, slow), time.monotonic
    waited = 0.0

    def waits(*args: Any, **named: Any) -> Any:
        nonlocal waited
        waited = WAITED
        return real(*args, **named)

    monkeypatch.setattr(where, slow, waits)
    monkeypatch.setattr(
        "apps.trading.services.outside.time.monotonic", lambda: real_time() + waited
    )
    begun = timezone.now()
    order = place(account)

    late = begun + timedelta(seconds=WAITED)
    assert order.sent_at is not None
    assert order.sent_at >= late
    assert order.sending_until == sending.sending_end(order.sent_at)
    assert order.state == "open"


@pytest.mark.parametrize("error", [ValueError("a library"), RuntimeError("another")])
def test_whatever_a_library_raises_the_order_is_unknown_and_told(
    client: APIClient, account: Account, fake: FakeVenue, error: Exception
) -> None:
    fake.fault("order_place", error, after=True)

    answer = client.post(ORDERS, body(account))

    assert (answer.status_code, answer.json()["state"]) == (202, "unknown")
    assert answer.json()["error_code"] == "outcome_unknown"
    order = Order.objects.get()
    assert held(order)
    order_settle(order=order, port=fake, now=timezone.now())
    assert (order.state, fake.asked("order_place")) == ("open", 1)


def test_executions_that_cannot_be_read_leave_the_order_as_it_was_told(
    account: Account, fake: FakeVenue
) -> None:
    taken = fake.taken

    def filled(request: Any) -> Any:
        told = taken(request)
        fake.fill(told.id, 1, 90)
        return fake.orders[told.id]

    fake.taken = filled  # type: ignore[method-assign]
    fake.fault("fills_of_order", ValueError("a library"))
    order = place(account)

    assert (order.state, order.venue_filled) == ("open", Decimal(1))
    order_settle(order=order, port=fake, now=timezone.now())
    assert order.state == "filled"


def test_an_answer_that_no_amount_can_hold_leaves_the_order_unknown(
    account: Account, fake: FakeVenue
) -> None:
    taken = fake.taken

    def absurd(request: Any) -> Any:
        told = taken(request)
        fake.change(told.id, filled=Decimal("1e30"))
        return fake.orders[told.id]

    fake.taken = absurd  # type: ignore[method-assign]
    order = place(account)
    order.refresh_from_db()
    assert (order.state, order.error_code) == ("unknown", "outcome_unknown")
    assert held(order)


def test_an_order_that_was_adopted_before_its_answer_came_is_found_and_ends_with_it(
    account: Account, fake: FakeVenue
) -> None:
    taken = fake.taken

    def nameless(request: Any) -> Any:
        told = taken(request)
        # A venue that does not tell our names, looked at before the answer is here.
        fake.change(told.id, client_order_id=None)
        order_adopt(account=account, told=fake.orders[told.id], now=timezone.now())
        return fake.orders[told.id]

    fake.taken = nameless  # type: ignore[method-assign]
    order = place(account)

    assert (order.state, order.error_code) == ("unknown", "order_doubled")
    assert RiskEvent.objects.filter(name="order_doubled").exists()
    other = Order.objects.get(origin="external")
    fake.change(other.venue_order_id, client_order_id=order.client_order_id)
    fake.fill(other.venue_order_id, 1, 90)
    order_settle(order=other, port=fake, now=timezone.now())
    later = timezone.now() + timedelta(minutes=2)
    order_settle(order=order, port=fake, now=later)
    assert (other.state, order.state) == ("filled", "cancelled")
    assert Execution.objects.count() == 1
    assert not Reservation.objects.filter(released_at=None).exists()


def _halted(**_: Any) -> None:
    message = "halted"
    raise TradingHalted(message)


@pytest.mark.parametrize("halted", [False, True])
def test_a_cancel_that_comes_right_before_it_is_sent_keeps_it_from_being_sent(
    account: Account,
    fake: FakeVenue,
    monkeypatch: pytest.MonkeyPatch,
    halted: bool,  # noqa: FBT001 - a parameter
) -> None:
    withhold = sending.order_withhold
    real = _halted if halted else sending_admit

    def cancel(order_id: Any) -> None:
        order = Order.objects.get(pk=order_id)
        order_step(
            order=order, to=OrderState.CANCELLED, cause="cancel", now=timezone.now()
        )

    def cancelled_meanwhile(*, order_id: Any, **named: Any) -> None:
        # By somebody else, before this locks the order.
        if not halted:
            cancel(order_id)
        real(order_id=order_id, **named)

    def cancelled_and_withheld(*, order: Order, **named: Any) -> Order:
        cancel(order.pk)
        return withhold(order=order, **named)

    monkeypatch.setattr(sending, "sending_admit", cancelled_meanwhile)
    monkeypatch.setattr(sending, "order_withhold", cancelled_and_withheld)
    order = place(account)

    assert (order.state, order.error_code) == ("cancelled", "")
    assert fake.asked("order_place") == 0


def test_an_order_that_was_placed_is_told_though_its_cancel_is_refused(
    client: APIClient, account: Account, fake: FakeVenue
) -> None:
    def wanted(method: str) -> None:
        if method == "order_place":
            sent = Order.objects.get()
            order_cancel(actor=account.owner, order_id=sent.pk, now=timezone.now())

    fake.before = wanted
    fake.fault("order_cancel", ExchangeForbidden("these keys may not cancel"))

    answer = client.post(ORDERS, body(account))

    assert (answer.status_code, answer.json()["state"]) == (201, "open")
    assert answer.json()["cancel_asked_at"]


def test_an_order_that_is_still_an_intent_is_not_told_as_placed(
    client: APIClient, account: Account, fake: FakeVenue
) -> None:
    from apps.trading.views.answering import placed_answer  # noqa: PLC0415

    order = order_left(account, OrderState.INTENT)
    answer = placed_answer(order)
    assert (answer.status_code, answer.data["state"]) == (202, "intent")


def test_one_of_several_that_meets_a_failing_database_loses_no_answer_of_the_others(
    client: APIClient, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0

    def third_fails(*args: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise OperationalError("the connection is lost")
        return market_of(*args, **named)

    monkeypatch.setattr(placing, "market_of", third_fails)
    answer = client.post(f"{ORDERS}bulk/", {"orders": [body(account)] * 4})

    assert answer.status_code == 207
    results = answer.json()["results"]
    assert [one["status"] for one in results] == [201, 201, 503, 201]
    assert results[2]["errors"][0]["code"] == "database_unavailable"
    assert Order.objects.count() == 3


def test_an_order_closed_short_ends_once_the_venue_was_asked_again(
    account: Account, fake: FakeVenue
) -> None:
    taken = fake.taken

    def short(request: Any) -> Any:
        told = taken(request)
        fake.fill(told.id, "0.5", 90)
        fake.change(told.id, quantity=Decimal("0.5"), state=VenueOrderState.FILLED)
        return fake.orders[told.id]

    fake.taken = short  # type: ignore[method-assign]
    order = place(account)
    # The answer to placing it may be from before the rest was executed.
    assert order.state == "partially_filled"

    order_settle(order=order, port=fake, now=timezone.now())

    assert (order.state, order.filled) == ("cancelled", Decimal("0.5"))
    assert OrderState(order.state) in FINAL
    assert order.transitions.last().cause == "venue"  # type: ignore[union-attr]
    assert Reservation.objects.get().released_at is not None
    assert RiskEvent.objects.filter(name="order_filled_short").count() == 1
