from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from apps.portfolio.tests.world import NOW, account_make, deposit, price_put
from apps.risk.models import RiskEvent, RiskLock, RiskResult
from apps.risk.services.gate import exposure_release
from apps.risk.services.losses import losses_judge
from apps.risk.services.self_locking import account_watch, locks_judge
from apps.risk.tests.world import ask, failed, fill, limit

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from apps.portfolio.models import Account
    from apps.users.models import User

pytestmark = pytest.mark.usefixtures("live_store")

HOUR = 3600
GUARD = {"count": 2, "lookback_seconds": HOUR, "lock_seconds": HOUR}


@pytest.fixture
def account(actor: User) -> Account:
    """An account of 10,000 USDT, with two markets at 100."""
    made = account_make(actor)
    deposit(made, "USDT", 10_000, NOW)
    for symbol in ("BTC/USDT", "ETH/USDT"):
        price_put("binance", symbol, "100", "100", at=NOW)
    return made


def _trade(
    account: Account, exit_price: str, symbol: str = "BTC/USDT", **fields: Any
) -> None:
    """Buy 1 at 100 and sell it again."""
    bought, verdict = ask(account, symbol=symbol)
    assert verdict.allowed, verdict.rules
    fill(account, bought, "1", "100")
    exposure_release(order_id=bought, now=NOW)
    _sell(account, exit_price, symbol, **fields)


def _sell(account: Account, exit_price: str, symbol: str, **fields: Any) -> None:
    fields.setdefault("price", exit_price)
    sold, verdict = ask(account, side="sell", symbol=symbol, **fields)
    assert verdict.allowed, verdict.rules
    fill(account, sold, "1", exit_price)
    exposure_release(order_id=sold, now=NOW)


def test_losses_lock_what_adds_for_a_while_and_never_what_reduces(
    account: Account,
) -> None:
    _trade(account, "90")
    limit(account, locks={"stop": GUARD})
    # What was lost before the guard was set is not counted.
    _trade(account, "95")
    kept, _ = ask(account)
    fill(account, kept, "1", "100")
    _trade(account, "96", "ETH/USDT")
    _, verdict = ask(account)
    assert failed(verdict) == ["lock"]
    assert "2 losses within 3600 s" in verdict.rules[0].message
    assert ask(account, side="sell")[1].allowed
    assert [one.profit for one in RiskResult.objects.exclude(profit=None)] == [-4, -5]
    later = NOW + timedelta(seconds=HOUR + 1)
    price_put("binance", "BTC/USDT", "100", "100", at=later)
    assert ask(account, now=later)[1].allowed


@pytest.mark.parametrize(
    ("guards", "exits", "locked"),
    [
        ({"stop": GUARD | {"only_stops": True}}, ["90", "90"], []),
        ({"stop": GUARD | {"per_symbol": True}}, ["90", "90"], ["BTC/USDT"]),
        ({"loss_streak": GUARD}, ["90", "90"], [""]),
        ({"loss_streak": GUARD}, ["90", "101", "90"], []),
        ({"cooldown": {"lock_seconds": 60}}, ["110", "90"], ["BTC/USDT"]),
        ({"cooldown": {"lock_seconds": 60}}, ["110"], []),
        (
            {
                "drawdown": {
                    "share": "0.002",
                    "lookback_seconds": 60,
                    "lock_seconds": 60,
                }
            },
            ["130", "90", "89"],
            [""],
        ),
        (
            {"drawdown": {"share": "0.01", "lookback_seconds": 60, "lock_seconds": 60}},
            ["130", "90", "89"],
            [],
        ),
    ],
)
def test_each_guard_locks_after_what_it_says(
    account: Account, guards: dict[str, Any], exits: list[str], locked: list[str]
) -> None:
    limit(account, locks=guards)
    for one in exits:
        _trade(account, one)
    made = locks_judge(account=account, now=NOW)
    assert [one.symbol for one in made] == locked
    # Of one result there is one lock.
    assert locks_judge(account=account, now=NOW) == []


def test_a_stopped_loss_is_told_from_another(account: Account) -> None:
    limit(account, locks={"cooldown": {"lock_seconds": 60, "only_stops": True}})
    _trade(account, "90")
    assert locks_judge(account=account, now=NOW) == []
    _trade(account, "90", kind="stop", price=None, stop_price=Decimal(90))
    (made,) = locks_judge(account=account, now=NOW)
    assert (made.kind, made.until) == ("cooldown", NOW + timedelta(seconds=60))


def test_a_lock_that_somebody_released_does_not_come_back(
    account: Account,
) -> None:
    limit(account, locks={"cooldown": {"lock_seconds": HOUR}})
    _trade(account, "90")
    assert failed(ask(account)[1]) == ["lock"]
    RiskLock.objects.update(released_at=NOW)
    assert ask(account)[1].allowed
    assert RiskLock.objects.count() == 1


def test_a_lock_by_hand_is_made_changed_and_released(
    account: Account, client: APIClient
) -> None:
    where = f"/api/v1/accounts/{account.pk}/risk/locks/"
    body = {"symbol": "BTC/USDT", "until": "2999-01-01T00:00:00Z", "reason": "news"}
    assert client.post(where, body, "json").status_code == 400
    soon = (timezone.now() + timedelta(days=3)).isoformat()
    made = client.post(where, body | {"until": soon}, "json")
    assert (made.status_code, made.json()["kind"]) == (201, "manual")
    one = f"{where}{made.json()['id']}/"
    account.refresh_from_db()
    now = timezone.now()
    price_put("binance", "BTC/USDT", "100", "100", at=now)
    price_put("binance", "ETH/USDT", "100", "100", at=now)
    assert failed(ask(account, now=now)[1]) == ["lock"]
    assert ask(account, now=now, symbol="ETH/USDT")[1].allowed
    later = (now + timedelta(days=1)).isoformat()
    assert client.patch(one, {"until": later}, "json").status_code == 200
    assert (
        client.patch(one, {"until": "2020-01-01T00:00:00Z"}, "json").status_code == 400
    )
    assert client.delete(one).status_code == 204
    assert client.delete(one).status_code == 409
    assert ask(account, now=timezone.now())[1].allowed
    assert [
        row["released_at"] is None for row in client.get(where).json()["results"]
    ] == [False]
    names = RiskEvent.objects.order_by("created_at").values_list("name", flat=True)
    assert list(names) == ["locked", "lock_changed", "unlocked"]


def test_losses_are_told_once_a_day_also_when_nobody_orders(account: Account) -> None:
    limit(account, max_daily_loss_share="0.01", max_drawdown="0.5")
    order_id, _ = ask(account, quantity="50")
    fill(account, order_id, "50", "100")
    price_put("binance", "BTC/USDT", "95", "95", at=NOW)
    for _ in range(2):
        losses_judge(account=account, now=NOW)
    account_watch(account=account, now=NOW)
    told = RiskEvent.objects.filter(name__in=["daily_loss", "drawdown"])
    assert [one.name for one in told] == ["daily_loss"]
    assert "0.025" in told[0].detail
