"""Orders over the API to an exchange on loopback, by the real ccxt client."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from rest_framework.test import APIClient

from apps.exchanges.registry import exchanges_close
from apps.portfolio import live_clients
from apps.portfolio.selectors.ledger import balances_of
from apps.portfolio.tests.factories import live_account_make, live_settings
from apps.portfolio.tests.world import deposit, market_make, price_put
from apps.trading.models import Order
from apps.trading.tests.asking import ORDERS, body, codes, sums_agree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import Settings

    from apps.portfolio.models import Account
    from apps.stream.latest import LatestStore
    from tests.exchange_server.fixtures import Served

pytestmark = pytest.mark.django_db

PLACE = {"path": "/api/v3/order", "method": "POST"}


@pytest.fixture
def venue(
    exchange_server: Served, settings: Settings, live_store: LatestStore
) -> Iterator[Served]:
    live_settings(settings, exchange_server)
    live_clients._opened.clear()
    exchange_server.price_set("BTCUSDT", "50000")
    market_make()
    price_put("binance", "BTC/USDT", "49999", "50001")
    yield exchange_server
    exchanges_close()


@pytest.fixture
def account(venue: Served) -> Account:
    made = live_account_make()
    deposit(made, "USDT", 100_000)
    return made


@pytest.fixture
def client(account: Account) -> APIClient:
    signed_in = APIClient(raise_request_exception=False)
    signed_in.force_authenticate(account.owner)
    return signed_in


def placed(venue: Served) -> int:
    return sum(one["method"] == "POST" for one in venue.requests("/api/v3/order"))


def test_a_market_order_is_filled_at_the_exchange_and_in_the_ledger(
    client: APIClient, account: Account, venue: Served
) -> None:
    made = client.post(
        ORDERS, body(account, kind="market", price=None, quantity="0.1")
    ).json()

    assert (made["state"], made["filled"]) == ("filled", "0.1")
    order = Order.objects.get()
    sums_of = balances_of(account)
    assert sums_of["BTC"] <= Decimal("0.1")
    assert sums_of["USDT"] < 100_000
    steps = list(order.transitions.values_list("after", flat=True))
    assert steps[:2] == ["intent", "sent"]
    assert placed(venue) == 1


def test_an_order_rests_is_replaced_and_is_cancelled_at_the_exchange(
    client: APIClient, account: Account, venue: Served
) -> None:
    wanted = body(account, quantity="0.1", price="40000")
    first = client.post(ORDERS, wanted).json()
    assert first["state"] == "open"
    second = client.post(first["_links"]["replace"], {"price": "41000"}).json()
    assert (second["state"], second["replaces"]) == ("open", first["id"])

    ended = client.post(second["_links"]["cancel"])

    assert (ended.status_code, ended.json()["state"]) == (200, "cancelled")
    assert placed(venue) == 2
    sums_agree(Order.objects.get(pk=second["id"]))


def test_what_the_exchange_refuses_is_rejected_with_its_reason(
    client: APIClient, account: Account, venue: Served
) -> None:
    deposit(account, "USDT", 10_000_000_000)
    wanted = body(account, quantity="90", price="40000")
    made = client.post(ORDERS, wanted).json()
    assert (made["state"], made["error_code"]) == ("rejected", "insufficient_funds")
    assert placed(venue) == 1


@pytest.mark.parametrize(
    ("fault", "status", "state"),
    [
        ("drop_after", 202, "unknown"),
        ("truncate", 202, "unknown"),
        ("nulls", 202, "unknown"),
        ("rate_limit", 201, "cancelled"),
    ],
)
def test_an_answer_that_is_lost_leaves_it_unknown_and_it_is_sent_once(
    client: APIClient,
    account: Account,
    venue: Served,
    fault: str,
    status: int,
    state: str,
) -> None:
    venue.fault(fault, **PLACE)

    answer = client.post(ORDERS, body(account, quantity="0.1", price="40000"))

    assert (answer.status_code, answer.json()["state"]) == (status, state)
    assert placed(venue) == 1


def test_a_live_account_without_the_setting_places_nothing(
    client: APIClient, account: Account, venue: Served, settings: Settings
) -> None:
    settings.LIVE_TRADING = False
    answer = client.post(ORDERS, body(account, quantity="0.1", price="40000"))
    assert codes(answer) == ["live_trading_off"]
    assert placed(venue) == 0
    assert not Order.objects.exists()
