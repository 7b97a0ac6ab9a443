"""The trading process: it goes on whatever fails, and no venue keeps another waiting."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import OperationalError, connections
from django.utils import timezone

from apps.portfolio.models import Account
from apps.portfolio.tests.world import account_make, market_make
from apps.trading import process as process_module
from apps.trading.lanes import Lanes
from apps.trading.models import Order, Reconciliation
from apps.trading.process import TradingProcess
from apps.trading.selectors import due
from apps.trading.services import comparing_balances
from apps.trading.tests.fake_venue import FakeVenue, venue_use
from apps.trading.tests.orders import order_left, request_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django import Settings

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing_balances, "RECHECK_SECONDS", 0)


@pytest.fixture
def venue(monkeypatch: pytest.MonkeyPatch) -> FakeVenue:
    return venue_use(monkeypatch, FakeVenue())


@contextmanager
def trading() -> Iterator[TradingProcess]:
    made = TradingProcess()
    try:
        yield made
    finally:
        made._lanes.stop(5)


def look(made: TradingProcess, times: int = 1) -> None:
    for _ in range(times):
        made._began.clear()
        made.look()
        assert made.settled(10)


def test_at_its_start_unfinished_accounts_are_compared_and_orders_settled(
    venue: FakeVenue,
) -> None:
    market_make()
    order = order_left(account_make())
    venue.order_place(request_of(order))
    account_make()

    with trading() as made:
        look(made)

    order.refresh_from_db()
    assert order.state == "open"
    row = Reconciliation.objects.get()
    assert (row.account_id, row.trigger, row.state) == (
        *(order.account_id, "start", "done"),
    )


def test_two_processes_at_once_settle_everything_once(venue: FakeVenue) -> None:
    market_make()
    account = account_make()
    orders = [order_left(account) for _ in range(5)]
    for order in orders:
        venue.fill(venue.order_place(request_of(order)).id, 1)

    def both(made: TradingProcess) -> None:
        look(made, 2)
        connections.close_all()

    with trading() as one, trading() as other:
        threads = [threading.Thread(target=both, args=(it,)) for it in (one, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert set(Order.objects.values_list("state", flat=True)) == {"filled"}
    assert account.executions.count() == 5


def test_a_venue_that_hangs_keeps_no_other_waiting(
    venue: FakeVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, released = FakeVenue("kraken"), threading.Event()

    def hang(_: str) -> None:
        released.wait(10)

    slow.before = hang
    ports = {"kraken": slow, "binance": venue}
    monkeypatch.setattr(
        "apps.portfolio.venues.account_port",
        lambda account, *, now: ports[account.exchange],  # noqa: ARG005
    )
    market_make()
    hung = order_left(account_make(mode="live", exchange="kraken"))
    order = order_left(account_make(mode="live"))
    venue.order_place(request_of(order))

    with trading() as made:
        made.look()
        until = time.monotonic() + 5
        while Order.objects.get(pk=order.pk).state != "open":
            assert time.monotonic() < until
            time.sleep(0.02)
        assert Order.objects.get(pk=hung.pk).state == "unknown"
        released.set()
        assert made.settled(10)


def test_a_database_that_fails_is_waited_for_longer_each_time(
    venue: FakeVenue, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sign = tmp_path / "sign"
    made = TradingProcess(sign=sign)

    def fails(**_: object) -> None:
        msg = "gone"
        raise OperationalError(msg)

    with monkeypatch.context() as patch:
        patch.setattr(process_module, "orders_due", fails)
        waits = []
        for _ in range(6):
            made._began.clear()
            waits.append(made.look())
        assert not sign.exists()
    assert 0.25 <= waits[0] <= 1.0
    assert 2.5 <= waits[-1] <= 5.0
    made._began.clear()
    assert made.look() == process_module.TICK_SECONDS
    assert sign.exists()
    made._lanes.stop(5)


def test_an_order_is_asked_for_less_often_the_longer_it_is_unknown() -> None:
    market_make()
    order = order_left(account_make(), ago=timedelta(seconds=40))
    now = timezone.now()
    assert due.orders_due(now=now) == {order.account_id: [order.pk]}

    Order.objects.filter(pk=order.pk).update(looked_at=now)

    assert due.orders_due(now=now + timedelta(seconds=9)) == {}
    assert due.orders_due(now=now + timedelta(seconds=20))


def test_live_accounts_are_compared_again_after_their_time_and_only_where_live_is_on(
    venue: FakeVenue, settings: Settings
) -> None:
    market_make()
    account = account_make(mode="live")
    assert due.accounts_to_reconcile(now=timezone.now()) == []
    settings.LIVE_TRADING = True
    assert due.accounts_to_reconcile(now=timezone.now()) == []  # it has no keys
    from apps.portfolio.models import Credential  # noqa: PLC0415

    Credential.objects.create(account=account, sealed="x", key_hint="y")
    assert due.accounts_to_reconcile(now=timezone.now()) == [account]
    settings.LIVE_TRADING = False
    assert due.accounts_to_reconcile(now=timezone.now()) == []
    order_left(account)
    # Of what is still open, somebody has to know, whatever may be sent.
    assert due.accounts_to_reconcile(now=timezone.now()) == [account]
    settings.LIVE_TRADING = True
    with trading() as made:
        look(made)
    assert due.accounts_to_reconcile(now=timezone.now()) == []
    later = timezone.now() + timedelta(seconds=settings.RECONCILE_EVERY_SECONDS + 1)
    assert due.accounts_to_reconcile(now=later) == [account]


def test_what_a_lane_is_busy_with_is_not_taken_again_and_no_error_ends_it() -> None:
    lanes, gate, done = Lanes(), threading.Event(), threading.Event()

    def fails() -> None:
        raise ZeroDivisionError

    def waits() -> None:
        gate.wait(5)

    assert lanes.submit("a", "one", waits)
    assert not lanes.submit("a", "one", fails)
    for number in range(3):
        assert lanes.submit("b", f"fails {number}", fails)
    assert lanes.submit("b", "well", done.set)
    assert done.wait(5)
    gate.set()
    assert lanes.stop(5)
    assert not lanes.submit("a", "two", fails)


def test_it_stops_within_ten_seconds_though_a_venue_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    venue = FakeVenue()
    venue.before = lambda _: time.sleep(60)
    venue_use(monkeypatch, venue)
    monkeypatch.setattr(process_module, "STOP_SECONDS", 1.0)
    market_make()
    order_left(account_make())
    assert Account.objects.count() == 1
    connections.close_all()
    running = multiprocessing.get_context("fork").Process(target=TradingProcess().run)
    running.start()
    time.sleep(1.5)
    begun = time.monotonic()
    os.kill(running.pid or 0, signal.SIGTERM)
    running.join(30)

    assert running.exitcode == 0
    assert time.monotonic() - begun < 10


def test_losses_are_judged_now_and_then_of_accounts_that_trade(
    venue: FakeVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    market_make()
    order, _ = order_left(account_make()), account_make()
    watched = []
    monkeypatch.setattr(
        process_module,
        "account_watch",
        lambda *, account, now: watched.append(account.pk),  # noqa: ARG005
    )
    with trading() as made:
        look(made)
        del made._began["look"]
        made.look()
        assert made.settled(10)
    assert watched == [order.account_id]
