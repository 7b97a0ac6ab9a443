"""A key's secret is in one answer, and in nothing that is kept or told later."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client

from apps.core.logs import SecretsFilter
from apps.core.models import IdempotencyRecord
from apps.core.tests.answers import client_of
from apps.users.models import ApiKey
from apps.users.tests.factories import UserFactory
from apps.users.tests.keys import KEYS, program

if TYPE_CHECKING:
    from apps.users.models import User

BODY = {"name": "canary", "scopes": ["trade", "admin"]}
ADMIN = "/admin/users/apikey/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return UserFactory.create(is_staff=True, is_superuser=True)


def everything_stored() -> str:
    """Return every row of every table, as text."""
    rows: list[Any] = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 - names of tables
            for row in cursor.fetchall():
                rows.extend(
                    bytes(one) if isinstance(one, memoryview) else one for one in row
                )
    return "\n".join(map(str, rows))


@pytest.mark.parametrize("key", [None, "once"])
def test_a_secret_is_in_no_table_log_or_later_answer(
    user: User, caplog: pytest.LogCaptureFixture, key: str | None
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.handler.addFilter(SecretsFilter())
    ada = client_of(user)
    headers = {} if key is None else {"Idempotency-Key": key}
    made = ada.post(KEYS, BODY, headers=headers).json()
    where = f"{KEYS}{made['id']}/"
    new = ada.post(f"{where}rotate/", {"overlap_seconds": 60}, headers=headers).json()
    texts = [made["key"], new["key"]]
    secrets = [text[-64:] for text in texts]
    page = Client()
    page.force_login(user)
    # Also where a key does not belong: in an address, a body, a field's name.
    answers: list[Any] = [
        *(program(text).get("/api/v1/me/") for text in texts),
        *(program(text).delete("/api/v1/me/") for text in texts),
        *(ada.get(KEYS), ada.get(where), ada.post(f"{where}revoke/")),
        *(program(texts[0]).get(KEYS), program(f"{texts[1]}x").get(KEYS)),
        *(page.get(ADMIN), page.get(f"{ADMIN}{made['id']}/change/")),
        ada.get("/api/schema/"),
    ]
    ada.get(f"/api/v1/api-keys/{texts[0]}/")

    stored = everything_stored()
    told = "\n".join(answer.content.decode() for answer in answers)

    assert made["prefix"] in stored
    assert made["prefix"] in told
    assert made["prefix"] in caplog.text
    for secret in secrets:
        assert secret not in stored
        assert secret not in told
        assert secret not in caplog.text
    for one in ApiKey.objects.all():
        assert one.secret_hash not in told


def test_making_a_key_leaves_no_answer_to_be_given_again(user: User) -> None:
    ada = client_of(user)
    headers = {"Idempotency-Key": "once"}

    first, second = (ada.post(KEYS, BODY, headers=headers) for _ in range(2))

    assert first.json()["key"] != second.json()["key"]
    assert "Idempotent-Replayed" not in second
    assert IdempotencyRecord.objects.count() == 0


# --- the admin site


def test_the_admin_site_shows_keys_without_their_hash_and_changes_none(
    user: User,
) -> None:
    made = client_of(user).post(KEYS, BODY).json()
    page = Client()
    page.force_login(user)
    where = f"{ADMIN}{made['id']}/change/"

    listed, shown = page.get(ADMIN), page.get(where)

    assert made["prefix"] in listed.content.decode()
    assert made["prefix"] in shown.content.decode()
    assert "hash" not in shown.content.decode().lower()
    assert page.get(f"{ADMIN}add/").status_code == 403
    assert page.post(where, {"name": "other"}).status_code == 403


@pytest.mark.parametrize(("superuser", "status"), [(True, 401), (False, 200)])
def test_the_admin_site_revokes_for_whoever_may_change_keys(
    user: User, *, superuser: bool, status: int
) -> None:
    made = client_of(user).post(KEYS, BODY).json()
    page = Client()
    page.force_login(
        user if superuser else UserFactory.create(is_staff=True, is_superuser=False)
    )

    page.post(ADMIN, {"action": "revoke", "_selected_action": [made["id"]]})

    assert program(made["key"]).get("/api/v1/me/").status_code == status
    assert LogEntry.objects.count() == 0
