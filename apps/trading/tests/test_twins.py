"""The same order asked for many times, at once and after a crash: placed once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from apps.core.models import IdempotencyRecord
from apps.exchanges.account_port import VenueOrderState
from apps.exchanges.errors import OutcomeUnknown
from apps.portfolio.tests.world import (
    account_make,
    deposit,
    market_make,
    user_make,
)
from apps.risk.tests.world import limit
from apps.trading.models import Order
from apps.trading.services import sending
from apps.trading.services.outside import outside_check
from apps.trading.services.settling import order_settle
from apps.trading.tests.asking import ORDERS, body, codes, place

if TYPE_CHECKING:
    from apps.portfolio.models import Account
    from apps.stream.latest import LatestStore
    from apps.trading.tests.fake_venue import FakeVenue

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 50
KEY = {"Idempotency-Key": "one-order"}


@pytest.fixture
def trading(priced: LatestStore) -> Account:
    """An account on paper with money, and its market."""
    market_make(step="0.001", min_quantity="0.001")
    made = account_make(user_make())
    deposit(made, "USDT", 10_000)
    return made


def client_of(account: Account) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(account.owner)
    return client


def at_once(act: Any, times: int) -> list[Any]:
    """Do something in so many threads at the same moment."""
    gate = threading.Barrier(times)

    def one(number: int) -> Any:
        gate.wait()
        try:
            return act(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def test_fifty_equal_posts_with_one_key_are_one_order_and_one_call_to_the_venue(
    trading: Account, fake: FakeVenue
) -> None:
    wanted = body(trading)

    answers = at_once(
        lambda _: client_of(trading).post(ORDERS, wanted, headers=KEY), MANY
    )

    assert {one.status_code for one in answers} == {201}
    assert len({one.content for one in answers}) == 1
    assert sum("Idempotent-Replayed" not in one for one in answers) == 1
    assert Order.objects.count() == 1
    assert fake.asked("order_place") == 1


def test_a_key_is_for_one_body_and_for_one_user(
    trading: Account, fake: FakeVenue
) -> None:
    client = client_of(trading)
    first = client.post(ORDERS, body(trading), headers=KEY)
    other = client.post(ORDERS, body(trading, price="91"), headers=KEY)
    assert (other.status_code, codes(other)) == (409, ["idempotency_key_reused"])

    somebody = account_make(user_make())
    deposit(somebody, "USDT", 1000)
    theirs = client_of(somebody).post(ORDERS, body(somebody), headers=KEY)

    assert theirs.status_code == 201
    assert theirs.json()["id"] != first.json()["id"]
    assert fake.asked("order_place") == 2


def test_a_refusal_is_not_kept(trading: Account) -> None:
    limit(trading, max_order_notional="50")
    client = client_of(trading)
    assert codes(client.post(ORDERS, body(trading), headers=KEY)) == ["risk_refused"]
    limit_off = body(trading)
    trading.owner.risk_limits.all().delete()
    from apps.risk.models import RiskScope  # noqa: PLC0415

    RiskScope.objects.all().delete()
    assert client.post(ORDERS, limit_off, headers=KEY).status_code == 201


@pytest.mark.parametrize("dies_at", ["venue_ask", "answer_take"])
def test_a_request_that_died_after_its_intent_is_answered_with_its_order(
    trading: Account,
    fake: FakeVenue,
    monkeypatch: pytest.MonkeyPatch,
    dies_at: str,
) -> None:
    class Killed(BaseException):
        pass

    def die(**_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(f"apps.trading.services.sending.{dies_at}", die)
        patched.setattr("apps.core.idempotency_outside.claim_give_up", lambda _: None)
        with pytest.raises(Killed):
            client_of(trading).post(ORDERS, body(trading), headers=KEY)
    calls = fake.asked("order_place")
    long_ago = timezone.now() - timedelta(hours=1)
    IdempotencyRecord.objects.update(created_at=long_ago)

    again = client_of(trading).post(ORDERS, body(trading), headers=KEY)

    assert (again.status_code, again.json()["state"]) == (202, "sent")
    assert Order.objects.count() == 1
    assert fake.asked("order_place") == calls


@pytest.mark.parametrize("replaces", [False, True])
def test_a_mended_body_after_an_error_is_not_answered_with_the_order_of_the_first(
    trading: Account,
    fake: FakeVenue,
    monkeypatch: pytest.MonkeyPatch,
    replaces: bool,  # noqa: FBT001 - a parameter
) -> None:
    where, wanted = ORDERS, body(trading)
    if replaces:
        where, wanted = f"{ORDERS}{place(trading).pk}/replace/", {"price": "89"}

    def fails(**_: Any) -> None:
        raise DatabaseError

    client = client_of(trading)
    with monkeypatch.context() as patched:
        patched.setattr(sending, "answer_take", fails)
        assert client.post(where, wanted, headers=KEY).status_code >= 500
    sent = fake.asked("order_place")

    mended = client.post(where, wanted | {"price": "88"}, headers=KEY)
    same = client.post(where, wanted, headers=KEY)

    assert (mended.status_code, codes(mended)) == (409, ["idempotency_key_reused"])
    assert "price" in mended.json()["errors"][0]["detail"]
    assert (same.status_code, same.json()["state"]) == (202, "sent")
    assert fake.asked("order_place") == sent


def test_a_twin_of_a_request_that_takes_long_is_told_to_come_back(
    trading: Account, fake: FakeVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.core.idempotency_outside.LONGEST_WAIT", 0.1)
    twins = []

    def meanwhile(method: str) -> None:
        if method == "order_place":
            twins.append(
                at_once(
                    lambda _: client_of(trading).post(
                        ORDERS, body(trading), headers=KEY
                    ),
                    1,
                )
            )

    fake.before = meanwhile
    assert (
        client_of(trading).post(ORDERS, body(trading), headers=KEY).status_code == 201
    )
    ((twin,),) = twins
    assert (twin.status_code, codes(twin)) == (409, ["idempotency_in_progress"])


def test_a_bulk_that_died_half_way_places_each_order_once(
    trading: Account, fake: FakeVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def second_dies(method: str) -> None:
        if method == "order_place" and fake.asked("order_place") == 2:
            raise Killed

    fake.before = second_dies
    wanted = {"orders": [body(trading), body(trading), body(trading)]}
    with monkeypatch.context() as patched:
        patched.setattr("apps.core.idempotency_outside.claim_give_up", lambda _: None)
        with pytest.raises(Killed):
            client_of(trading).post(f"{ORDERS}bulk/", wanted, headers=KEY)
    IdempotencyRecord.objects.update(created_at=timezone.now() - timedelta(hours=1))

    again = client_of(trading).post(f"{ORDERS}bulk/", wanted, headers=KEY)

    assert [one["status"] for one in again.json()["results"]] == [201, 202, 201]
    assert Order.objects.count() == 3
    assert fake.asked("order_place") == 3


def test_parallel_orders_with_one_client_order_id_are_one_order(
    trading: Account, fake: FakeVenue
) -> None:
    wanted = body(trading, client_order_id="mine")
    answers = at_once(lambda _: client_of(trading).post(ORDERS, wanted), 8)
    assert sorted(one.status_code for one in answers) == [201, *[409] * 7]
    assert fake.asked("order_place") == 1


def test_the_intent_is_committed_and_no_transaction_is_open_when_the_venue_is_asked(
    trading: Account, fake: FakeVenue
) -> None:
    seen = []

    def look(method: str) -> None:
        if method == "order_place":
            outside_check()
            found = at_once(
                lambda _: Order.objects.values_list("state", flat=True).get(), 1
            )
            seen.extend(found)

    fake.before = look
    place(trading)
    assert seen == ["sent"]
    with transaction.atomic(), pytest.raises(RuntimeError, match="outside"):
        outside_check()
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        place(trading)


def test_an_order_whose_answer_was_lost_is_never_sent_again(
    trading: Account, fake: FakeVenue
) -> None:
    fake.fault("order_place", OutcomeUnknown("lost"), after=True)
    client = client_of(trading)
    first = client.post(ORDERS, body(trading), headers=KEY)
    second = client.post(ORDERS, body(trading), headers=KEY)
    assert (first.status_code, first.content) == (202, second.content)
    assert fake.asked("order_place") == 1
    assert len(fake.orders) == 1


def test_an_order_that_waited_too_long_for_its_turn_is_not_sent(
    trading: Account, fake: FakeVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    trading.mode = "live"
    trading.save()
    monkeypatch.setattr("apps.portfolio.venues.trading_admit", lambda **_: None)
    monkeypatch.setattr(sending, "SENDING_MARGIN", timedelta(0))
    order = place(trading)
    assert (order.state, order.error_code) == ("cancelled", "exchange_unavailable")
    assert fake.asked("order_place") == 0


def test_an_older_order_of_the_same_name_is_not_taken_for_ours(
    trading: Account, fake: FakeVenue
) -> None:
    fake.outside(client_order_id="mine", quantity=1, price=90)
    (older,) = fake.orders.values()
    fake.change(older.id, created_ns=1, state=VenueOrderState.FILLED, filled=Decimal(1))
    fake.fault("order_place", OutcomeUnknown("lost"))
    order = place(trading, client_order_id="mine")

    for after in (0, 3600, 7200):
        then = timezone.now() + timedelta(seconds=after)
        order_settle(order=order, port=fake, now=then)

    assert (order.state, order.filled) == ("expired", 0)
    assert order.venue_order_id == ""
