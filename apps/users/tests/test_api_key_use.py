"""From what a program sends to the key that it is."""

from __future__ import annotations

import hmac
import logging
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from apps.users.key_format import key_make as text_make
from apps.users.models import ApiKey
from apps.users.services import api_key_use as use
from apps.users.services.api_key_use import api_key_verify
from apps.users.tests.factories import UserFactory
from apps.users.tests.keys import HERE, NOW, key_make

if TYPE_CHECKING:
    from apps.users.models import User

TICK = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
ELSEWHERE = "203.0.113.9"

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return UserFactory.create()


def opens(text: str, **changes: Any) -> bool:
    sent: dict[str, Any] = {"text": text, "address": HERE, "now": NOW} | changes
    return api_key_verify(**sent) is not None


def test_a_key_is_found_with_its_owner_in_one_query(user: User) -> None:
    key, text = key_make(user)
    api_key_verify(text=text, address=HERE, now=NOW)

    with CaptureQueriesContext(connection) as queries:
        found = api_key_verify(text=text, address=HERE, now=NOW)
        assert found is not None
        assert (found, found.owner) == (key, user)

    assert len(queries) == 1


def test_what_does_not_look_like_a_key_asks_the_database_nothing() -> None:
    with CaptureQueriesContext(connection) as queries:
        assert not opens("plx_nothing")

    assert len(queries) == 0


def test_a_key_works_until_the_very_moment_at_which_it_expires(user: User) -> None:
    _, text = key_make(user, expires_at=NOW, now=NOW - MINUTE)

    assert opens(text, now=NOW - TICK)
    assert not opens(text, now=NOW)
    assert not opens(text, now=NOW + TICK)


def test_a_prefix_with_another_secret_opens_nothing(user: User) -> None:
    (key, _), (_, other) = key_make(user), text_make()

    assert not opens(f"{key.prefix}_{other[-64:]}")


def test_a_key_of_somebody_deactivated_opens_nothing(user: User) -> None:
    _, text = key_make(user)
    user.is_active = False
    user.save()

    assert not opens(text)


@pytest.mark.parametrize("case", ["right", "wrong secret", "unknown"])
def test_every_key_is_compared_in_constant_time_also_an_unknown_one(
    user: User, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, text = key_make(user)
    _, other = text_make()
    sent = {
        "right": text,
        "wrong secret": f"{key.prefix}_{other[-64:]}",
        "unknown": other,
    }[case]
    compared: list[tuple[int, int]] = []

    def compare(one: str, two: str) -> bool:
        compared.append((len(one), len(two)))
        return hmac.compare_digest(one, two)

    monkeypatch.setattr(use, "hmac", type("spy", (), {"compare_digest": compare}))

    assert opens(sent) is (case == "right")
    assert compared == [(64, 64)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"expires_at": NOW}, "expired"),
        ({"revoked_at": NOW}, "revoked"),
        ({"allowed_addresses": ["10.0.0.0/8"]}, "may not be used from '127.0.0.1'"),
    ],
)
def test_the_log_knows_why_a_right_key_is_refused(
    user: User, caplog: pytest.LogCaptureFixture, changes: Any, reason: str
) -> None:
    caplog.set_level(logging.WARNING, logger="apps.users")
    key, text = key_make(user)
    ApiKey.objects.filter(pk=key.pk).update(**changes)

    assert not opens(text)

    assert key.prefix in caplog.text
    assert reason in caplog.text
    assert text not in caplog.text


# --- the note of a key's use


def used(key: ApiKey) -> tuple[Any, Any]:
    key.refresh_from_db()
    return key.last_used_at, key.last_used_address


def test_the_use_of_a_key_is_noted_at_most_once_a_minute(user: User) -> None:
    key, text = key_make(user)

    opens(text)
    opens(text, now=NOW + MINUTE - TICK)
    assert used(key) == (NOW, HERE)

    opens(text, now=NOW + MINUTE, address=ELSEWHERE)
    assert used(key) == (NOW + MINUTE, ELSEWHERE)


def test_a_refused_use_is_not_noted(user: User) -> None:
    key, text = key_make(user, allowed_addresses=["10.0.0.0/8"])

    assert not opens(text)

    assert used(key) == (None, None)


def test_a_caller_without_an_address_is_noted_without_one(user: User) -> None:
    key, text = key_make(user)

    assert opens(text, address="")

    assert used(key) == (NOW, None)


def test_the_log_tells_of_a_new_address_and_of_no_known_one(
    user: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="apps.users")
    key, text = key_make(user)
    caplog.clear()

    opens(text)
    opens(text, now=NOW + MINUTE)
    opens(text, now=NOW + 2 * MINUTE, address=ELSEWHERE)

    assert [record.getMessage() for record in caplog.records] == [
        f"api key {key.prefix} used from {HERE}, before: nowhere",
        f"api key {key.prefix} used from {ELSEWHERE}, before: {HERE}",
    ]


@pytest.mark.django_db(transaction=True)
def test_of_many_requests_at_once_all_pass_and_one_notes_the_use(
    user: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="apps.users")
    key, text = key_make(user)
    caplog.clear()
    start = Barrier(8)

    def ask(number: int) -> bool:
        start.wait(timeout=30)
        try:
            return opens(text, now=NOW + number * TICK)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        passed = list(threads.map(ask, range(8)))

    assert passed == [True] * 8
    assert used(key)[0] is not None
    written = [one for one in caplog.messages if "used from" in one]
    assert len(written) == 1


@pytest.mark.django_db(transaction=True)
def test_a_request_does_not_wait_for_whoever_holds_the_lock(user: User) -> None:
    key, text = key_make(user)
    before = _patience()
    holder = _lock_hold(key)
    try:
        started = time.perf_counter()
        assert opens(text)
        assert time.perf_counter() - started < 2.5
        assert used(key) == (None, None)
    finally:
        holder.close()
        if connection.vendor != "sqlite":
            connection.close()

    assert opens(text)
    assert used(key) == (NOW, HERE)
    # Writes wait again as they are told to.
    assert _patience() == before


def _patience() -> Any:
    if connection.vendor != "sqlite":
        return None
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        return cursor.fetchone()


def _lock_hold(key: ApiKey) -> Any:
    """Return a connection of its own that holds what a write of the key would need."""
    if connection.vendor == "sqlite":
        held = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
        held.execute("BEGIN IMMEDIATE")
        return held
    # Whoever waits all the same fails this test, and does not hang it.
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '3s'")
    other = connection.copy()
    other.set_autocommit(False)
    with other.cursor() as cursor:
        cursor.execute("SELECT 1 FROM users_apikey WHERE id = %s FOR UPDATE", [key.pk])
    return other
