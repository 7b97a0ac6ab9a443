"""Openings, differences, and comparisons that end in the middle."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from apps.core.models import OutboxEvent
from apps.exchanges.errors import ExchangeUnavailable
from apps.portfolio.models import LedgerTransaction
from apps.portfolio.selectors.ledger import balances_of
from apps.portfolio.tests.world import account_make, deposit, market_make
from apps.risk.models import RiskEvent
from apps.trading.enums import OrderState, ReconciliationTrigger
from apps.trading.errors.reconciliations import (
    ReconciliationLost,
    ReconciliationRunning,
)
from apps.trading.models import Execution, Order, Reconciliation
from apps.trading.services import comparing_balances
from apps.trading.tests.comparing import agrees, compare, kinds
from apps.trading.tests.fake_venue import FakeVenue
from apps.trading.tests.orders import order_left, request_of

if TYPE_CHECKING:
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


def test_the_first_comparison_opens_the_ledger_with_what_there_is(
    account: Account, venue: FakeVenue
) -> None:
    assert agrees(account, venue)
    assert LedgerTransaction.objects.get().cause == "opening"

    again = compare(account, venue)

    assert (again.state, again.findings, again.unexplained) == ("done", [], False)
    assert LedgerTransaction.objects.count() == 1


def test_an_opening_holds_what_rests_and_was_partly_filled_before(
    venue: FakeVenue,
) -> None:
    market_make()
    resting = venue.outside(quantity=2)
    venue.fill(resting, 1, at=timezone.now() - timedelta(hours=1))
    account = account_make(mode="live")

    row = compare(account, venue)
    venue.fill(resting, 1)
    compare(account, venue)

    assert kinds(row) == ["adopted", "opening"]
    assert Order.objects.get().state == "filled"
    assert agrees(account, venue)


def test_what_was_executed_before_the_opening_is_not_counted_twice(
    venue: FakeVenue,
) -> None:
    market_make()
    old = venue.outside(quantity=2)
    venue.fill(old, 2, at=timezone.now() - timedelta(minutes=3))
    account = account_make(mode="live")

    for _ in range(2):
        row = compare(account, venue, ReconciliationTrigger.DEMAND)
        assert not row.unexplained

    assert not Order.objects.exists()
    assert agrees(account, venue)


def test_a_difference_that_nothing_explains_is_told_once_and_never_adjusted(
    account: Account, venue: FakeVenue
) -> None:
    venue.deposit("USDT", 50)

    rows = [compare(account, venue) for _ in range(3)]

    assert [row.unexplained for row in rows] == [True, True, True]
    (found,) = rows[0].findings
    assert (found["kind"], found["ours"], found["theirs"]) == (
        *("balance_differs", "1000", "1050"),
    )
    assert balances_of(account) == {"USDT": 1000}
    assert RiskEvent.objects.filter(name="unexplained_difference").count() == 1
    assert OutboxEvent.objects.filter(topic="risk").count() == 1
    events = OutboxEvent.objects.filter(topic="reconciliations")
    told = events.count()
    deposit(account, "USDT", 50)
    assert not compare(account, venue).unexplained
    assert events.count() == told + 1


def test_a_difference_while_an_order_is_unknown_does_not_count_yet(
    account: Account, venue: FakeVenue
) -> None:
    order = order_left(account, ago=timedelta(seconds=3))
    venue.deposit("USDT", -100)

    row = compare(account, venue)

    assert not row.unexplained
    assert (row.unsettled, kinds(row)) == (1, ["balance_in_flight"])
    later = timezone.now() + timedelta(minutes=5)
    row = compare(account, venue, now=later)
    order.refresh_from_db()
    assert (order.state, row.unexplained) == ("expired", True)


def test_a_difference_that_is_gone_at_the_second_look_is_none(
    account: Account, venue: FakeVenue
) -> None:
    looks: list[str] = []

    def deposited(method: str) -> None:
        if method == "balances":
            looks.append(method)
            if len(looks) == 2:
                venue.deposit("USDT", -50)

    venue.deposit("USDT", 50)
    venue.before = deposited

    row = compare(account, venue)

    assert (row.unexplained, row.findings) == (False, [])


def test_one_comparison_runs_at_a_time_and_one_that_fell_silent_is_given_up(
    account: Account, venue: FakeVenue
) -> None:
    running: dict[str, Any] = {"owner": account.owner, "account": account}
    row = Reconciliation.objects.create(
        **running, trigger="schedule", started_at=timezone.now()
    )

    with pytest.raises(ReconciliationRunning):
        compare(account, venue)
    later = timezone.now() + timedelta(minutes=5)
    assert compare(account, venue, now=later).state == "done"

    row.refresh_from_db()
    assert (row.state, row.error_code) == ("failed", "abandoned")


def test_one_that_was_given_up_writes_nothing_more(
    account: Account, venue: FakeVenue
) -> None:
    def give_up(method: str) -> None:
        if method == "balances":
            Reconciliation.objects.filter(state="running").update(state="failed")

    venue.before = give_up
    venue.deposit("USDT", 5)

    with pytest.raises(ReconciliationLost):
        compare(account, venue)

    assert not Reconciliation.objects.filter(unexplained=True).exists()


class KilledError(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("steps", range(1, 16))
def test_killed_at_any_call_the_next_run_comes_to_the_same(
    account: Account, venue: FakeVenue, steps: int
) -> None:
    order = order_left(account, quantity=Decimal(2))
    told = venue.order_place(request_of(order))
    venue.fill(told.id, "0.5")
    other = venue.outside(quantity=1, client_order_id=None)
    venue.fill(other, "0.2", fee="0.001", fee_currency="BTC")
    market_make(symbol="ETH/USDT")
    gone = venue.outside("ETH/USDT", quantity=1, price=None)
    venue.fill(gone, 1, 20)
    calls = len(venue.calls)

    def kill(_: str) -> None:
        if len(venue.calls) - calls == steps:
            raise KilledError

    venue.before = kill
    now = timezone.now()
    try:
        compare(account, venue, now=now)
    except KilledError:
        venue.before = lambda _: None
        row = compare(account, venue, now=now + timedelta(minutes=5))
        assert not row.unexplained

    assert Execution.objects.count() == 3
    assert Order.objects.count() == 3
    assert agrees(account, venue)


def test_a_venue_that_is_down_is_told_and_nothing_is_concluded(
    account: Account, venue: FakeVenue
) -> None:
    venue.deposit("USDT", 5)
    venue.fault("orders_open", ExchangeUnavailable("down"))

    row = compare(account, venue)

    assert (row.state, row.error_code) == ("failed", "exchange_unavailable")
    assert not row.unexplained


def test_what_a_venue_cuts_off_the_eighth_digit_is_no_difference(
    account: Account, venue: FakeVenue
) -> None:
    order = order_left(account, OrderState.OPEN)
    told = venue.order_place(request_of(order))
    venue.fill(told.id, "0.33333333", "99.99999999")
    venue.deposit("USDT", "0.000000003")

    assert not compare(account, venue).unexplained

    venue.deposit("USDT", "0.00000002")
    assert compare(account, venue).unexplained
