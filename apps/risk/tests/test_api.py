from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.utils import timezone

from apps.portfolio.tests.world import (
    account_make,
    deposit,
    market_make,
    price_forget,
    price_put,
    user_make,
)
from apps.risk.tests.world import ask, limit

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from apps.portfolio.models import Account
    from apps.users.models import User

pytestmark = pytest.mark.usefixtures("live_store")

VERDICTS = "/api/v1/risk/verdicts/"


@pytest.fixture
def account(actor: User) -> Account:
    """An account of 10,000 USDT at a market of 99 / 101."""
    made = account_make(actor)
    market_make(symbol="BTC/USDT")
    price_put("binance", "BTC/USDT", "99", "101", last="100")
    deposit(made, "USDT", 10_000)
    return made


def _order(account: Account, **changes: object) -> dict[str, object]:
    return {
        "account": str(account.pk),
        "symbol": "BTC/USDT",
        "side": "buy",
        "kind": "limit",
        "quantity": "1",
        "price": "100",
    } | changes


def test_a_dry_run_tells_every_rule_with_its_value_and_limit(
    account: Account, client: APIClient
) -> None:
    limit(account, max_order_notional="50")
    made = client.post(VERDICTS, _order(account), "json")
    assert made.status_code == 201
    body = made.json()
    assert (body["allowed"], body["order_id"], body["order"]["notional"]) == (
        False,
        None,
        "100",
    )
    assert body["rules"][0] == {
        "rule": "max_order_notional",
        "scope": "account",
        "passed": False,
        "value": "100",
        "limit": "50",
        "unit": "USDT",
        "message": "The order would be 100 USDT; allowed is at most 50 USDT.",
    }
    assert client.get(f"{VERDICTS}{body['id']}/").json() == body
    assert client.get(VERDICTS, {"allowed": "false"}).json()["results"] == [body]
    assert client.get(VERDICTS, {"allowed": "true"}).json()["results"] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"quantity": "0"},
        {"quantity": "-1"},
        {"quantity": "NaN"},
        {"quantity": "1e400"},
        {"price": None},
        {"kind": "market"},
        {"kind": "stop", "price": None},
        {"side": "hold"},
        {"wish": 1},
    ],
)
def test_an_order_that_makes_no_sense_is_a_400(
    account: Account, client: APIClient, changes: dict[str, object]
) -> None:
    answer = client.post(VERDICTS, _order(account, **changes), "json")
    assert answer.status_code == 400


def test_what_is_somebody_elses_is_not_there(
    account: Account, client: APIClient
) -> None:
    other = account_make(user_make())
    assert client.post(VERDICTS, _order(other), "json").status_code == 404
    unknown = _order(account, symbol="BTC/USDX")
    assert client.post(VERDICTS, unknown, "json").status_code == 404
    assert client.get(f"{VERDICTS}{uuid4()}/").status_code == 404
    _, verdict = ask(other)
    assert client.get(f"{VERDICTS}{verdict.id}/").status_code == 404


def test_the_status_tells_how_much_of_each_limit_is_used(
    account: Account, client: APIClient
) -> None:
    limit(account, max_position_notional="400", max_open_orders=5, max_drawdown="0.5")
    limit(account, of_user=True, max_leverage="1")
    ask(account, now=timezone.now())
    body = client.get("/api/v1/risk/status/").json()
    (one,) = body["accounts"]
    assert one["scope"]["state"] == body["user"]["state"] == "active"
    assert (one["equity"], one["open_orders"]) == ("10000", 1)
    assert one["exposures"] == [{"symbol": "BTC/USDT", "amount": "100"}]
    used = {rule["rule"]: (rule["value"], rule["limit"]) for rule in one["rules"]}
    assert used == {
        "max_position_notional": ("100", "400"),
        "max_open_orders": ("1", "5"),
        "max_drawdown": ("0", "0.5"),
    }
    (together,) = body["together"]
    assert together["rules"][0]["value"] == "0.01"


def test_the_status_is_told_without_prices_too(
    account: Account, client: APIClient
) -> None:
    deposit(account, "BTC", 1)
    limit(account, max_leverage="1")
    price_forget("binance")
    answer = client.get("/api/v1/risk/status/")
    (one,) = answer.json()["accounts"]
    assert answer.status_code == 200
    assert (one["equity"], one["rules"][0]["passed"]) == (None, False)
    assert "BTC" in one["message"]


def test_events_are_listed_newest_first(account: Account, client: APIClient) -> None:
    limit(account, max_open_orders=1)
    client.post("/api/v1/risk/state/", {"state": "reducing", "reason": "calm"}, "json")
    found = client.get("/api/v1/risk/events/").json()["results"]
    assert [one["name"] for one in found] == ["reducing", "limits_changed"]
    found = client.get("/api/v1/risk/events/", {"account": str(account.pk)}).json()
    assert [one["name"] for one in found["results"]] == ["limits_changed"]
