from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from apps.core.models import OutboxEvent
from apps.portfolio.tests.world import NOW, account_make, user_make
from apps.risk.errors.limits import LimitsInvalid
from apps.risk.limit_set import LimitSet, limits_parse, limits_read
from apps.risk.models import RiskEvent, RiskScope
from apps.risk.preflight import limits_check
from apps.risk.tests.world import limit

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from apps.users.models import User

GUARD = {"count": 2, "lookback_seconds": 60, "lock_seconds": 60}


@pytest.mark.parametrize(
    ("rules", "where"),
    [
        ({"max_order": "1"}, "rules.max_order"),
        ({"max_order_notional": "0"}, "rules.max_order_notional"),
        ({"max_order_notional": "-1"}, "rules.max_order_notional"),
        ({"max_order_notional": "NaN"}, "rules.max_order_notional"),
        ({"max_order_notional": "Infinity"}, "rules.max_order_notional"),
        ({"max_order_notional": "1e400"}, "rules.max_order_notional"),
        ({"max_order_notional": "1e18"}, "rules.max_order_notional"),
        ({"max_order_notional": "1e-19"}, "rules.max_order_notional"),
        ({"max_order_notional": 0.1}, "rules.max_order_notional"),
        ({"max_order_notional": True}, "rules.max_order_notional"),
        ({"max_share_of_equity": "1.01"}, "rules.max_share_of_equity"),
        ({"max_drawdown": "2"}, "rules.max_drawdown"),
        ({"max_daily_loss_share": "1.5"}, "rules.max_daily_loss_share"),
        ({"max_leverage": "101"}, "rules.max_leverage"),
        ({"max_open_orders": 0}, "rules.max_open_orders"),
        ({"max_open_orders": True}, "rules.max_open_orders"),
        ({"max_open_orders": "5"}, "rules.max_open_orders"),
        ({"allowed_instruments": []}, "rules.allowed_instruments"),
        ({"allowed_instruments": ["BTC USDT"]}, "rules.allowed_instruments"),
        ({"min_stop_distance": "0.2", "max_stop_distance": "0.1"}, "rules"),
        ({"halt_on_drawdown": True}, "rules"),
        ({"currency": "USDT"}, "rules.currency"),
        ({"locks": {"stop": GUARD | {"count": 0}}}, "rules.locks.stop.count"),
        ({"locks": {"stops": GUARD}}, "rules.locks.stops"),
    ],
)
def test_limits_that_make_no_sense_are_refused_by_name(
    rules: dict[str, object], where: str
) -> None:
    with pytest.raises(LimitsInvalid) as caught:
        limits_parse(rules, of_account=True)
    assert where in {one.attr for one in caught.value.details}


def test_limits_come_back_as_they_were_written() -> None:
    written = {
        "max_order_notional": "100.000000000000000001",
        "max_daily_loss_share": "0.05",
        "allowed_instruments": ["BTC/*", "*/EUR"],
        "locks": {
            "stop": GUARD | {"per_symbol": True},
            "cooldown": {"lock_seconds": 5},
        },
    }
    limits = limits_parse(written, of_account=True)
    assert limits.body() == written
    assert limits_read(limits.body()) == limits
    assert LimitSet().body() == {}


def test_limits_are_versioned_and_a_stale_change_is_refused(
    client: APIClient, actor: User
) -> None:
    where = f"/api/v1/accounts/{account_make(actor).pk}/risk/limits/"
    got = client.get(where)
    assert (got["ETag"], got.json()["version"], got.json()["rules"]) == ('"v0"', 0, {})
    body = {
        "rules": {"max_order_notional": "100", "price_collar": 0.1},
        "note": "first",
    }
    assert client.put(where, body, "json").json()["errors"][0]["code"] == (
        "risk_limits_match_missing"
    )
    put = client.put(where, body, "json", headers={"If-Match": got["ETag"]})
    assert (put.status_code, put["ETag"]) == (200, '"v1"')
    assert put.json()["rules"] == {"max_order_notional": "100", "price_collar": "0.1"}
    stale = client.put(where, {"rules": {}}, "json", headers={"If-Match": '"v0"'})
    assert stale.status_code == 412
    same = client.put(where, body, "json", headers={"If-Match": "*"})
    assert same["ETag"] == '"v1"'
    assert client.get(where, headers={"If-None-Match": '"v1"'}).status_code == 304
    client.put(where, {"rules": {}}, "json", headers={"If-Match": '"v1"'})
    history = client.get(f"{where}history/").json()["results"]
    assert [(one["version"], one["note"]) for one in history] == [(2, ""), (1, "first")]
    assert RiskEvent.objects.filter(name="limits_changed").count() == 2
    assert OutboxEvent.objects.filter(topic="risk").count() == 2


@pytest.mark.parametrize(
    "rules",
    [
        {"max_order_notional": "0"},
        {"max_order_notional": "1e400"},
        {"max_leverage": "1000"},
        {"nonsense": 1},
        {"locks": {"stop": {"count": 1}}},
        {"max_orders_per_minute": 10**9},
        [],
    ],
)
def test_bad_limits_are_a_400_and_change_nothing(
    client: APIClient, rules: object
) -> None:
    answer = client.put(
        "/api/v1/risk/limits/", {"rules": rules}, "json", headers={"If-Match": "*"}
    )
    assert answer.status_code == 400
    assert not RiskScope.objects.exclude(rules={}).exists()


def test_limits_of_a_user_have_a_currency_and_no_locks(client: APIClient) -> None:
    where, any_ = "/api/v1/risk/limits/", {"If-Match": "*"}
    put = client.put(where, {"rules": {"currency": "EUR"}}, "json", headers=any_)
    assert put.json()["rules"] == {"currency": "EUR"}
    locks = {"locks": {"cooldown": {"lock_seconds": 5}}}
    put = client.put(where, {"rules": locks}, "json", headers=any_)
    assert put.json()["errors"][0]["attr"] == "rules.locks"


def test_limits_of_somebody_else_are_not_there(client: APIClient) -> None:
    other = account_make(user_make())
    for where in ("limits/", "limits/history/", "locks/"):
        answer = client.get(f"/api/v1/accounts/{other.pk}/risk/{where}")
        assert answer.status_code == 404


def test_a_live_account_needs_limits_of_size_and_of_loss(actor: User) -> None:
    account = account_make(actor, mode="live")
    assert [one.verdict for one in limits_check(account, NOW)] == ["NO-GO", "NO-GO"]
    limit(account, of_user=True, max_drawdown="0.2")
    limit(account, max_order_notional=Decimal(100))
    assert [one.verdict for one in limits_check(account, NOW)] == ["GO", "GO"]
