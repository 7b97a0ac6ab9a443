from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from threading import Barrier, Event
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.db import connection, transaction

from apps.core.models import OutboxEvent
from apps.core.outbox.recording import event_record
from apps.portfolio.tests.world import NOW, account_make, deposit, price_put, user_make
from apps.risk import halt_followers
from apps.risk.errors.gate import TradingHalted
from apps.risk.models import Reservation, RiskLock, RiskScope, RiskVerdict
from apps.risk.services.gate import exposure_release, exposure_reserve, sending_admit
from apps.risk.services.halts import kill_switch_engage
from apps.risk.tests.world import ask, draft_make, fill, limit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from apps.portfolio.models import Account
    from apps.stream.latest import LatestStore
    from apps.users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 20


def _together[T](calls: Sequence[Callable[[], T]]) -> list[T]:
    """Call each in a thread of its own, all at once, and return what they return."""
    begin = Barrier(len(calls), timeout=30)

    def run(call: Callable[[], T]) -> T:
        try:
            begin.wait()
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [one.result() for one in [pool.submit(run, call) for call in calls]]


def _account(owner: User | None = None, amount: int = 1_000_000) -> Account:
    made = account_make(owner or user_make())
    deposit(made, "USDT", amount, NOW)
    return made


@pytest.fixture(autouse=True)
def _price(live_store: LatestStore) -> None:
    price_put("binance", "BTC/USDT", "99", "101", last="100", at=NOW)


def test_parallel_orders_of_a_new_account_never_need_more_than_it_has() -> None:
    # Nobody was judged of this account before: its rows are made by whoever is first.
    account = _account(amount=750)

    asked = _together([lambda: ask(account, quantity="1")] * THREADS)

    assert sum(verdict.allowed for _, verdict in asked) == 7
    assert RiskVerdict.objects.count() == THREADS


def test_parallel_orders_are_never_above_a_limit_together() -> None:
    account = _account()
    limit(account, max_position_notional="750")

    asked = _together([lambda: ask(account, quantity="1")] * THREADS)

    assert sum(verdict.allowed for _, verdict in asked) == 7
    assert sum(one.notional for one in Reservation.objects.all()) == 700


def test_parallel_orders_of_two_accounts_are_never_above_the_users_limit() -> None:
    first = _account()
    second = _account(first.owner)
    limit(first, of_user=True, max_position_notional="750", max_open_orders=100)
    calls = [partial(ask, one, quantity="1") for one in (first, second)]

    asked = _together(calls * (THREADS // 2))

    assert sum(verdict.allowed for _, verdict in asked) == 7


def test_executions_and_new_orders_at_once_are_never_above_a_limit() -> None:
    account = _account()
    limit(account, max_position_notional="1000")
    orders = [ask(account, quantity="1")[0] for _ in range(8)]

    def executed(order_id: UUID) -> int:
        with transaction.atomic():
            fill(account, order_id, "1", "100")
            exposure_release(order_id=order_id, now=NOW)
        return 0

    def asked(_: object) -> int:
        return int(ask(account, quantity="1")[1].allowed)

    calls = [partial(executed, one) for one in orders]
    allowed = sum(_together([*calls, *[partial(asked, None)] * 12]))

    assert allowed <= 2
    held = Reservation.objects.filter(released_at=None)
    assert sum(one.quantity for one in held) == allowed
    # What was refused while an execution was counted twice is allowed now.
    while ask(account, quantity="1")[1].allowed:
        allowed += 1
    assert allowed == 2


def test_after_a_halt_is_committed_nothing_more_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(halt_followers, "_followers", [])
    account = _account()

    def send() -> str:
        order_id = uuid4()
        with transaction.atomic():
            verdict = exposure_reserve(
                account=account, order_id=order_id, draft=draft_make(), now=NOW
            )
        if not verdict.allowed:
            return "refused"
        try:
            with transaction.atomic():
                sending_admit(account=account, order_id=order_id, now=NOW)
                # Under the lock: a halt that is committed cannot be before this.
                halted = RiskScope.objects.filter(state="halted").exists()
        except TradingHalted:
            return "withheld"
        return "late" if halted else "sent"

    def halt() -> str:
        kill_switch_engage(
            actor=account.owner, account_id=account.pk, reason="", now=NOW
        )
        return "halted"

    done = _together([*[send] * 10, halt, *[send] * 9])

    assert "late" not in done
    assert send() == "refused"


def test_a_failed_transaction_holds_nothing() -> None:
    account = _account()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        exposure_reserve(account=account, order_id=uuid4(), draft=draft_make(), now=NOW)
        _ = Decimal(1) / Decimal(0)
    assert not Reservation.objects.exists()


def test_an_order_that_locks_its_account_waits_for_no_execution_that_waits_for_it() -> (
    None
):
    # The order tells of its lock, and posts its fill; the execution of another posts
    # its fill, and is told of. Both in one transaction, in these orders.
    account = _account()
    price_put("binance", "BTC/USDT", "100", "100", at=NOW)
    limit(account, locks={"cooldown": {"lock_seconds": 60}})
    for side, quantity, price in (("buy", "5", "100"), ("sell", "1", "90")):
        order_id, verdict = ask(account, side=side, quantity=quantity, price=price)
        assert verdict.allowed
        fill(account, order_id, quantity, price)
        exposure_release(order_id=order_id, now=NOW)
    sold = [ask(account, side="sell", quantity="1")[0] for _ in range(2)]
    RiskLock.objects.all().delete()
    judged, posted = Event(), Event()

    def ordered() -> None:
        with transaction.atomic():
            exposure_reserve(
                account=account,
                order_id=uuid4(),
                draft=draft_make(side="sell"),
                now=NOW,
            )
            judged.set()
            # On SQLite there is one writer at a time, and so no such wait at all.
            posted.wait(5 if connection.vendor == "postgresql" else 0)
            fill(account, sold[0], "1", "100")

    def executed() -> None:
        judged.wait(5 if connection.vendor == "postgresql" else 0)
        with transaction.atomic():
            fill(account, sold[1], "1", "100")
            posted.set()
            event_record(
                owner=account.owner_id, topic="orders", name="filled", body={}, now=NOW
            )

    _together([ordered, executed])

    assert RiskLock.objects.count() == 1
    assert OutboxEvent.objects.filter(topic="risk", name="locked").count() == 2
