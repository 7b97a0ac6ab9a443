"""Keys of live accounts: proven before they are kept, changed without a gap."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections

from apps.exchanges import registry
from apps.portfolio.errors.credentials import (
    CredentialsMissing,
    CredentialsSealBroken,
)
from apps.portfolio.models import AccountPreflight, Credential
from apps.portfolio.sealing import Keys, seal, unseal
from apps.portfolio.services.credentials import credentials_set
from apps.portfolio.tests.factories import (
    OTHER_KEY,
    OTHER_SECRET,
    READ_KEY,
    WITHDRAW_KEY,
    live_account_make,
)
from apps.portfolio.tests.live import venue, venue_running
from apps.portfolio.tests.world import NOW, account_make
from apps.portfolio.venues import account_port
from apps.users.tests.keys import key_make, program
from tests.exchange_server.exchange import KEY, SECRET

if TYPE_CHECKING:
    from pytest_django import Settings
    from rest_framework.test import APIClient

    from apps.portfolio.models import Account
    from apps.users.models import User
    from tests.exchange_server.fixtures import Served

__all__ = ("venue", "venue_running")

GOOD = {"api_key": KEY, "secret": SECRET}
OTHER = {"api_key": OTHER_KEY, "secret": OTHER_SECRET}

pytestmark = pytest.mark.django_db


def path_of(account: Account, rest: str = "") -> str:
    return f"/api/v1/accounts/{account.pk}/credentials/{rest}"


def keys_of(account: Account) -> Keys:
    sealed = Credential.objects.get(account=account).sealed
    return unseal(sealed, account_id=account.pk, owner_id=account.owner_id)


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["code"]


@pytest.fixture
def account(actor: User, venue: Served) -> Account:
    return account_make(actor, mode="live")


def test_keys_are_proven_and_kept_and_only_what_they_may_is_told(
    client: APIClient, account: Account, venue: Served
) -> None:
    told = client.put(path_of(account), GOOD).json()
    assert told.pop("tested_at") and told.pop("created_at") and told.pop("updated_at")
    assert told == {
        "key_hint": KEY[-4:],
        "can_trade": True,
        "can_withdraw": False,
        "addresses_restricted": False,
        "message": "",
    }
    assert keys_of(account) == Keys(KEY, SECRET)
    assert client.get(path_of(account)).json()["key_hint"] == KEY[-4:]
    held = account_port(account, now=NOW).balances()
    assert {each.currency for each in held} >= {"USDT", "BTC"}


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        (GOOD | {"secret": "wrong"}, "credentials_refused"),
        ({"api_key": "of-another-venue", "secret": "x"}, "credentials_refused"),
        (GOOD | {"api_key": READ_KEY}, "credentials_cannot_trade"),
        (GOOD | {"api_key": WITHDRAW_KEY}, "credentials_can_withdraw"),
    ],
)
def test_keys_that_are_not_what_is_needed_are_refused_and_the_old_ones_stay(
    client: APIClient, account: Account, keys: dict[str, str], code: str
) -> None:
    assert code_of(client.put(path_of(account), keys)) == (422, code)
    assert not Credential.objects.filter(account=account).exists()
    client.put(path_of(account), GOOD)
    preflight = AccountPreflight.objects.create(
        account=account, passed=True, findings=[]
    )
    before = Credential.objects.get(account=account)
    refused = client.put(path_of(account), keys)
    assert code_of(refused) == (422, code)
    assert "Nothing was changed" in refused.json()["errors"][0]["detail"]
    after = Credential.objects.get(account=account)
    assert (after.sealed, after.tested_at) == (before.sealed, before.tested_at)
    preflight.refresh_from_db()
    assert preflight.void_at is None


def test_an_exchange_that_does_not_answer_leaves_the_old_keys(
    client: APIClient, account: Account, venue: Served
) -> None:
    client.put(path_of(account), GOOD)
    venue.fault("error_before", path="account", times=None, status=503)
    answer = client.put(path_of(account), OTHER)
    assert code_of(answer) == (503, "exchange_unavailable")
    assert keys_of(account) == Keys(KEY, SECRET)


def test_new_keys_end_the_preflight_and_the_client_of_the_old_ones(
    client: APIClient, account: Account
) -> None:
    client.put(path_of(account), GOOD)
    preflight = AccountPreflight.objects.create(
        account=account, passed=True, findings=[]
    )
    before = account_port(account, now=NOW)
    assert account_port(account, now=NOW) is before
    assert client.put(path_of(account), OTHER).status_code == 200
    preflight.refresh_from_db()
    assert preflight.void_at is not None
    after = account_port(account, now=NOW)
    assert after is not before
    assert keys_of(account) == Keys(OTHER_KEY, OTHER_SECRET)
    configs = [config for kind, _, config in registry._open if kind == "account"]
    assert [config.api_key for config in configs] == [OTHER_KEY]


def test_keys_that_another_process_stored_are_used_by_the_next_call(
    account: Account, client: APIClient
) -> None:
    client.put(path_of(account), GOOD)
    before = account_port(account, now=NOW)
    keys = Keys(OTHER_KEY, OTHER_SECRET)
    sealed = seal(keys, account_id=account.pk, owner_id=account.owner_id)
    Credential.objects.filter(account=account).update(sealed=sealed)
    assert account_port(account, now=NOW) is not before
    configs = [config for kind, _, config in registry._open if kind == "account"]
    assert [config.api_key for config in configs] == [OTHER_KEY]


def test_a_row_that_is_copied_to_another_account_opens_no_exchange(
    account: Account, client: APIClient
) -> None:
    client.put(path_of(account), GOOD)
    other = live_account_make(account.owner)
    copied = Credential.objects.get(account=account).sealed
    Credential.objects.filter(account=other).update(sealed=copied)
    with pytest.raises(CredentialsSealBroken, match="sealed for another account"):
        account_port(other, now=NOW)


def test_a_test_writes_down_what_the_keys_may_now_and_ends_the_preflight(
    client: APIClient, account: Account, venue: Served
) -> None:
    client.put(path_of(account), GOOD)
    preflight = AccountPreflight.objects.create(
        account=account, passed=True, findings=[]
    )
    assert client.post(path_of(account, "test/")).json()["can_withdraw"] is False
    preflight.refresh_from_db()
    assert preflight.void_at is None
    exchange = venue.exchange
    assert exchange is not None
    served = exchange.desk.accounts[KEY]
    served.can_withdraw = True
    try:
        told = client.post(path_of(account, "test/")).json()
    finally:
        served.can_withdraw = False
    assert told["can_withdraw"] is True
    preflight.refresh_from_db()
    assert preflight.void_at is not None


def test_keys_are_removed_and_then_nothing_is_reached(
    client: APIClient, account: Account, django_capture_on_commit_callbacks: Any
) -> None:
    client.put(path_of(account), GOOD)
    account_port(account, now=NOW)
    with django_capture_on_commit_callbacks(execute=True):
        assert client.delete(path_of(account)).status_code == 204
    assert [key for key in registry._open if key[0] == "account"] == []
    for method, path in (("get", ""), ("delete", ""), ("post", "test/")):
        answer = getattr(client, method)(path_of(account, path))
        assert code_of(answer) == (404, "credentials_not_found")
    with pytest.raises(CredentialsMissing, match="has no keys"):
        account_port(account, now=NOW)


def test_keys_are_of_open_live_accounts_and_need_a_master_key(
    client: APIClient, actor: User, account: Account, settings: Settings, venue: Served
) -> None:
    seen = len(venue.requests())
    paper = account_make(actor)
    assert code_of(client.put(path_of(paper), GOOD)) == (409, "account_is_paper")
    closed = account_make(actor, mode="live", closed_at=NOW)
    assert code_of(client.put(path_of(closed), GOOD)) == (409, "account_closed")
    settings.CREDENTIALS_KEY = None
    answer = client.put(path_of(account), GOOD)
    assert code_of(answer) == (422, "credentials_key_missing")
    assert len(venue.requests()) == seen


@pytest.mark.parametrize(
    ("method", "path"),
    [("put", ""), ("get", ""), ("delete", ""), ("post", "test/")],
)
def test_an_api_key_needs_the_scope_admin_to_touch_keys(
    actor: User, account: Account, method: str, path: str
) -> None:
    _, text = key_make(actor, "read", "trade")
    answer = getattr(program(text), method)(path_of(account, path), GOOD)
    assert code_of(answer) == (403, "api_key_scope_missing")


@pytest.mark.parametrize("spoilt", [" key", "key\n", "schlüssel", ""])
def test_keys_with_a_slip_of_copying_are_refused_before_the_exchange_is_asked(
    client: APIClient, account: Account, venue: Served, spoilt: str
) -> None:
    seen = len(venue.requests())
    answer = client.put(path_of(account), GOOD | {"api_key": spoilt})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == "api_key"
    assert len(venue.requests()) == seen


@pytest.mark.django_db(transaction=True)
def test_orders_that_are_sent_while_keys_change_are_never_signed_with_parts_of_both(
    account: Account, venue: Served
) -> None:
    pairs = {KEY: SECRET, OTHER_KEY: OTHER_SECRET}
    credentials_set(
        actor=account.owner,
        account_id=account.pk,
        api_key=KEY,
        secret=SECRET,
        password=None,
        now=NOW,
    )
    seen: set[str] = set()
    wrong: list[str] = []
    done = threading.Event()

    def use() -> None:
        try:
            while not done.is_set():
                port: Any = account_port(account, now=NOW)
                config = port._client
                seen.add(config.apiKey)
                if pairs[config.apiKey] != config.secret:
                    wrong.append(config.apiKey)
                if not port.balances():
                    wrong.append("empty")
        except Exception as error:
            wrong.append(repr(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=use) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for key in (OTHER_KEY, KEY, OTHER_KEY):
            credentials_set(
                actor=account.owner,
                account_id=account.pk,
                api_key=key,
                secret=pairs[key],
                password=None,
                now=NOW,
            )
    finally:
        done.set()
        for thread in threads:
            thread.join(30)
    assert wrong == []
    assert seen == set(pairs)
