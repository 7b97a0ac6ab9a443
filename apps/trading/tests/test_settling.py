"""What became of an order whose answer was lost."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from apps.core.models import OutboxEvent
from apps.exchanges.account_port import VenueOrderState
from apps.exchanges.errors import ExchangeUnavailable, OutcomeUnknown
from apps.portfolio.models import Position
from apps.portfolio.selectors.ledger import balances_of
from apps.portfolio.tests.world import account_make, market_make, position_quantity
from apps.risk.models import Reservation
from apps.trading.enums import OrderState
from apps.trading.models import Execution, Order
from apps.trading.services.adopting import order_adopt
from apps.trading.services.settling import order_settle
from apps.trading.tests.fake_venue import FakeVenue
from apps.trading.tests.orders import held, order_left, request_of, steps
from apps.trading.topic_bodies import OrderBody

if TYPE_CHECKING:
    from datetime import datetime

    from apps.portfolio.models import Account
    from apps.trading.services.settling import Settlement

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> Account:
    market_make()
    return account_make(mode="live")


@pytest.fixture
def venue() -> FakeVenue:
    return FakeVenue()


def settle(order: Order, venue: FakeVenue, now: datetime | None = None) -> Settlement:
    return order_settle(order=order, port=venue, now=now or timezone.now())


@pytest.mark.parametrize("state", [OrderState.SENT, OrderState.UNKNOWN])
def test_an_order_whose_answer_was_lost_is_found_by_our_name(
    account: Account, venue: FakeVenue, state: OrderState
) -> None:
    order = order_left(account, state)
    told = venue.order_place(request_of(order))

    assert settle(order, venue).settled

    assert (order.state, order.venue_order_id) == ("open", told.id)
    assert held(order)
    assert venue.asked("order_place") == 1


def test_what_was_filled_of_it_comes_with_it_and_only_once(
    account: Account, venue: FakeVenue
) -> None:
    order = order_left(account)
    told = venue.order_place(request_of(order))
    venue.fill(told.id, "0.4", fee="0.0001", fee_currency="BNB")
    venue.fill(told.id, "0.6", fee="0.0001", fee_currency="BNB")

    settle(order, venue)
    settle(order, venue)

    assert (order.state, order.filled) == ("filled", 1)
    assert Execution.objects.count() == 2
    assert balances_of(account) == {
        "BTC": Decimal(1),
        "USDT": Decimal(-100),
        "BNB": Decimal("-0.0002"),
    }
    assert position_quantity(account, "BTC/USDT") == 1
    assert Position.objects.get().fees_other
    assert Reservation.objects.get(pk=order.pk).released_at is not None


def test_an_order_that_somebody_may_be_sending_is_left_alone(
    account: Account, venue: FakeVenue
) -> None:
    order = order_left(account, OrderState.SENT, ago=timedelta(0))

    assert not settle(order, venue, order.sent_at).settled

    assert venue.calls == []
    assert order.state == "sent"


def test_not_found_and_found_later_is_no_verdict(
    account: Account, venue: FakeVenue
) -> None:
    order = order_left(account, ago=timedelta(seconds=5))
    venue.order_place(request_of(order))
    venue.hidden[order.client_order_id] = 2

    assert not settle(order, venue).settled
    assert (order.state, held(order)) == ("unknown", True)
    assert settle(order, venue).settled

    order.refresh_from_db()
    assert (order.state, order.not_found_at) == ("open", None)


def test_an_order_never_arrived_only_when_twice_not_found_the_second_time_after_the_grace(
    account: Account, venue: FakeVenue
) -> None:
    order = order_left(account, ago=timedelta(seconds=5))
    now = timezone.now()

    for seconds in (0, 3, 20):
        assert not settle(order, venue, now + timedelta(seconds=seconds)).settled
        assert (order.state, held(order)) == ("unknown", True)
    told = settle(order, venue, now + timedelta(seconds=40))

    assert told.found == "never_arrived"
    assert (order.state, order.error_code) == ("expired", "never_arrived")
    assert steps(order) == [("unknown", "test"), ("expired", "not_found")]
    assert Reservation.objects.get(pk=order.pk).released_at is not None
    assert venue.asked("fills") >= 2


def test_the_first_answer_after_the_grace_is_not_enough(
    account: Account, venue: FakeVenue
) -> None:
    order = order_left(account, ago=timedelta(hours=2))
    now = timezone.now()

    assert not settle(order, venue, now).settled
    assert settle(order, venue, now + timedelta(seconds=2)).settled


def test_executions_prove_an_order_that_the_venue_does_not_find(
    account: Account, venue: FakeVenue
) -> None:
    order = order_left(account, ago=timedelta(hours=2))
    told = venue.order_place(request_of(order))
    venue.fill(told.id, 1)
    # It is found by the venue's own name alone, which only its execution tells.
    venue.hidden[order.client_order_id] = 1

    assert settle(order, venue).settled

    assert (order.state, order.venue_order_id) == ("filled", told.id)


def test_an_execution_that_may_be_its_own_forbids_the_verdict(
    account: Account, venue: FakeVenue
) -> None:
    order = order_left(account, ago=timedelta(hours=2))
    other = venue.outside(quantity=1, client_order_id=None)
    venue.fill(other, 1)
    now = timezone.now()

    for seconds in (0, 100, 200):
        told = settle(order, venue, now + timedelta(seconds=seconds))
        assert (told.found, order.state) == ("unclear", "unknown")

    assert held(order)


@pytest.mark.parametrize(
    ("filled", "ends", "state"),
    [
        (0, None, "open"),
        (1, None, "filled"),
        (0, VenueOrderState.CANCELLED, "cancelled"),
        (0, VenueOrderState.EXPIRED, "expired"),
    ],
)
def test_that_nobody_knew_is_no_error_any_more_once_it_is_settled(
    account: Account,
    venue: FakeVenue,
    filled: int,
    ends: VenueOrderState | None,
    state: str,
) -> None:
    order = order_left(account, error_code="outcome_unknown", error_message="lost")
    told = venue.order_place(request_of(order))
    if filled:
        venue.fill(told.id, filled)
    if ends is not None:
        venue.change(told.id, state=ends)

    settle(order, venue)

    order.refresh_from_db()
    assert (order.state, order.error_code, order.error_message) == (state, "", "")
    event = OutboxEvent.objects.filter(topic="orders").order_by("-sequence")[0]
    assert OrderBody.model_validate_json(event.body).error_code == ""


@pytest.mark.parametrize("method", ["order_get", "orders_open", "fills"])
def test_a_venue_that_does_not_answer_says_nothing_of_the_order(
    account: Account, venue: FakeVenue, method: str
) -> None:
    order = order_left(account, ago=timedelta(hours=2))
    venue.fault(method, ExchangeUnavailable("down"), times=None)
    now = timezone.now()

    for seconds in (0, 100):
        with pytest.raises(ExchangeUnavailable):
            settle(order, venue, now + timedelta(seconds=seconds))

    order.refresh_from_db()
    assert (order.state, order.not_found_at) == ("unknown", None)
    assert order.looked_at == now + timedelta(seconds=100)


def test_a_rejection_is_told_by_the_venue_and_never_concluded(
    account: Account, venue: FakeVenue
) -> None:
    order = order_left(account)
    told = venue.order_place(request_of(order))
    venue.change(told.id, state=VenueOrderState.REJECTED)

    settle(order, venue)

    assert order.state == "rejected"


def test_an_intent_whose_process_died_was_never_sent(
    account: Account, venue: FakeVenue
) -> None:
    young = order_left(account, OrderState.INTENT, ago=timedelta(seconds=5))
    old = order_left(account, OrderState.INTENT, ago=timedelta(minutes=5))

    settle(young, venue)
    settle(old, venue)

    assert (young.state, old.state) == ("intent", "cancelled")
    assert (old.error_code, steps(old)) == ("never_sent", [("cancelled", "never_sent")])
    assert venue.calls == []


def test_less_filled_than_before_changes_nothing(
    account: Account, venue: FakeVenue
) -> None:
    order = order_left(account, OrderState.OPEN)
    told = venue.order_place(request_of(order))
    Order.objects.filter(pk=order.pk).update(venue_order_id=told.id)
    venue.fill(told.id, "0.4")
    settle(order, venue)
    venue.change(told.id, filled=Decimal("0.1"))

    assert settle(order, venue).found == "filled_less"

    assert (order.state, order.filled) == ("partially_filled", Decimal("0.4"))
    assert balances_of(account)["BTC"] == Decimal("0.4")


def test_an_order_that_ended_at_the_venue_waits_for_its_last_execution(
    account: Account, venue: FakeVenue
) -> None:
    order = order_left(account, OrderState.OPEN)
    told = venue.order_place(request_of(order))
    late = venue.fill(told.id, "0.4", told=False)
    venue.change(told.id, state=VenueOrderState.CANCELLED)

    assert settle(order, venue).found == "fills_missing"
    assert order.state == "open"
    venue.untold.discard(late.id)
    settle(order, venue)

    assert (order.state, order.filled) == ("cancelled", Decimal("0.4"))


def test_a_cancel_that_nobody_confirmed_is_asked_for_again(
    account: Account, venue: FakeVenue
) -> None:
    order = order_left(account, OrderState.OPEN)
    told = venue.order_place(request_of(order))
    Order.objects.filter(pk=order.pk).update(
        venue_order_id=told.id, cancel_asked_at=timezone.now()
    )
    venue.fault("order_cancel", OutcomeUnknown("nobody knows"))

    settle(order, venue)
    assert order.state == "open"
    settle(order, venue)

    assert order.state == "cancelled"
    assert venue.asked("order_cancel") == 2


@pytest.mark.parametrize("adopted", [False, True])
def test_an_order_that_rests_without_our_name_forbids_the_verdict(
    account: Account, venue: FakeVenue, *, adopted: bool
) -> None:
    order = order_left(account)
    told = venue.order_place(request_of(order))
    venue.change(told.id, client_order_id=None)
    if adopted:
        order_adopt(account=account, told=venue.orders[told.id], now=timezone.now())
    now = timezone.now()

    found = [settle(order, venue, now + timedelta(minutes=by)).found for by in (0, 9)]

    assert (order.state, found) == ("unknown", ["unclear", "unclear"])
    assert held(order)


def test_an_order_of_another_size_without_a_name_forbids_nothing(
    account: Account, venue: FakeVenue
) -> None:
    order = order_left(account)
    venue.outside(quantity=5, client_order_id=None)
    now = timezone.now()
    for by in (0, 9):
        settle(order, venue, now + timedelta(minutes=by))
    assert (order.state, order.error_code) == ("expired", "never_arrived")


def test_an_order_is_ours_though_our_clock_was_ahead(
    account: Account, venue: FakeVenue
) -> None:
    order = order_left(account)
    venue.at = lambda: timezone.now() - timedelta(minutes=20)
    told = venue.order_place(request_of(order))
    venue.fill(told.id, "0.4")

    assert settle(order, venue).settled

    assert (order.state, order.filled) == ("partially_filled", Decimal("0.4"))
