"""A live account trades only after a go/no-go list without a no-go, and not for long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from apps.core.preflight.contracts import no_go
from apps.market.models import VenueList
from apps.portfolio import preflight_checks
from apps.portfolio.errors.accounts import AccountInUse, PreflightNotPassed
from apps.portfolio.models import AccountPreflight, Credential
from apps.portfolio.preflight import live_accounts_check
from apps.portfolio.sealing import Keys, seal
from apps.portfolio.services import preflight as service
from apps.portfolio.services.preflight import account_preflight
from apps.portfolio.tests.factories import (
    OTHER_KEY,
    OTHER_SECRET,
    READ_KEY,
    WITHDRAW_KEY,
    live_account_make,
    live_settings,
    master_key,
)
from apps.portfolio.tests.live import venue, venue_running
from apps.portfolio.tests.world import NOW, account_make
from apps.portfolio.venues import trading_admit
from tests.exchange_server.exchange import KEY, SECRET

if TYPE_CHECKING:
    from datetime import datetime

    from pytest_django import Settings
    from rest_framework.test import APIClient

    from apps.core.preflight.contracts import Finding
    from apps.portfolio.models import Account
    from apps.users.models import User
    from tests.exchange_server.fixtures import Served

__all__ = ("venue", "venue_running")

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_other_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what rooms above look at: they have tests of their own."""
    monkeypatch.setattr(preflight_checks, "_checks", {})


@pytest.fixture
def account(actor: User, venue: Served) -> Account:
    return live_account_make(actor, passed=None)


def run(client: APIClient, account: Account) -> dict[str, Any]:
    answer = client.post(f"/api/v1/accounts/{account.pk}/preflight/")
    assert answer.status_code == 201, answer.content
    body: dict[str, Any] = answer.json()
    return body


def verdicts(body: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["verdict"] for one in body["findings"]}


def test_a_list_without_a_no_go_lets_the_account_trade(
    client: APIClient, account: Account
) -> None:
    with pytest.raises(PreflightNotPassed):
        trading_admit(account=account, now=timezone.now())
    body = run(client, account)
    assert verdicts(body) == {
        "live trading": "GO",
        "exchange": "GO",
        "markets": "GO",
        "keys": "GO",
        "trading": "GO",
        "withdrawals": "GO",
        "addresses": "WARN",
        "clock": "GO",
        "balances": "GO",
    }
    assert body["passed"]
    assert body["valid_until"] > body["created_at"]
    where = f"/api/v1/accounts/{account.pk}/preflight/"
    assert client.get(where).json() == body
    trading_admit(account=account, now=timezone.now())


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        (Keys(READ_KEY, SECRET), "trading"),
        (Keys(WITHDRAW_KEY, SECRET), "withdrawals"),
        (Keys(KEY, "wrong"), "keys"),
    ],
)
def test_keys_that_do_too_little_or_too_much_stop_it(
    client: APIClient, actor: User, venue: Served, keys: Keys, name: str
) -> None:
    account = live_account_make(actor, keys=keys, passed=True)
    body = run(client, account)
    assert not body["passed"]
    assert body["valid_until"] is None
    assert verdicts(body)[name] == "NO-GO"
    with pytest.raises(PreflightNotPassed):
        trading_admit(account=account, now=timezone.now())


def test_each_thing_that_is_not_as_it_must_be_is_a_no_go_with_what_to_do(
    client: APIClient, account: Account, settings: Settings, venue: Served
) -> None:
    venue.clock_set(skew_seconds=3)
    assert verdicts(run(client, account))["clock"] == "NO-GO"
    venue.clock_set(skew_seconds=0)
    settings.LIVE_TRADING = False
    body = run(client, account)
    assert verdicts(body)["live trading"] == "NO-GO"
    assert verdicts(body)["keys"] == "GO"
    settings.LIVE_TRADING = True
    VenueList.objects.all().delete()
    assert verdicts(run(client, account))["markets"] == "NO-GO"
    settings.CREDENTIALS_KEY = master_key("z")
    assert verdicts(run(client, account))["keys"] == "NO-GO"
    Credential.objects.all().delete()
    body = run(client, account)
    assert verdicts(body)["keys"] == "NO-GO"
    actions = [one["action"] for one in body["findings"] if one["verdict"] != "GO"]
    assert all(actions)
    settings.EXCHANGES_ALLOWED = ("kraken",)
    assert verdicts(run(client, account))["exchange"] == "NO-GO"


def stopped(account: Account, now: datetime) -> list[Finding]:
    return [no_go("limits", f"{account.name} has none", "set them")]


def failing(account: Account, now: datetime) -> list[Finding]:
    raise AccountInUse(account.name)


def test_rooms_above_add_what_they_look_at_and_an_error_of_theirs_is_a_no_go(
    client: APIClient, account: Account
) -> None:
    preflight_checks.account_check("limits", f"{__name__}.stopped")
    preflight_checks.account_check("orders", f"{__name__}.failing")
    body = run(client, account)
    assert (verdicts(body)["limits"], verdicts(body)["orders"]) == ("NO-GO", "NO-GO")
    assert not body["passed"]


def test_keys_that_change_while_the_list_is_made_make_it_void(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changing(*_: object) -> list[Finding]:
        keys = Keys(OTHER_KEY, OTHER_SECRET)
        sealed = seal(keys, account_id=account.pk, owner_id=account.owner_id)
        Credential.objects.filter(account=account).update(sealed=sealed)
        return []

    monkeypatch.setattr(service, "account_findings", changing)
    made = account_preflight(actor=account.owner, account_id=account.pk, now=NOW)
    assert made.passed
    assert made.void_at == NOW
    with pytest.raises(PreflightNotPassed, match="keys have changed"):
        trading_admit(account=account, now=timezone.now())


def test_only_the_newest_lists_are_kept(
    account: Account, client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "KEPT", 2)
    ids = [run(client, account)["id"] for _ in range(3)]
    kept = AccountPreflight.objects.filter(account=account).values_list("pk", flat=True)
    assert {str(one) for one in kept} == set(ids[1:])


def test_a_paper_account_needs_none_and_a_new_live_one_has_none(
    client: APIClient, actor: User, account: Account
) -> None:
    paper = account_make(actor)
    for who, status, code in (
        (paper, 409, "account_is_paper"),
        (account_make(actor, mode="live", closed_at=NOW), 409, "account_closed"),
    ):
        answer = client.post(f"/api/v1/accounts/{who.pk}/preflight/")
        assert answer.status_code == status
        assert answer.json()["errors"][0]["code"] == code
    answer = client.get(f"/api/v1/accounts/{account.pk}/preflight/")
    assert answer.json()["errors"][0]["code"] == "preflight_not_found"


# --- the service's own list


def told() -> dict[str, tuple[str, str]]:
    return {one.name: (one.verdict.value, one.found) for one in live_accounts_check()}


def test_the_services_own_list_tells_of_live_accounts_and_stored_keys(
    settings: Settings,
) -> None:
    live_settings(settings)
    assert told()["live accounts"][0] == "GO"
    account = live_account_make()
    assert told() == {
        "stored keys": ("GO", "1 sealed with CREDENTIALS_KEY, all open"),
        "live accounts": ("GO", "LIVE_TRADING is on; 1 may send orders"),
    }
    AccountPreflight.objects.update(passed=False)
    verdict, found = told()["live accounts"]
    assert verdict == "WARN"
    assert str(account.pk) in found
    settings.CREDENTIALS_KEYS_OLD = (settings.CREDENTIALS_KEY,)
    settings.CREDENTIALS_KEY = master_key("n")
    assert told()["stored keys"][0] == "WARN"
    settings.CREDENTIALS_KEYS_OLD = ()
    assert told()["stored keys"][0] == "NO-GO"
    settings.CREDENTIALS_KEY = None
    assert told()["stored keys"][0] == "NO-GO"
    settings.LIVE_TRADING = False
    assert told()["live accounts"][0] == "GO"
