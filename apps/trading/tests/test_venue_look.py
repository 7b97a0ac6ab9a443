"""What a venue has is listed once for many orders that are missed at the same time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from apps.portfolio.tests.world import account_make, market_make
from apps.trading.enums import ReconciliationTrigger
from apps.trading.models import Order
from apps.trading.process import orders_settle
from apps.trading.services import venue_look
from apps.trading.services.outside import Elapsed
from apps.trading.services.reconciling import account_reconcile
from apps.trading.services.settling import order_settle
from apps.trading.services.venue_look import VenueLooks
from apps.trading.tests.fake_venue import FakeVenue, venue_use
from apps.trading.tests.orders import order_left, request_of

if TYPE_CHECKING:
    from apps.portfolio.models import Account

pytestmark = pytest.mark.django_db
BTC = "BTC/USDT"


@pytest.fixture
def account() -> Account:
    market_make()
    return account_make(mode="live")


@pytest.fixture
def venue() -> FakeVenue:
    return FakeVenue()


@pytest.mark.parametrize("missed", [1, 30])
def test_a_comparison_lists_as_much_for_thirty_missed_orders_as_for_one(
    account: Account, venue: FakeVenue, missed: int
) -> None:
    orders = [order_left(account) for _ in range(missed)]
    for later in (0, 1):
        account_reconcile(
            account=account,
            trigger=ReconciliationTrigger.SCHEDULE,
            now=timezone.now() + timedelta(minutes=later),
            port=venue,
        )

    # Every open order of the account, and those of the market: once in each comparison.
    assert venue.asked("orders_open") == 4
    assert venue.asked("order_get") == 2 * missed
    # The executions for what is missed, and those for what nobody told of.
    assert venue.asked("fills") <= 4
    for order in orders:
        order.refresh_from_db()
        assert (order.state, order.error_code) == ("expired", "never_arrived")


def test_what_was_listed_before_an_order_had_its_time_is_no_proof(
    account: Account, venue: FakeVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = order_left(account, ago=timedelta(seconds=25))
    now = timezone.now()
    looks = VenueLooks(account.pk, venue, now)
    order_settle(order=order, port=venue, now=now, looks=looks)
    after = now + timedelta(seconds=20)

    # Its grace of 30 s is over, but not when the venue was listed.
    assert not order_settle(order=order, port=venue, now=after, looks=looks).settled
    monkeypatch.setattr(Elapsed, "now", lambda _: after)
    looks = VenueLooks(account.pk, venue, after)
    assert order_settle(order=order, port=venue, now=after, looks=looks).settled


def test_it_is_listed_anew_after_ten_seconds(
    account: Account, venue: FakeVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    monkeypatch.setattr(Elapsed, "now", lambda _: now)
    looks = VenueLooks(account.pk, venue, now)
    look = looks.of(BTC)
    assert looks.of(BTC) is look
    assert (look.listed_at(), looks.of(BTC)) == (now, look)

    now += venue_look.LASTS + timedelta(seconds=1)
    name = venue.outside()
    assert look.resting() == ()
    assert [one.id for one in looks.of(BTC).resting()] == [name]


def test_executions_from_before_are_asked_for_when_an_older_order_is_missed(
    account: Account, venue: FakeVenue
) -> None:
    now = timezone.now()
    name = venue.outside(quantity=9)
    old, new = (now - timedelta(hours=hours) for hours in (5, 1))
    for at in (old, new):
        venue.fill(name, 1, at=at)
    look = VenueLooks(account.pk, venue, now).of(BTC)

    minute = timedelta(minutes=1)
    assert len(look.executed(new - minute)) == 1
    assert len(look.executed(old - minute)) == 2
    asked = venue.asked("fills")
    assert len(look.executed(new - minute)) == 1
    assert look.strangers() == {name}
    assert venue.asked("fills") == asked


def test_a_stranger_that_was_found_to_be_one_order_is_not_taken_for_another(
    account: Account, venue: FakeVenue
) -> None:
    mine, other = order_left(account), order_left(account)
    told = venue.order_place(request_of(mine))
    venue.fill(told.id, 1)
    looks = VenueLooks(account.pk, venue, timezone.now())
    # By its name it is not found at first; among what was executed it is.
    venue.hidden[mine.client_order_id] = 1
    for order in (mine, other):
        order_settle(order=order, port=venue, now=timezone.now(), looks=looks)

    assert (mine.state, mine.venue_order_id) == ("filled", told.id)
    assert (other.state, other.venue_order_id) == ("unknown", "")
    asked = [named for method, named in venue.calls if method == "order_get"]
    # By our name; as a stranger, and where it is by now; the other by our name.
    assert [one["order_id"] for one in asked] == [None, told.id, told.id, None]


def test_what_rested_when_it_was_listed_is_asked_for_again(
    account: Account, venue: FakeVenue
) -> None:
    first, order = order_left(account), order_left(account)
    told = venue.order_place(request_of(order))
    looks = VenueLooks(account.pk, venue, timezone.now())
    order_settle(order=first, port=venue, now=timezone.now(), looks=looks)
    venue.fill(told.id, 1)

    venue.hidden[order.client_order_id] = 1
    order_settle(order=order, port=venue, now=timezone.now(), looks=looks)
    assert (order.state, order.filled) == ("filled", 1)


def test_a_stranger_is_asked_for_once_whoever_is_missed(
    account: Account, venue: FakeVenue
) -> None:
    name = venue.outside()
    venue.fill(name, 1)
    looks = VenueLooks(account.pk, venue, timezone.now())
    for _ in range(4):
        order = order_left(account)
        order_settle(order=order, port=venue, now=timezone.now(), looks=looks)

    asked = [
        named["order_id"] for method, named in venue.calls if method == "order_get"
    ]
    assert asked.count(name) == 1


def test_what_rests_is_listed_before_what_was_executed(
    account: Account, venue: FakeVenue
) -> None:
    name = venue.outside()

    def executed_meanwhile(method: str) -> None:
        if method == "fills" and not venue.trades:
            venue.fill(name, 1)

    venue.before = executed_meanwhile
    look = VenueLooks(account.pk, venue, timezone.now()).of(BTC)
    executed = look.executed(timezone.now() - timedelta(minutes=1))
    assert [one.order_id for one in executed] == [name]
    assert [one.id for one in look.resting()] == [name]
    assert [method for method, _ in venue.calls][:2] == ["orders_open", "fills"]


def test_orders_of_an_account_that_are_due_are_settled_from_one_listing(
    account: Account, venue: FakeVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue_use(monkeypatch, venue)
    orders = [order_left(account).pk for _ in range(5)]
    orders_settle(account.pk, orders, lambda: False)
    assert venue.asked("order_get") == 5
    assert venue.asked("orders_open") == 1


def test_two_orders_that_bear_one_name_are_not_both_the_one_that_was_sent(
    account: Account, venue: FakeVenue
) -> None:
    order = order_left(account)
    names = [venue.order_place(request_of(order)).id]
    # A venue that does not see to it that a name is taken once.
    venue.change(names[0], client_order_id=None)
    names.append(venue.order_place(request_of(order)).id)
    venue.change(names[0], client_order_id=order.client_order_id)
    account_reconcile(
        account=account,
        trigger=ReconciliationTrigger.SCHEDULE,
        now=timezone.now(),
        port=venue,
    )
    found = Order.objects.order_by("created_at").values_list("origin", "venue_order_id")
    assert list(found) == [("api", names[0]), ("external", names[1])]
