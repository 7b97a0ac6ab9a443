"""Orders over the API: what each answer means."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from apps.core.models import OutboxEvent
from apps.exchanges.account_port import VenueOrderState
from apps.exchanges.errors import (
    ClientOrderIdTaken,
    ExchangeUnavailable,
    InsufficientFunds,
    OutcomeUnknown,
)
from apps.market.models import LiveDemand, VenueMarket
from apps.portfolio.tests.world import (
    account_make,
    position_quantity,
    price_forget,
    user_make,
)
from apps.risk.models import Reservation, RiskVerdict
from apps.risk.tests.world import limit
from apps.trading.models import Execution, Order
from apps.trading.tests.asking import ORDERS, body, codes, place, sums_agree
from apps.trading.topic_bodies import ExecutionBody, OrderBody

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from apps.portfolio.models import Account
    from apps.trading.tests.fake_venue import FakeVenue

pytestmark = pytest.mark.django_db


def test_a_limit_order_rests_and_can_be_read_with_every_step(
    client: APIClient, account: Account
) -> None:
    made = client.post(ORDERS, body(account, strategy="trend"))

    assert made.status_code == 201
    order = made.json()
    assert order["state"] == "open"
    assert made["Location"] == order["_links"]["self"] == f"{ORDERS}{order['id']}/"
    assert (order["quantity"], order["price"], order["filled"]) == ("1", "90", "0")
    read = client.get(made["Location"]).json()
    assert [one["after"] for one in read["transitions"]] == ["intent", "sent", "open"]
    assert RiskVerdict.objects.get(pk=read["verdict"]).allowed
    by_name = f"/api/v1/accounts/{account.pk}/orders/by-client-id/"
    found = client.get(f"{by_name}{order['client_order_id']}/").json()
    assert found == read


def test_a_market_order_is_filled_at_once_and_the_ledger_has_it(
    client: APIClient, account: Account
) -> None:
    made = client.post(ORDERS, body(account, kind="market", price=None)).json()

    assert (made["state"], made["filled"], made["average_price"]) == (
        "filled",
        "1",
        "100",
    )
    (execution,) = client.get(made["_links"]["executions"]).json()["results"]
    assert (execution["quantity"], execution["price"]) == ("1", "100")
    assert position_quantity(account, "BTC/USDT") == 1
    sums_agree(Order.objects.get())
    assert not Reservation.objects.filter(released_at=None).exists()


def test_every_step_and_execution_is_told_as_documented(
    client: APIClient, account: Account
) -> None:
    client.post(ORDERS, body(account, kind="market", price=None))

    told = OutboxEvent.objects.filter(topic__in=("orders", "executions"))
    events = list(told.order_by("sequence"))
    assert [one.name for one in events] == ["executed", "filled"]
    for event in events:
        shape = OrderBody if event.topic == "orders" else ExecutionBody
        shape.model_validate_json(event.body)


@pytest.mark.parametrize(
    ("wrong", "status", "code", "says"),
    [
        ({"quantity": "1.0005"}, 422, "quantity_off_step", "1 and 1.001"),
        ({"price": "90.005"}, 422, "price_off_tick", "90 and 90.01"),
        ({"quantity": "0.0001"}, 422, "quantity_too_small", "0.001 BTC at least"),
        ({"quantity": "0.01"}, 422, "notional_too_small", "0.056 BTC would be enough"),
        (
            {"quantity": "0.01", "kind": "market", "price": None},
            *(422, "notional_too_small", "0.05 BTC would be enough"),
        ),
        ({"symbol": "BTC/USDR"}, 404, "symbol_unknown", "BTC/USDT"),
        ({"quantity": "-1"}, 400, "not_positive", "above 0"),
        ({"quantity": "0"}, 400, "not_positive", "above 0"),
        ({"quantity": "NaN"}, 400, "invalid", ""),
        ({"quantity": "1e400"}, 400, "too_large", "18 digits"),
        ({"quantity": "1" * 40}, 400, "too_large", "18 digits"),
        ({"quantity": "1.0000000000000000001"}, 400, "too_fine", "18"),
        ({"price": None}, 400, "order_invalid", "needs price"),
        ({"kind": "market"}, 400, "order_invalid", "leave it out"),
        ({"stop_loss": "95"}, 400, "order_invalid", "below its price"),
        ({"target": "80"}, 400, "order_invalid", "above its price"),
        ({"side": "sell", "stop_loss": "80"}, 400, "order_invalid", "above its price"),
        (
            {"kind": "market", "price": None, "time_in_force": "IOC"},
            *(400, "order_invalid", "leave time_in_force out"),
        ),
        ({"client_order_id": "no spaces"}, 400, "client_order_id_invalid", "1-36"),
        ({"client_order_id": "ä"}, 400, "client_order_id_invalid", "1-36"),
        ({"client_order_id": ""}, 400, "blank", ""),
        ({"leverage": 5}, 400, "invalid", "no such field"),
        ({"account": str(uuid4())}, 404, "account_not_found", "no account"),
    ],
)
def test_what_would_not_be_taken_is_refused_and_nothing_is_written(
    client: APIClient, account: Account, wrong: dict[str, Any], status: int, code: str,
    says: str,
) -> None:  # fmt: skip
    answer = client.post(ORDERS, body(account) | wrong)

    assert (answer.status_code, codes(answer)) == (status, [code])
    assert says in answer.json()["errors"][0]["detail"]
    assert not Order.objects.exists()
    assert not Reservation.objects.exists()


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"active": False}, "not traded"),
        ({"active": False, "gone_at": "2026-01-01T00:00:00Z"}, "dropped"),
        ({"kind": "swap"}, "spot"),
    ],
)
def test_a_market_that_is_not_traded_is_named(
    client: APIClient, account: Account, fields: dict[str, Any], why: str
) -> None:
    VenueMarket.objects.update(**fields)
    answer = client.post(ORDERS, body(account))
    assert (answer.status_code, codes(answer)) == (422, ["symbol_not_traded"])
    assert why in answer.json()["errors"][0]["detail"]


def test_the_account_of_somebody_else_is_not_there(client: APIClient) -> None:
    theirs = account_make(user_make())
    assert client.post(ORDERS, body(theirs)).status_code == 404


def test_a_limit_refuses_with_each_rule_and_keeps_the_verdict_alone(
    client: APIClient, account: Account
) -> None:
    limit(account, max_order_notional="50")

    answer = client.post(ORDERS, body(account))

    assert (answer.status_code, codes(answer)) == (422, ["risk_refused"])
    assert answer.json()["errors"][0]["attr"] == "max_order_notional"
    assert not RiskVerdict.objects.get().allowed
    assert not Order.objects.exists()


def test_without_a_fresh_price_it_is_refused_for_now_and_asked_for(
    client: APIClient, account: Account
) -> None:
    price_forget("binance")

    answer = client.post(ORDERS, body(account, kind="market", price=None))

    assert (answer.status_code, codes(answer)) == (503, ["price_stale"])
    assert answer["Retry-After"]
    wanted = LiveDemand.objects.filter(exchange="binance", symbol="BTC/USDT")
    assert {one.kind for one in wanted} >= {"tickers", "books"}


def test_a_client_order_id_is_never_used_twice_in_an_account(
    client: APIClient, account: Account
) -> None:
    first = client.post(ORDERS, body(account, client_order_id="mine_1")).json()
    client.post(first["_links"]["cancel"])

    again = client.post(ORDERS, body(account, client_order_id="mine_1"))

    assert (again.status_code, codes(again)) == (409, ["client_order_id_taken"])
    assert first["id"] in again.json()["errors"][0]["detail"]
    other = account_make(account.owner)
    assert client.post(ORDERS, body(other, client_order_id="mine_1")).status_code != 409


@pytest.mark.parametrize(
    ("error", "status", "state", "code"),
    [
        (InsufficientFunds("no money"), 201, "rejected", "insufficient_funds"),
        (ExchangeUnavailable("away"), 201, "cancelled", "exchange_unavailable"),
        (OutcomeUnknown("lost"), 202, "unknown", "outcome_unknown"),
        (ClientOrderIdTaken("known"), 202, "unknown", "client_order_id_taken"),
    ],
)
def test_what_the_venue_answers_is_the_state_of_the_order(
    client: APIClient, account: Account, fake: FakeVenue, error: Exception,
    status: int, state: str, code: str,
) -> None:  # fmt: skip
    fake.fault("order_place", error)

    answer = client.post(ORDERS, body(account))

    assert (answer.status_code, answer.json()["state"]) == (status, state)
    assert answer.json()["error_code"] == code
    assert answer["Location"]
    held = Reservation.objects.get().released_at is None
    assert held is (state == "unknown")
    assert fake.asked("order_place") == 1


def test_orders_are_listed_by_what_they_are(
    client: APIClient, account: Account
) -> None:
    place(account, strategy="a")
    gone = place(account, strategy="b")
    client.post(f"{ORDERS}{gone.pk}/cancel/")

    def listed(query: str) -> list[str]:
        rows = client.get(f"{ORDERS}?{query}").json()["results"]
        return [one["strategy"] for one in rows]

    assert listed("") == ["b", "a"]
    assert listed("open=true") == ["a"]
    assert listed("state=cancelled") == ["b"]
    assert listed(f"account={account.pk}&symbol=BTC/USDT&strategy=a") == ["a"]
    assert listed("until=2020-01-01T00:00:00Z") == []
    assert listed(f"account={uuid4()}") == []


def test_somebody_elses_orders_are_not_there(client: APIClient, priced: None) -> None:
    theirs = account_make(user_make())
    order = Order.objects.create(
        owner=theirs.owner,
        account=theirs,
        client_order_id="x",
        origin="api",
        symbol="BTC/USDT",
        base="BTC",
        quote="USDT",
        side="buy",
        kind="limit",
        quantity=Decimal(1),
        price=Decimal(1),
        time_in_force="GTC",
        state="intent",
    )
    where = f"{ORDERS}{order.pk}/"
    assert client.get(ORDERS).json()["results"] == []
    for path in (where, f"{where}executions/"):
        assert client.get(path).status_code == 404
    for path in (f"{where}cancel/", f"{where}replace/"):
        assert client.post(path, {"price": "5"}).status_code == 404


def test_several_are_placed_each_as_if_alone(
    client: APIClient, account: Account
) -> None:
    orders = [body(account), body(account, quantity="x"), body(account, price="90.001")]
    answer = client.post(f"{ORDERS}bulk/", {"orders": [*orders, body(account)]})

    assert answer.status_code == 207
    results = answer.json()["results"]
    assert [one["status"] for one in results] == [201, 400, 422, 201]
    assert results[2]["errors"][0]["code"] == "price_off_tick"
    assert results[3]["order"]["state"] == "open"
    assert Order.objects.count() == 2
    many = client.post(f"{ORDERS}bulk/", {"orders": [body(account)] * 51})
    assert many.status_code == 400


def test_a_venue_that_says_filled_is_believed_once_its_executions_are_there(
    client: APIClient, account: Account, fake: FakeVenue
) -> None:
    def fill(method: str) -> None:
        if method == "fills_of_order":
            fake.before = lambda _: None
            fake.fault("fills_of_order", ExchangeUnavailable("away"))

    fake.before = fill
    place_once = fake.order_place

    def filled(request: Any) -> Any:
        told = place_once(request)
        fake.fill(told.id, 1, 90)
        return fake.orders[told.id]

    fake.order_place = filled  # type: ignore[method-assign]
    made = client.post(ORDERS, body(account)).json()

    assert (made["state"], made["filled"]) == ("open", "0")
    assert Order.objects.get().venue_filled == 1
    assert Reservation.objects.get().released_at is None
    assert not Execution.objects.exists()
    assert fake.orders[made["venue_order_id"]].state is VenueOrderState.FILLED
