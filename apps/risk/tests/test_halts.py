from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from apps.core.errors import Unavailable
from apps.core.models import OutboxEvent
from apps.portfolio.tests.world import NOW, account_make, user_make
from apps.risk import halt_followers
from apps.risk.errors.limits import HaltNotCleared
from apps.risk.models import RiskEvent, RiskScope
from apps.risk.services.halts import (
    halt_cleared,
    halt_quiet,
    kill_switch_engage,
    kill_switch_release,
)
from apps.users.enums import ApiKeyScope
from apps.users.tests.keys import key_make, program

if TYPE_CHECKING:
    from datetime import datetime

    from rest_framework.test import APIClient

    from apps.users.models import User

ENGAGE = "/api/v1/risk/kill-switch/engage/"
RELEASE = "/api/v1/risk/kill-switch/release/"
STATE = "/api/v1/risk/state/"

_called: list[str] = []


def _follow(*, scope: RiskScope, now: datetime) -> None:
    _called.append(scope.scope)
    halt_quiet(scope=scope, now=now)
    halt_cleared(scope=scope, now=now)


def _fail(*, scope: RiskScope, now: datetime) -> None:
    msg = "the venue does not answer"
    raise Unavailable(msg)


@pytest.fixture(autouse=True)
def followers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Nobody follows a halt, unless a test says so."""
    _called.clear()
    found: list[str] = []
    monkeypatch.setattr(halt_followers, "_followers", found)
    return found


def test_a_halt_is_committed_told_once_and_followed_until_it_is_cleared(
    actor: User, followers: list[str]
) -> None:
    followers.append(f"{__name__}._fail")
    scope = kill_switch_engage(actor=actor, account_id=None, reason="fire", now=NOW)
    assert (scope.state, scope.halted_at, scope.cleared_at) == ("halted", NOW, None)
    followers.append(f"{__name__}._follow")
    later = NOW + timedelta(seconds=5)
    scope = kill_switch_engage(actor=actor, account_id=None, reason="again", now=later)
    assert (scope.halted_at, scope.reason) == (NOW, "fire")
    assert (scope.quiet_at, scope.cleared_at) == (later, later)
    kill_switch_engage(actor=actor, account_id=None, reason="again", now=later)
    assert _called == [scope.scope]
    names = list(
        OutboxEvent.objects.order_by("sequence").values_list("name", flat=True)
    )
    assert names == ["halted", "quiet", "cleared"]
    assert RiskEvent.objects.count() == 3


def test_a_halt_is_released_when_the_venue_has_confirmed_it_or_by_force(
    actor: User,
) -> None:
    account = account_make(actor)
    mine: dict[str, Any] = {"actor": actor, "account_id": account.pk, "now": NOW}
    scope = kill_switch_engage(reason="fire", **mine)
    with pytest.raises(HaltNotCleared):
        kill_switch_release(reason="calm", **mine)
    halt_cleared(scope=scope, now=NOW)
    assert kill_switch_release(reason="calm", **mine).state == "active"
    assert kill_switch_release(reason="calm", **mine).state == "active"
    later = NOW + timedelta(seconds=1)
    scope = kill_switch_engage(reason="fire", **mine | {"now": later})
    assert (scope.halted_at, scope.cleared_at) == (later, None)
    # Of the halt before, whoever is late says nothing about this one.
    scope.halted_at = NOW
    assert not halt_cleared(scope=scope, now=later)
    forced = kill_switch_release(reason="calm", force=True, **mine)
    assert forced.state == "active"
    assert "before the venue" in RiskEvent.objects.first().detail  # type: ignore[union-attr]


@pytest.mark.django_db
def test_a_trade_key_may_stop_and_reduce_and_only_an_admin_key_lets_go_on() -> None:
    user = user_make()
    _, trade = key_make(user, ApiKeyScope.READ, ApiKeyScope.TRADE)
    _, every = key_make(user, *ApiKeyScope)
    trader, admin = program(trade), program(every)
    reduce = {"state": "reducing", "reason": "calm"}
    active = {"state": "active", "reason": "well"}
    assert trader.post(STATE, reduce, "json").json()["state"] == "reducing"
    answer = trader.post(STATE, active, "json")
    assert answer.status_code == 403
    assert admin.post(STATE, active, "json").json()["state"] == "active"
    assert trader.post(ENGAGE, {}, "json").json()["state"] == "halted"
    assert admin.post(STATE, active, "json").status_code == 409
    let = {"reason": "well", "force": True}
    assert trader.post(RELEASE, let, "json").status_code == 403
    assert admin.post(RELEASE, {"force": True}, "json").status_code == 400
    assert admin.post(RELEASE, {"reason": "well"}, "json").status_code == 409
    assert admin.post(RELEASE, let, "json").json()["state"] == "active"


def test_nobody_stops_the_account_of_somebody_else(client: APIClient) -> None:
    other = account_make(user_make())
    body = {"account": str(other.pk), "reason": "x", "state": "reducing"}
    assert client.post(STATE, body, "json").status_code == 404
    del body["state"]
    for where in (ENGAGE, RELEASE):
        assert client.post(where, body, "json").status_code == 404
    assert not RiskScope.objects.exclude(state="active").exists()
