"""A key's successor, and what a key may give to others."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections
from django.utils import timezone
from hypothesis import given, settings, strategies as st

from apps.core.tests.answers import client_of, error_of
from apps.users.addresses import networks_within
from apps.users.errors import ApiKeyExceedsOwn, ApiKeyNotRotatable
from apps.users.models import ApiKey
from apps.users.services import api_key_rotate, api_key_verify
from apps.users.services.api_keys import _bounds_check
from apps.users.tests.factories import UserFactory
from apps.users.tests.keys import HERE, KEYS, NOW, key_make, program

if TYPE_CHECKING:
    from datetime import datetime

    from rest_framework.test import APIClient

    from apps.users.models import User

ME = "/api/v1/me/"
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
NARROW = ["10.0.0.0/8", "127.0.0.1/32"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return UserFactory.create()


@pytest.fixture
def ada(user: User) -> APIClient:
    return client_of(user)


def rotated(user: User, key: ApiKey, **changes: Any) -> tuple[ApiKey, str]:
    given_: dict[str, Any] = {
        "actor": user,
        "by": None,
        "api_key_id": key.pk,
        "overlap": timedelta(),
        "expires_at": None,
        "now": NOW,
    }
    return api_key_rotate(**given_ | changes)


def opens(text: str, now: datetime) -> bool:
    return api_key_verify(text=text, address=HERE, now=now) is not None


def test_a_rotated_key_has_another_secret_and_may_the_same(ada: APIClient) -> None:
    given_ = {
        "name": "night job",
        "scopes": ["trade"],
        "expires_at": (timezone.now() + DAY).isoformat(),
        "allowed_addresses": NARROW,
    }
    old = ada.post(KEYS, given_).json()

    answer = ada.post(f"{KEYS}{old['id']}/rotate/")
    new = answer.json()

    assert answer.status_code == 201
    assert "no-store" in answer["Cache-Control"]
    assert new["key"] != old["key"]
    assert program(new["key"]).get(ME).status_code == 200
    assert program(old["key"]).get(ME).status_code == 401
    own = {"id", "key", "prefix", "created_at"}
    assert {name: new[name] for name in new.keys() - own} == {
        name: old[name] for name in old.keys() - own
    }
    left = ada.get(f"{KEYS}{old['id']}/").json()
    assert (left["state"], left["replaced_by"]) == ("expired", new["id"])


def test_both_keys_work_during_the_overlap_and_the_new_one_after(user: User) -> None:
    old, old_text = key_make(user)

    _, new_text = rotated(user, old, overlap=DAY)

    assert opens(old_text, NOW + DAY - TICK)
    assert not opens(old_text, NOW + DAY)
    assert opens(new_text, NOW)
    assert opens(new_text, NOW + DAY)


def test_an_overlap_lengthens_no_life(user: User) -> None:
    old, old_text = key_make(user, expires_at=NOW + TICK, now=NOW)

    new, _ = rotated(user, old, overlap=DAY)

    assert not opens(old_text, NOW + TICK)
    assert new.expires_at == NOW + TICK


def test_the_owner_may_give_the_new_key_a_longer_life(
    ada: APIClient, user: User
) -> None:
    key, _ = key_make(user, expires_at=timezone.now() + DAY)
    later = (timezone.now() + 30 * DAY).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    body = ada.post(f"{KEYS}{key.pk}/rotate/", {"expires_at": later}).json()

    assert body["expires_at"] == later


@pytest.mark.parametrize("seconds", [-1, 604_801, 10**30, 1.5, "x", None, True])
def test_an_overlap_over_seven_days_or_odd_is_refused(
    ada: APIClient, user: User, seconds: Any
) -> None:
    key, text = key_make(user)

    answer = ada.post(f"{KEYS}{key.pk}/rotate/", {"overlap_seconds": seconds})

    assert error_of(answer, 400).attr == "overlap_seconds"
    assert program(text).get(ME).status_code == 200


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"revoked_at": NOW}, "is revoked"),
        ({"expires_at": NOW}, "is expired"),
    ],
)
def test_a_key_that_works_no_more_has_no_successor(
    ada: APIClient, user: User, changes: dict[str, Any], words: str
) -> None:
    key, _ = key_make(user)
    ApiKey.objects.filter(pk=key.pk).update(**changes)

    finding = error_of(ada.post(f"{KEYS}{key.pk}/rotate/"), 409)

    assert finding.code == "api_key_not_rotatable"
    assert words in finding.detail


def test_a_key_has_one_successor_who_is_named(user: User) -> None:
    old, _ = key_make(user)
    new, _ = rotated(user, old, overlap=DAY)

    with pytest.raises(ApiKeyNotRotatable, match=str(new.pk)):
        rotated(user, old, overlap=DAY)


@pytest.mark.django_db(transaction=True)
def test_of_many_rotations_at_once_one_succeeds(user: User) -> None:
    key, _ = key_make(user)
    start = threading.Barrier(6)

    def rotate(number: int) -> bool:
        start.wait(timeout=30)
        try:
            rotated(user, key, overlap=DAY)
        except ApiKeyNotRotatable:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(6) as threads:
        won = list(threads.map(rotate, range(6)))

    assert won.count(True) == 1
    assert ApiKey.objects.count() == 2


# --- what a key may give to others


@pytest.mark.parametrize(
    ("own", "wanted", "attr"),
    [
        ({"scopes": ["admin"]}, {"scopes": ["trade"]}, "scopes"),
        ({"expires_at": NOW + 999 * DAY}, {}, "expires_at"),
        (
            {"expires_at": NOW + 999 * DAY},
            {"expires_at": (NOW + 1000 * DAY).isoformat()},
            "expires_at",
        ),
        ({"allowed_addresses": NARROW}, {}, "allowed_addresses"),
        (
            {"allowed_addresses": NARROW},
            {"allowed_addresses": ["0.0.0.0/0"]},
            "allowed_addresses",
        ),
    ],
)
def test_a_key_makes_none_that_may_more_than_itself(
    user: User, own: dict[str, Any], wanted: dict[str, Any], attr: str
) -> None:
    _, text = key_make(user, **{"scopes": ["trade", "admin"]} | own)

    body = {"name": "more", "scopes": ["read"]} | wanted
    finding = error_of(program(text).post(KEYS, body), 403)

    assert (finding.code, finding.attr) == ("api_key_exceeds_own", attr)
    assert ApiKey.objects.count() == 1


def test_a_key_makes_one_that_may_as_much_or_less(user: User) -> None:
    _, text = key_make(user, "trade", "admin", allowed_addresses=NARROW)

    for scopes in (["read"], ["trade"], ["trade", "admin"]):
        body = {"name": "less", "scopes": scopes, "allowed_addresses": ["10.1.0.0/16"]}
        assert program(text).post(KEYS, body).status_code == 201


def test_rotating_another_key_gives_no_more_than_making_one(user: User) -> None:
    strong, strong_text = key_make(user, "trade")
    _, text = key_make(user, "admin")

    finding = error_of(program(text).post(f"{KEYS}{strong.pk}/rotate/"), 403)

    assert finding.code == "api_key_exceeds_own"
    assert program(strong_text).get(ME).status_code == 200


def test_a_key_can_rotate_itself(user: User) -> None:
    key, text = key_make(user, "admin", expires_at=timezone.now() + DAY)

    answer = program(text).post(f"{KEYS}{key.pk}/rotate/")

    assert answer.status_code == 201
    assert program(answer.json()["key"]).get(KEYS).status_code == 200
    assert program(text).get(KEYS).status_code == 401


SCOPES = st.lists(st.sampled_from(["read", "trade", "admin"]), min_size=1)
ENDS = st.none() | st.integers(1, 9).map(lambda days: NOW + days * DAY)
NETWORKS = st.lists(
    st.sampled_from(["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32", "::/0", "0.0.0.0/0"]),
    max_size=3,
)


@settings(max_examples=300)
@given(mine=st.tuples(SCOPES, ENDS, NETWORKS), theirs=st.tuples(SCOPES, ENDS, NETWORKS))
def test_no_way_of_asking_gives_a_key_more_than_its_maker_has(
    mine: tuple[Any, Any, Any], theirs: tuple[Any, Any, Any]
) -> None:
    names = ("scopes", "expires_at", "allowed_addresses")
    maker, made = (
        ApiKey(**dict(zip(names, one, strict=True))) for one in (mine, theirs)
    )
    never = NOW + 99 * DAY
    more = (
        not set(made.scopes) <= set(maker.scopes)
        or (made.expires_at or never) > (maker.expires_at or never)
        or not networks_within(made.allowed_addresses, maker.allowed_addresses)
    )
    try:
        _bounds_check(maker, made)
    except ApiKeyExceedsOwn:
        refused = True
    else:
        refused = False

    assert refused is more
