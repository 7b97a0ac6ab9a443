"""What follows a halt: quiet first, then nothing open, by the venue's own word."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.utils import timezone

from apps.core.models import OutboxEvent
from apps.exchanges.account_port import VenueOrderState
from apps.exchanges.errors import ExchangeUnavailable, OutcomeUnknown
from apps.portfolio.errors.credentials import CredentialsSealBroken
from apps.portfolio.models import Credential
from apps.portfolio.tests.world import account_make, market_make
from apps.risk.models import RiskEvent
from apps.risk.services.halts import kill_switch_engage, kill_switch_release
from apps.trading.enums import OrderState
from apps.trading.models import Order
from apps.trading.process import TradingProcess
from apps.trading.services import halting
from apps.trading.tests.fake_venue import FakeVenue, venue_use
from apps.trading.tests.orders import order_left, request_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.portfolio.models import Account
    from apps.risk.models import RiskScope

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def venue(monkeypatch: pytest.MonkeyPatch) -> FakeVenue:
    monkeypatch.setattr(halting, "WAIT_SECONDS", 0.1)
    return venue_use(monkeypatch, FakeVenue())


@pytest.fixture
def account() -> Account:
    market_make()
    return account_make(mode="live")


def placed(account: Account, venue: FakeVenue) -> Order:
    order = order_left(account, OrderState.OPEN)
    told = venue.order_place(request_of(order))
    Order.objects.filter(pk=order.pk).update(venue_order_id=told.id)
    order.refresh_from_db()
    return order


def engage(account: Account, *, every: bool = False) -> RiskScope:
    return kill_switch_engage(
        actor=account.owner,
        account_id=None if every else account.pk,
        reason="a test",
        now=timezone.now(),
    )


def look(process: TradingProcess, times: int = 2) -> None:
    for _ in range(times):
        process._began.clear()
        process._started = True
        process.look()
        assert process.settled(10)


@pytest.fixture
def process() -> Iterator[TradingProcess]:
    made = TradingProcess()
    yield made
    made._lanes.stop(5)


def rests(venue: FakeVenue) -> int:
    return len([o for o in venue.orders.values() if o.state is VenueOrderState.OPEN])


@pytest.mark.parametrize("every", [False, True])
def test_a_halt_cancels_everything_that_rests_also_what_was_made_elsewhere(
    account: Account,
    venue: FakeVenue,
    *,
    every: bool,
) -> None:
    orders = [placed(account, venue) for _ in range(3)]
    venue.outside(quantity=5)

    scope = engage(account, every=every)

    assert rests(venue) == 0
    for order in orders:
        order.refresh_from_db()
        assert order.state == "cancelled"
    assert scope.quiet_at is not None
    assert scope.cleared_at is not None
    assert RiskEvent.objects.filter(name="other_order_cancelled").count() == 1
    told = OutboxEvent.objects.filter(topic="risk", name="other_order_cancelled")
    assert told.count() == 1


def test_what_is_being_sent_is_waited_for_before_anything_counts(
    account: Account, venue: FakeVenue, process: TradingProcess
) -> None:
    order = order_left(account, OrderState.SENT)
    until = timezone.now() + timedelta(seconds=60)
    Order.objects.filter(pk=order.pk).update(sending_until=until)

    scope = engage(account)
    assert (scope.quiet_at, scope.cleared_at) == (None, None)
    # It arrives after all.
    venue.order_place(request_of(order))
    Order.objects.filter(pk=order.pk).update(sending_until=timezone.now())
    look(process, 3)

    scope.refresh_from_db()
    order.refresh_from_db()
    assert (rests(venue), order.state) == (0, "cancelled")
    assert None not in (scope.quiet_at, scope.cleared_at)


def test_cancels_are_asked_for_until_the_venue_confirms_also_after_a_restart(
    account: Account, venue: FakeVenue
) -> None:
    order = placed(account, venue)
    venue.fault("order_cancel", OutcomeUnknown("nobody knows"))
    venue.fault("orders_open", ExchangeUnavailable("down"), times=2)

    scope = engage(account)
    assert scope.cleared_at is None
    for _ in range(3):
        again = TradingProcess()
        look(again)
        again._lanes.stop(5)

    scope.refresh_from_db()
    order.refresh_from_db()
    assert (rests(venue), order.state) == (0, "cancelled")
    assert scope.cleared_at is not None


def test_an_order_that_nobody_knows_keeps_a_halt_from_being_cleared(
    account: Account, venue: FakeVenue, process: TradingProcess
) -> None:
    order = order_left(account, ago=timedelta(seconds=2))

    scope = engage(account)
    look(process)

    scope.refresh_from_db()
    order.refresh_from_db()
    assert scope.quiet_at is not None
    assert (scope.cleared_at, order.state) == (None, "unknown")


def test_a_halt_that_was_released_cancels_nothing_more(
    account: Account, venue: FakeVenue, process: TradingProcess
) -> None:
    venue.fault("orders_open", ExchangeUnavailable("down"), times=None)
    venue.fault("order_cancel", ExchangeUnavailable("down"), times=None)
    order = placed(account, venue)
    scope = engage(account)
    kill_switch_release(
        actor=account.owner,
        account_id=account.pk,
        reason="a test",
        force=True,
        now=timezone.now(),
    )
    Order.objects.filter(pk=order.pk).update(cancel_asked_at=None)
    venue.faults_clear()

    look(process)
    assert not halting.account_clear(account=account, scope=scope, now=timezone.now())

    assert rests(venue) == 1


def test_a_fill_that_comes_before_the_cancel_is_kept(
    account: Account, venue: FakeVenue
) -> None:
    order = placed(account, venue)

    def filled(method: str) -> None:
        if method == "order_cancel":
            venue.before = lambda _: None
            venue.fill(order.venue_order_id, "0.4")

    venue.before = filled

    scope = engage(account)

    order.refresh_from_db()
    assert (order.state, order.filled) == ("cancelled", Decimal("0.4"))
    assert scope.cleared_at is not None


def test_the_command_halts_and_tells_and_releases(
    account: Account, venue: FakeVenue, capsys: pytest.CaptureFixture[str]
) -> None:
    placed(account, venue)
    named = ("--account", str(account.pk), "--reason", "a test")

    call_command("kill_switch", "engage", *named)
    call_command("kill_switch", "status")
    call_command("kill_switch", "release", *named)
    call_command("kill_switch", "status")

    told = capsys.readouterr().out
    assert rests(venue) == 0
    assert "halted (a test)" in told
    assert "not yet" not in told
    assert told.endswith("every account may trade\n")


@pytest.mark.parametrize("keys", [False, True])
def test_an_account_whose_venue_cannot_be_reached_is_clear_only_without_keys(
    account: Account, monkeypatch: pytest.MonkeyPatch, *, keys: bool
) -> None:
    def broken(*_: object, **__: object) -> None:
        message = "the seal is broken"
        raise CredentialsSealBroken(message)

    if keys:
        Credential.objects.create(account=account, sealed="x", key_hint="y")
    monkeypatch.setattr("apps.portfolio.venues.account_port", broken)
    scope = engage(account)
    scope.refresh_from_db()
    assert (scope.cleared_at is None) is keys


@pytest.mark.parametrize("named", [False, True])
def test_our_own_order_on_its_way_is_cancelled_and_not_called_somebody_elses(
    account: Account, venue: FakeVenue, *, named: bool
) -> None:
    order = order_left(account, OrderState.SENT)
    Order.objects.filter(pk=order.pk).update(
        sending_until=timezone.now() + timedelta(minutes=1)
    )
    told = venue.order_place(request_of(order))
    if not named:
        venue.change(told.id, client_order_id=None)

    engage(account)

    assert rests(venue) == 0
    assert not RiskEvent.objects.filter(name="other_order_cancelled").exists()
    order.refresh_from_db()
    assert order.cancel_asked_at is not None
