"""Cancel and replace: what is asked for, what the venue says, and what is concluded."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from apps.exchanges.account_port import VenueOrderState
from apps.exchanges.errors import ExchangeUnavailable, OutcomeUnknown
from apps.market.models import VenueMarket
from apps.portfolio.tests.world import market_make, price_put
from apps.risk.models import Reservation
from apps.risk.tests.world import limit
from apps.trading.enums import OrderState
from apps.trading.models import Order
from apps.trading.services.adopting import order_adopt
from apps.trading.services.cancelling import order_cancel
from apps.trading.tests.asking import ORDERS, body, codes, place
from apps.trading.tests.orders import order_left

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from apps.portfolio.models import Account
    from apps.trading.tests.fake_venue import FakeVenue

pytestmark = pytest.mark.django_db


def ask(client: APIClient, order: Order, what: str, **fields: Any) -> Any:
    return client.post(f"{ORDERS}{order.pk}/{what}/", fields)


def test_an_open_order_is_cancelled_and_its_exposure_is_free_again(
    client: APIClient, account: Account
) -> None:
    order = place(account)
    answer = ask(client, order, "cancel")

    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert Reservation.objects.get().released_at is not None
    again = ask(client, order, "cancel")
    assert (again.status_code, codes(again)) == (409, ["order_already_cancelled"])


def test_a_fill_that_came_before_the_cancel_is_found_and_told(
    client: APIClient, account: Account, fake: FakeVenue
) -> None:
    order = place(account)
    fake.fill(order.venue_order_id, 1, 90)

    answer = ask(client, order, "cancel")

    assert (answer.status_code, codes(answer)) == (409, ["order_already_filled"])
    order.refresh_from_db()
    assert (order.state, order.filled) == ("filled", 1)


def test_what_was_filled_before_the_cancel_is_kept(
    client: APIClient, account: Account, fake: FakeVenue
) -> None:
    order = place(account)
    fake.fill(order.venue_order_id, "0.3", 90)

    told = ask(client, order, "cancel").json()

    assert (told["state"], told["filled"]) == ("cancelled", "0.3")


@pytest.mark.parametrize("error", [OutcomeUnknown("lost"), ExchangeUnavailable("away")])
def test_a_cancel_that_nobody_confirms_leaves_it_open_and_wanted_gone(
    client: APIClient, account: Account, fake: FakeVenue, error: Exception
) -> None:
    order = place(account)
    fake.fault("order_cancel", error)

    answer = ask(client, order, "cancel")

    assert (answer.status_code, answer.json()["state"]) == (202, "open")
    assert answer.json()["cancel_asked_at"]
    assert Reservation.objects.get().released_at is None
    assert ask(client, order, "cancel").status_code == 200


def test_an_order_that_is_gone_at_the_venue_is_looked_at_not_concluded(
    client: APIClient, account: Account, fake: FakeVenue
) -> None:
    order = place(account)
    fake.hidden[order.client_order_id] = 100

    answer = ask(client, order, "cancel")

    assert (answer.status_code, answer.json()["state"]) == (202, "open")


def test_an_intent_is_cancelled_without_asking_the_venue(
    account: Account, fake: FakeVenue
) -> None:
    order = order_left(account, OrderState.INTENT)
    order_cancel(actor=account.owner, order_id=order.pk, now=timezone.now())
    order.refresh_from_db()
    assert (order.state, order.sent_at) == ("cancelled", None)
    assert not fake.calls


def test_a_cancel_while_it_is_on_its_way_is_done_once_it_has_arrived(
    account: Account, fake: FakeVenue
) -> None:
    def wanted(method: str) -> None:
        if method == "order_place":
            sent = Order.objects.get()
            order_cancel(actor=account.owner, order_id=sent.pk, now=timezone.now())

    fake.before = wanted
    order = place(account)

    assert order.state == "cancelled"
    (there,) = fake.orders.values()
    assert there.state is VenueOrderState.CANCELLED


def test_all_that_is_open_is_cancelled_each_with_its_own_answer(
    client: APIClient, account: Account, fake: FakeVenue
) -> None:
    orders = [place(account, quantity=Decimal(1)) for _ in range(3)]
    fake.fill(orders[1].venue_order_id, 1, 90)
    fake.fault("order_cancel", OutcomeUnknown("lost"))

    answer = client.post(f"{ORDERS}cancel-all/", {"account": str(account.pk)})

    assert answer.status_code == 207
    results = answer.json()["results"]
    assert [one["status"] for one in results] == [202, 409, 200]
    market_make(symbol="ETH/USDT")
    none = client.post(
        f"{ORDERS}cancel-all/",
        {"account": str(account.pk), "symbol": "ETH/USDT", "side": "buy"},
    )
    assert none.json() == {"results": []}


def test_all_of_a_market_that_is_not_listed_is_refused_unless_some_are_open(
    client: APIClient, account: Account
) -> None:
    gone = market_make(symbol="ETH/USDT", gone_at=timezone.now(), active=False)
    wanted = {"account": str(account.pk)}

    def cancel_all(symbol: str, **more: str) -> Any:
        return client.post(f"{ORDERS}cancel-all/", wanted | {"symbol": symbol} | more)

    for wrong in ("BTCUSDT", gone.symbol):
        answer = cancel_all(wrong)
        assert (answer.status_code, codes(answer)) == (404, ["symbol_unknown"])
    assert "BTC/USDT" in cancel_all("BTCUSDT").json()["errors"][0]["detail"]
    order = place(account)
    VenueMarket.objects.filter(symbol=order.symbol).update(
        gone_at=timezone.now(), active=False
    )
    assert cancel_all(order.symbol, side="sell").json() == {"results": []}
    (result,) = cancel_all(order.symbol).json()["results"]
    assert (result["status"], result["order"]["state"]) == (200, "cancelled")


def test_several_are_cancelled_each_as_if_alone(
    client: APIClient, account: Account
) -> None:
    first, second = place(account), place(account)
    ids = [str(first.pk), str(account.pk), str(first.pk), str(second.pk)]
    answer = client.post(f"{ORDERS}bulk-cancel/", {"orders": ids})
    statuses = [one["status"] for one in answer.json()["results"]]
    assert statuses == [200, 404, 409, 200]


def test_a_replacement_is_placed_for_what_is_left_once_the_old_one_is_gone(
    client: APIClient, account: Account, fake: FakeVenue
) -> None:
    order = place(account)
    fake.fill(order.venue_order_id, "0.3", 90)

    answer = ask(client, order, "replace", quantity="2", price="91")

    made = answer.json()
    assert answer.status_code == 201
    assert (made["quantity"], made["price"]) == ("1.7", "91")
    assert made["replaces"] == str(order.pk)
    order.refresh_from_db()
    assert (order.state, order.filled) == ("cancelled", Decimal("0.3"))
    open_there = [
        one for one in fake.orders.values() if one.state is VenueOrderState.OPEN
    ]
    assert [one.quantity for one in open_there] == [Decimal("1.7")]
    again = ask(client, order, "replace", price="92")
    assert codes(again) == ["order_already_cancelled"]


def test_a_replacement_that_loses_against_a_fill_places_nothing(
    client: APIClient, account: Account, fake: FakeVenue
) -> None:
    order = place(account)
    fake.fill(order.venue_order_id, 1, 90)

    answer = ask(client, order, "replace", price="91")

    assert (answer.status_code, codes(answer)) == (409, ["order_already_filled"])
    assert Order.objects.count() == 1


def test_the_replacement_of_an_order_from_elsewhere_is_one_of_ours(
    client: APIClient, account: Account, fake: FakeVenue
) -> None:
    name = fake.outside(price=90)
    old = order_adopt(account=account, told=fake.orders[name], now=timezone.now())
    assert old is not None

    made = ask(client, old, "replace", price="89").json()

    assert (old.origin, made["origin"]) == ("external", "api")


def test_nothing_is_placed_while_the_old_order_may_be_open(
    client: APIClient, account: Account, fake: FakeVenue
) -> None:
    order = place(account)
    fake.fault("order_cancel", OutcomeUnknown("lost"))

    answer = ask(client, order, "replace", price="91")

    assert (answer.status_code, codes(answer)) == (409, ["order_unsettled"])
    assert fake.asked("order_place") == 1


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"price": "90.005"}, "price_off_tick"),
        ({"quantity": "0.0005"}, "quantity_too_small"),
        ({}, "order_invalid"),
        ({"stop_price": "80"}, "order_invalid"),
    ],
)
def test_a_replacement_that_the_market_would_not_take_leaves_the_old_one(
    client: APIClient, account: Account, fields: dict[str, str], code: str
) -> None:
    order = place(account)
    assert codes(ask(client, order, "replace", **fields)) == [code]
    order.refresh_from_db()
    assert order.state == "open"


def test_both_orders_are_never_at_risk_at_once(
    client: APIClient, account: Account
) -> None:
    limit(account, max_open_orders=1)
    order = place(account)

    answer = ask(client, order, "replace", price="91")

    assert answer.status_code == 201
    second = client.post(ORDERS, body(account))
    assert codes(second) == ["risk_refused"]


def test_a_resting_paper_order_that_is_met_is_filled_not_cancelled(
    client: APIClient, account: Account
) -> None:
    order = place(account)
    price_put("binance", "BTC/USDT", "89", "89.5")
    from apps.portfolio.paper.matching import paper_step  # noqa: PLC0415

    paper_step(account_id=account.pk, now=timezone.now())
    assert codes(ask(client, order, "cancel")) == ["order_already_filled"]
