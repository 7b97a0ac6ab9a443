"""An account and its venue come to agree, and what cannot agree is told."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from apps.core.models import OutboxEvent
from apps.exchanges.account_port import VenueOrderState
from apps.exchanges.errors import (
    ExchangeAnswerInvalid,
    ExchangeForbidden,
    ExchangeUnavailable,
)
from apps.portfolio.selectors.ledger import balances_of
from apps.portfolio.tests.world import account_make, deposit, market_make
from apps.risk.models import Reservation, RiskEvent
from apps.trading.enums import OrderOrigin, OrderState
from apps.trading.models import Execution, Order
from apps.trading.services import comparing_balances
from apps.trading.tests.comparing import agrees, compare, kinds
from apps.trading.tests.fake_venue import FakeVenue
from apps.trading.tests.orders import order_left, request_of

if TYPE_CHECKING:
    from apps.exchanges.account_port import VenueFill
    from apps.portfolio.models import Account

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing_balances, "RECHECK_SECONDS", 0)


@pytest.fixture
def venue() -> FakeVenue:
    found = FakeVenue()
    found.deposit("USDT", 1000)
    return found


@pytest.fixture
def account(venue: FakeVenue) -> Account:
    """An account that was opened, with 1,000 USDT."""
    market_make()
    made = account_make(mode="live")
    compare(made, venue)
    return made


def test_an_order_made_outside_is_adopted_counted_and_told(
    account: Account, venue: FakeVenue
) -> None:
    made = venue.outside(quantity=2, price=100, client_order_id="web_abc")
    venue.fill(made, "0.5")

    row = compare(account, venue)
    again = compare(account, venue)

    order = Order.objects.get()
    assert (kinds(row), row.adopted, again.adopted) == (["adopted"], 1, 0)
    assert order.origin == OrderOrigin.EXTERNAL.value
    assert (order.state, order.client_order_id) == ("partially_filled", "web_abc")
    assert order.transitions.order_by("number")[0].cause == "adopted"
    assert Reservation.objects.get(pk=order.pk).quantity == Decimal("1.5")
    assert agrees(account, venue)
    venue.fill(made, "1.5")
    compare(account, venue)
    order.refresh_from_db()
    assert (order.state, agrees(account, venue)) == ("filled", True)
    topics = set(OutboxEvent.objects.values_list("topic", "name"))
    assert {("orders", "open"), ("reconciliations", "done")} <= topics


def test_an_execution_of_an_order_that_nobody_saw_is_found_by_the_balances(
    account: Account, venue: FakeVenue
) -> None:
    market_make(symbol="ETH/USDT")
    gone = venue.outside("ETH/USDT", quantity=3, price=None, client_order_id=None)
    venue.fill(gone, 3, 50, fee="0.01", fee_currency="BNB")
    for books in (venue.deposit, partial(deposit, account)):
        books("BNB", "0.01")

    row = compare(account, venue)

    order = Order.objects.get()
    assert (kinds(row), row.unexplained) == (["adopted"], False)
    assert (order.state, order.kind) == ("filled", "market")
    assert order.client_order_id == f"ext-{gone}"
    assert agrees(account, venue)


def test_executions_that_are_late_doubled_and_out_of_order_are_applied_once(
    account: Account, venue: FakeVenue
) -> None:
    order = order_left(account, OrderState.OPEN, quantity=Decimal(3))
    told = venue.order_place(request_of(order))
    now = timezone.now()
    second = venue.fill(told.id, 1, at=now, trade_id="9")
    venue.fill(told.id, 1, at=now - timedelta(seconds=30), trade_id="7")
    venue.untold.add("7")
    venue.change(told.id, filled=Decimal(2), state=VenueOrderState.CANCELLED)

    compare(account, venue)
    venue.trades.append(second)
    venue.untold.clear()
    for _ in range(3):
        row = compare(account, venue)

    order.refresh_from_db()
    assert (order.state, order.filled) == ("cancelled", 2)
    assert Execution.objects.count() == 2
    assert (row.unexplained, agrees(account, venue)) == (False, True)


def test_an_execution_after_the_cancel_was_confirmed_is_applied(
    account: Account, venue: FakeVenue
) -> None:
    order = order_left(account, OrderState.OPEN)
    told = venue.order_place(request_of(order))
    venue.change(told.id, state=VenueOrderState.CANCELLED)
    compare(account, venue)
    order.refresh_from_db()
    assert order.state == "cancelled"
    venue.fill(told.id, "0.3")
    venue.change(told.id, state=VenueOrderState.CANCELLED)

    row = compare(account, venue)

    order.refresh_from_db()
    assert (order.state, order.filled) == ("cancelled", Decimal("0.3"))
    assert "execution_missed" in kinds(row)
    assert agrees(account, venue)


def test_what_the_venue_says_is_less_filled_is_told_and_changes_nothing(
    account: Account, venue: FakeVenue
) -> None:
    order = order_left(account, OrderState.OPEN)
    told = venue.order_place(request_of(order))
    venue.fill(told.id, "0.4")
    compare(account, venue)
    venue.change(told.id, filled=Decimal("0.1"))

    row = compare(account, venue)

    order.refresh_from_db()
    assert (order.filled, kinds(row)) == (Decimal("0.4"), ["filled_less"])
    assert agrees(account, venue)


def test_an_order_that_ended_here_and_rests_there_is_cancelled_there(
    account: Account, venue: FakeVenue
) -> None:
    order = order_left(account, ago=timedelta(hours=1))
    for minutes in (0, 1):
        now = timezone.now() + timedelta(minutes=minutes)
        compare(account, venue, now=now)
    order.refresh_from_db()
    assert order.state == "expired"
    told = venue.order_place(request_of(order))

    row = compare(account, venue)

    assert venue.orders[told.id].state is VenueOrderState.CANCELLED
    assert "ended_but_open" in kinds(row)
    order.refresh_from_db()
    assert order.state == "expired"


def test_a_name_of_ours_that_somebody_used_again_is_another_order(
    account: Account, venue: FakeVenue
) -> None:
    order = order_left(account, OrderState.OPEN)
    told = venue.order_place(request_of(order))
    venue.fill(told.id, 1)
    compare(account, venue)
    again = venue.outside(quantity=5, client_order_id=order.client_order_id)

    row = compare(account, venue)

    other = Order.objects.exclude(pk=order.pk).get()
    assert kinds(row) == ["adopted"]
    assert (other.venue_order_id, other.client_order_id) == (again, f"ext-{again}")


def test_executions_come_in_pages_and_over_days_without_any(
    account: Account, venue: FakeVenue
) -> None:
    venue.page = 2
    made = venue.outside(quantity=10)
    start = timezone.now() + timedelta(days=3)
    for number in range(7):
        venue.fill(made, 1, at=start + timedelta(minutes=number))
    venue.change(made, state=VenueOrderState.CANCELLED)

    row = compare(account, venue, now=start + timedelta(days=2))

    assert (row.executions_applied, row.unexplained) == (7, False)
    assert agrees(account, venue)


def test_one_order_that_cannot_be_asked_keeps_no_other_from_being_compared(
    account: Account, venue: FakeVenue
) -> None:
    bad = order_left(account, ago=timedelta(minutes=3))
    good = order_left(account)
    venue.fill(venue.order_place(request_of(good)).id, 1)
    venue.fault("order_get", ExchangeAnswerInvalid("it is no order"))

    row = compare(account, venue)

    good.refresh_from_db()
    assert (row.state, good.state) == ("done", "filled")
    assert ("cannot_be_asked", bad.client_order_id) in {
        (one["kind"], one["subject"]) for one in row.findings
    }
    assert agrees(account, venue)
    venue.fault("order_get", ExchangeUnavailable("it is down"))
    assert compare(account, venue).state == "failed"


def test_both_sides_of_a_trade_with_oneself_are_found_by_the_comparison(
    account: Account, venue: FakeVenue
) -> None:
    sides = ("buy", "sell")
    orders = [order_left(account, OrderState.OPEN, side=side) for side in sides]
    ids = [venue.order_place(request_of(order)).id for order in orders]
    for order, name in zip(orders, ids, strict=True):
        Order.objects.filter(pk=order.pk).update(venue_order_id=name)
        venue.fill(name, "0.4", trade_id="77")
        # Only what was executed tells of it.
        venue.change(name, filled=Decimal(0))
        # The second side is told late, after the first is known.
        compare(account, venue)
    row = compare(account, venue)

    made = Execution.objects.order_by("number").values_list("venue_trade_id", "side")
    assert list(made) == [("77", "buy"), ("77:sell", "sell")]
    assert (row.executions_applied, row.unexplained) == (0, False)
    assert not RiskEvent.objects.filter(name="execution_of_other_order").exists()
    assert agrees(account, venue)


@pytest.mark.parametrize("filled", [False, True])
def test_an_order_on_its_way_is_not_taken_for_one_made_elsewhere(
    account: Account, venue: FakeVenue, *, filled: bool
) -> None:
    order = order_left(account, OrderState.SENT)
    Order.objects.filter(pk=order.pk).update(
        sending_until=timezone.now() + timedelta(minutes=1)
    )
    told = venue.order_place(request_of(order))
    venue.change(told.id, client_order_id=None)
    if filled:
        venue.fill(told.id, 1)

    row = compare(account, venue)

    assert Order.objects.get().state == "sent"
    assert ("unclear", order.client_order_id) in {
        (one["kind"], one["subject"]) for one in row.findings
    }
    assert not row.unexplained


def test_an_order_that_the_venue_forgot_is_as_large_as_all_of_its_executions(
    account: Account, venue: FakeVenue
) -> None:
    venue.page = 1
    # Another of ours is open, so that the market is looked at.
    venue.order_place(request_of(order_left(account, OrderState.OPEN)))
    made = venue.outside(quantity=3, client_order_id=None)
    now = timezone.now()
    for number in range(3):
        venue.fill(made, 1, at=now + timedelta(milliseconds=number))
    del venue.orders[made]

    compare(account, venue)

    order = Order.objects.get(venue_order_id=made)
    assert (order.state, order.quantity, order.disputed) == ("filled", 3, False)
    assert not RiskEvent.objects.exists()


def test_one_market_that_cannot_be_asked_keeps_no_other_from_being_compared(
    account: Account, venue: FakeVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    market_make(symbol="ADA/USDT")
    bad = venue.outside("ADA/USDT", quantity=2, price=10, client_order_id="web_2")
    good = venue.outside(quantity=2)
    fills = venue.fills

    def refusing(symbol: str, *where: Any, **more: Any) -> tuple[VenueFill, ...]:
        if symbol == "ADA/USDT":
            message = "a trade has no price"
            raise ExchangeAnswerInvalid(message)
        return fills(symbol, *where, **more)

    monkeypatch.setattr(venue, "fills", refusing)
    for name in (bad, good):
        venue.fill(name, 1)
        venue.change(name, state=VenueOrderState.CANCELLED)

    row = compare(account, venue)

    named = {(one["kind"], one["subject"]) for one in row.findings}
    assert (row.state, row.executions_applied, row.unexplained) == ("done", 1, True)
    assert ("cannot_be_asked", "ADA/USDT") in named
    assert balances_of(account)["BTC"] == 1

    # It answers again, long after what it did not tell of.
    later = timezone.now() + timedelta(days=1)
    assert compare(account, venue, now=later).unexplained
    monkeypatch.undo()
    monkeypatch.setattr(comparing_balances, "RECHECK_SECONDS", 0)
    row = compare(account, venue, now=later + timedelta(hours=3))
    assert (row.executions_applied, row.unexplained) == (1, False)
    assert agrees(account, venue)
    for error in (ExchangeUnavailable, ExchangeForbidden):
        venue.outside(client_order_id=error.__name__)
        venue.fault("fills", error("it answers nothing"))
        assert compare(account, venue).state == "failed"
