"""What was stored as keys is in no log, table, event, backup, answer or error."""

from __future__ import annotations

import gzip
import logging
import tarfile
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test import Client

from apps.core.backup.making import backup_make
from apps.core.errors import ApplicationError
from apps.core.models import IdempotencyRecord
from apps.exchanges.account_port import KeysCheck
from apps.exchanges.errors import (
    ExchangeAnswerInvalid,
    ExchangeRateLimited,
    ExchangeUnavailable,
)
from apps.portfolio.models import Account, Credential
from apps.portfolio.sealing import Keys
from apps.portfolio.services import keys_proof
from apps.portfolio.services.keys_proof import keys_prove
from apps.portfolio.tests.factories import live_settings
from apps.portfolio.tests.live import venue_running
from apps.portfolio.tests.world import NOW, account_make
from apps.portfolio.venues import account_port
from apps.users.models import User
from tests.exchange_server.exchange import AccountOptions, ExchangeOptions
from tests.exchange_server.fixtures import serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django import Settings
    from rest_framework.test import APIClient

    from tests.exchange_server.fixtures import Served

__all__ = ("venue_running",)

CANARY = Keys("canary-key-5b1e9f-tail", "canary-secret-77c0aa", "canary-password-3d")
WRONG = Keys("stray-key-a81f-tail", "stray-secret-9d2e", "stray-password-4c")
PARTS = [
    text[:-4]
    for keys in (CANARY, WRONG)
    for text in (keys.api_key, keys.secret, keys.password or "")
]


@pytest.fixture
def venue(settings: Settings) -> Iterator[Served]:
    options = ExchangeOptions(
        symbols=2, accounts=(AccountOptions(CANARY.api_key, CANARY.secret),)
    )
    with serve(options) as served:
        live_settings(settings, served)
        yield served


def body_of(keys: Keys, **changes: Any) -> dict[str, Any]:
    parts = {
        "api_key": keys.api_key,
        "secret": keys.secret,
        "password": keys.password,
    }
    return parts | changes


def rows() -> str:
    """Return every row of every table, as text."""
    told: list[str] = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 - names of tables
            for row in cursor.fetchall():
                told += (
                    bytes(one).decode(errors="replace")
                    if isinstance(one, memoryview | bytes)
                    else str(one)
                    for one in row
                )
    return "\n".join(told)


def backup_bytes(folder: Path) -> bytes:
    """Return all that a backup holds, unpacked."""
    made = backup_make(folder=folder, now=NOW, keep=None, say=lambda _: None)
    parts = [made.path.read_bytes()]
    with tarfile.open(made.path) as archive:
        for member in archive.getmembers():
            file = archive.extractfile(member)
            content = file.read() if file else b""
            packed = member.name.endswith(".gz")
            parts.append(gzip.decompress(content) if packed else content)
    return b"\n".join(parts)


@pytest.mark.django_db(transaction=True)
def test_keys_are_in_no_log_table_event_backup_or_answer(
    client: APIClient,
    actor: User,
    venue: Served,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    caplog.set_level(logging.DEBUG)
    account = account_make(actor, mode="live")
    where = f"/api/v1/accounts/{account.pk}/"
    keys = f"{where}credentials/"
    once = {"Idempotency-Key": "once"}
    answers: list[Any] = [
        client.put(keys, body_of(CANARY), headers=once),
        client.put(keys, body_of(CANARY), headers=once),
        client.put(keys, body_of(WRONG)),
        client.put(keys, body_of(CANARY, secret=WRONG.secret)),
        client.put(keys, body_of(WRONG, secret=WRONG.secret * 2000)),
        client.put(keys, body_of(WRONG, api_key=[WRONG.api_key])),
        client.put(keys, body_of(WRONG, api_key=f" {WRONG.api_key}")),
        client.get(keys),
        client.post(f"{keys}test/"),
        client.post(f"{where}preflight/"),
        client.get(f"{where}preflight/"),
        client.get(where),
        client.get("/api/schema/"),
    ]
    port = account_port(account, now=NOW)
    port.balances()
    staff = User.objects.create_superuser("root", password="x")  # noqa: S106
    page = Client()
    page.force_login(staff)
    credential = Credential.objects.get()
    site = f"/admin/portfolio/credential/{credential.pk}/change/"
    answers += [page.get("/admin/portfolio/credential/"), page.get(site)]
    told = "\n".join(answer.content.decode() for answer in answers)

    assert [answer.status_code for answer in answers[:7]] == [
        *(200, 200, 422, 422, 400, 400, 400)
    ]
    assert answers[-1].status_code == 200
    assert credential.sealed not in told
    assert "tail" in told
    backup = backup_bytes(tmp_path)
    assert credential.sealed.encode() in backup
    stored = rows()
    assert IdempotencyRecord.objects.count() == 0
    shown = repr([port, credential, account, CANARY, vars(port)])
    for part in PARTS:
        assert part not in told
        assert part not in stored
        assert part not in caplog.text
        assert part not in shown
        assert part.encode() not in backup


class _Echo:
    """An exchange that repeats in its answer what it was sent."""

    def __init__(self, answer: KeysCheck | Exception) -> None:
        self.answer = answer

    def keys_check(self) -> KeysCheck:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def close(self) -> None:
        """There is nothing to close."""


ECHO = f"no such key: {CANARY.api_key} ({CANARY.secret}, {CANARY.password})"


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [ExchangeRateLimited, ExchangeUnavailable])
def test_when_to_try_again_is_told_though_keys_are_hidden(
    kind: type[ExchangeRateLimited | ExchangeUnavailable],
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
) -> None:
    live_settings(settings)
    answer = kind(ECHO)
    answer.retry_after = 7.5
    monkeypatch.setattr(keys_proof, "account_open_apart", lambda *_: _Echo(answer))
    with pytest.raises(kind) as raised:
        keys_prove(account_make(mode="live"), CANARY)
    told = raised.value
    assert isinstance(told, ExchangeRateLimited | ExchangeUnavailable)
    assert told.retry_after == 7.5
    assert CANARY.secret not in told.message


@pytest.mark.django_db
@pytest.mark.parametrize(
    "answer",
    [
        KeysCheck(False, None, None, None, None, ECHO),  # noqa: FBT003
        ExchangeAnswerInvalid(ECHO),
        ExchangeUnavailable(ECHO),
        ValueError(ECHO),
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_what_an_exchange_repeats_of_keys_is_hidden(
    answer: KeysCheck | Exception,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    live_settings(settings)
    monkeypatch.setattr(keys_proof, "account_open_apart", lambda *_: _Echo(answer))
    account = account_make(mode="live")
    try:
        told = keys_prove(account, CANARY).message
    except ApplicationError as error:
        told = "".join(traceback.format_exception(error))
        assert type(error) is type(answer) or isinstance(answer, ValueError)
    assert Account.objects.count() == 1
    for part in PARTS:
        assert part not in told
        assert part not in caplog.text
