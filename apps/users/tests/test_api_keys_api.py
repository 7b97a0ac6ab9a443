"""API keys over HTTP: made, listed, sent, replaced, revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.core.tests.answers import client_of, error_of, findings_of
from apps.users.key_format import key_make as text_make
from apps.users.models import ApiKey
from apps.users.services import token_issue
from apps.users.tests.factories import UserFactory
from apps.users.tests.keys import KEYS, key_make, program

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from apps.users.models import User

ME = "/api/v1/me/"
DAY = timedelta(days=1)
BODY: dict[str, Any] = {"name": "night job", "scopes": ["trade"]}

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return UserFactory.create(username="ada")


@pytest.fixture
def ada(user: User) -> APIClient:
    return client_of(user)


def test_a_key_is_shown_once_and_opens_what_is_its_owners(ada: APIClient) -> None:
    made = ada.post(KEYS, BODY)
    body = made.json()

    assert made.status_code == 201
    assert "no-store" in made["Cache-Control"]
    assert body["key"].startswith(f"{body['prefix']}_")
    assert program(body["key"]).get(ME).json()["username"] == "ada"
    shown = ada.get(f"{KEYS}{body['id']}/").json()
    assert "key" not in shown
    assert shown["last_used_at"]
    assert shown["last_used_address"] == "127.0.0.1"


def test_a_key_says_what_it_may_until_when_and_from_where(ada: APIClient) -> None:
    until = timezone.now() + DAY
    given = {
        "expires_at": until.isoformat(),
        "allowed_addresses": ["192.0.2.7", "10.0.0.0/8"],
    }

    body = ada.post(KEYS, BODY | given).json()

    assert body["scopes"] == ["read", "trade"]
    assert body["state"] == "active"
    assert body["expires_at"] == until.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert body["allowed_addresses"] == ["10.0.0.0/8", "192.0.2.7/32"]
    assert body["revoked_at"] is body["replaced_by"] is body["last_used_at"] is None


@pytest.mark.parametrize(
    ("changes", "attr"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"name": "nul\x00"}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["root"]}, "scopes.0"),
        ({"scopes": "trade"}, "scopes"),
        ({"scopes": ["read"] * 1000}, "scopes"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "soon"}, "expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-14:00"}, "expires_at"),
        ({"allowed_addresses": ["10.0.0.1/8"]}, "allowed_addresses"),
        ({"allowed_addresses": ["10.0.0.0/8"] * 51}, "allowed_addresses"),
        ({"owner": str(UUID(int=1))}, "owner"),
        ({"key": "plx_mine"}, "key"),
        ({"secret_hash": "0" * 64}, "secret_hash"),
    ],
)
def test_what_makes_no_key_is_refused_by_name(
    ada: APIClient, changes: dict[str, Any], attr: str
) -> None:
    findings = findings_of(ada.post(KEYS, BODY | changes), 400)

    assert {one.attr for one in findings} == {attr}
    assert ApiKey.objects.count() == 0


# --- what is sent


@pytest.mark.parametrize(
    "sent",
    [
        *("", " ", "plx_", "plx__", "plx_\x00_\x00", "é", "{key} {key}", "{key}\x00"),
        *("x{key}", "{key}x", "{prefix}", "{prefix}_", "{KEY}", "{prefix}_{other}"),
        *("{unknown}", '"{key}"', "0" * 1_000_000, "{token}"),
    ],
    ids=lambda sent: sent[:20].encode("unicode_escape").decode(),
)
def test_what_is_no_key_is_401_in_one_and_the_same_words(user: User, sent: str) -> None:
    key, text = key_make(user)
    _, unknown = text_make()
    filled = {
        "{key}": text,
        "{KEY}": text.upper(),
        "{prefix}": key.prefix,
        "{other}": unknown[-64:],
        "{unknown}": unknown,
        "{token}": token_issue(user=user),
    }
    for name, value in filled.items():
        sent = sent.replace(name, value)

    response = program(sent).get(ME)

    assert error_of(response, 401).detail == (
        "The API key is not valid: unknown, expired or revoked, or not for this address."
    )
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "changes",
    [
        {"expires_at": timezone.now()},
        {"revoked_at": timezone.now()},
        {"allowed_addresses": ["10.0.0.0/8"]},
    ],
)
def test_a_key_that_works_no_more_is_401_in_the_same_words(
    user: User, changes: dict[str, Any]
) -> None:
    key, text = key_make(user)
    ApiKey.objects.filter(pk=key.pk).update(**changes)
    unknown = program(text_make()[1]).get(ME)

    response = program(text).get(ME)

    assert error_of(response, 401) == error_of(unknown, 401)
    assert response.headers.keys() == unknown.headers.keys()


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
def test_the_scheme_is_read_as_http_has_it(user: User, scheme: str) -> None:
    assert program(key_make(user)[1], scheme).get(ME).status_code == 200


@pytest.mark.parametrize("scheme", ["Token", "Basic", "Bearers", ""])
def test_a_key_is_a_key_under_its_own_scheme_alone(user: User, scheme: str) -> None:
    assert program(key_make(user)[1], scheme).get(ME).status_code == 401


def test_a_token_still_opens_what_it_did(user: User) -> None:
    assert program(token_issue(user=user), "Token").get(ME).status_code == 200


def test_a_key_is_held_to_its_scopes_also_beside_a_session(user: User) -> None:
    client = program(key_make(user)[1])
    client.force_login(user)

    finding = error_of(client.patch(ME, {"last_name": "x"}), 403)

    assert finding.code == "api_key_scope_missing"


@pytest.mark.parametrize(
    ("address", "forwarded", "status"),
    [
        ("10.1.2.3", "203.0.113.9", 200),
        ("203.0.113.9", "10.1.2.3", 401),
        ("2001:db8::5", "10.1.2.3", 200),
        ("::ffff:10.1.2.3", "", 200),
    ],
)
def test_the_address_is_the_servers_word_not_the_callers(
    user: User, address: str, forwarded: str, status: int
) -> None:
    networks = ["10.0.0.0/8", "2001:db8::/32"]
    _, text = key_make(user, allowed_addresses=networks)
    headers = {"HTTP_X_FORWARDED_FOR": forwarded, "HTTP_FORWARDED": f"for={forwarded}"}

    client = program(text, REMOTE_ADDR=address, **headers)

    assert client.get(ME).status_code == status


# --- reading


def test_the_list_tells_the_owner_where_each_key_stands(
    ada: APIClient, user: User
) -> None:
    made = [key_make(user, name=name)[0] for name in ("one", "two", "three")]
    for key, change in zip(made, ({}, {"expires_at": timezone.now()}), strict=False):
        ApiKey.objects.filter(pk=key.pk).update(**change)
    ada.post(f"{KEYS}{made[2].pk}/revoke/")
    key_make(UserFactory.create())

    with CaptureQueriesContext(connection) as queries:
        listed = ada.get(KEYS).json()["results"]

    states = [(one["name"], one["state"]) for one in listed]
    assert states == [("three", "revoked"), ("two", "expired"), ("one", "active")]
    assert len(queries) == 1


def test_the_list_comes_in_pages(ada: APIClient, user: User) -> None:
    for number in range(3):
        key_make(user, name=str(number))

    page = ada.get(f"{KEYS}?limit=2").json()
    rest = ada.get(page["next"]).json()

    names = [one["name"] for one in [*page["results"], *rest["results"]]]
    assert names == ["2", "1", "0"]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("method", "action"), [("get", ""), ("post", "rotate/"), ("post", "revoke/")]
)
@pytest.mark.parametrize("whose", ["another's", "nobody's"])
def test_another_users_key_is_as_good_as_none(
    ada: APIClient, method: str, action: str, whose: str
) -> None:
    theirs, text = key_make(UserFactory.create())
    where = theirs.pk if whose == "another's" else UUID(int=7)

    finding = error_of(getattr(ada, method)(f"{KEYS}{where}/{action}"), 404)

    assert finding.code == "api_key_not_found"
    assert program(text).get(ME).status_code == 200


# --- revoking


def test_a_revoked_key_opens_nothing_from_that_moment(
    ada: APIClient, user: User
) -> None:
    key, text = key_make(user)

    first = ada.post(f"{KEYS}{key.pk}/revoke/")
    second = ada.post(f"{KEYS}{key.pk}/revoke/")

    assert first.status_code == 200
    assert first.json() == second.json()
    assert first.json()["state"] == "revoked"
    assert program(text).get(ME).status_code == 401


def test_a_key_can_revoke_itself(user: User) -> None:
    key, text = key_make(user, "admin")

    assert program(text).post(f"{KEYS}{key.pk}/revoke/").status_code == 200
    assert program(text).get(ME).status_code == 401
