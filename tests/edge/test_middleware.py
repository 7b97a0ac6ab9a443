"""The request's id on every answer, and one line in the log for each."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.backends import ModelBackend
from django.db import OperationalError
from django.test import Client

from apps.core import context
from apps.core.logs import ContextFilter
from apps.core.tests.answers import client_of, error_of
from apps.users.tests.factories import UserFactory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import Settings

HEADER = "X-Request-ID"
LIVE = "/api/health/live/"
MINE = "/api/v1/strategies/"


class Kept(logging.Handler):
    """Keeps records with their context, as the real handler would write them."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []
        self.addFilter(ContextFilter())

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.records.append(record)


@pytest.fixture
def log() -> Iterator[list[logging.LogRecord]]:
    logger = logging.getLogger("parallax.request")
    handler, level = Kept(), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler.records
    logger.removeHandler(handler)
    logger.setLevel(level)


@pytest.mark.parametrize("given", ["a", "7f3c.B_2-z", "x" * 64])
def test_a_well_formed_id_is_kept(given: str) -> None:
    assert Client().get(LIVE, headers={HEADER: given})[HEADER] == given


@pytest.mark.parametrize(
    "given",
    [
        "",
        "x" * 65,
        "two words",
        'quote"',
        "café",
        "line\nERROR forged",
        "line\rforged",
        "trailing\n",
        "\x1b[2J",
        "<script>",
    ],
)
def test_an_id_that_could_forge_a_line_of_the_log_is_replaced(given: str) -> None:
    answered = Client().get(LIVE, headers={HEADER: given})[HEADER]

    assert answered != given
    assert re.fullmatch("[0-9a-f]{32}", answered)


def test_two_requests_never_share_an_id() -> None:
    client = Client()

    assert client.get(LIVE)[HEADER] != client.get(LIVE)[HEADER]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("where", "status"),
    [
        ("/", 302),
        ("/nowhere/", 404),
        (LIVE, 200),
        ("/api/health/", 200),
        (MINE, 401),
        ("/api/schema/", 200),
        ("/static/nowhere.css", 404),
    ],
)
def test_every_answer_carries_the_id(where: str, status: int) -> None:
    response = Client().get(where, headers={HEADER: "mine-1"})

    assert (response.status_code, response[HEADER]) == (status, "mine-1")


def test_a_redirect_to_https_carries_the_id(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True

    response = Client().get(MINE, headers={HEADER: "mine-1"})

    assert (response.status_code, response[HEADER]) == (301, "mine-1")


def test_nothing_of_a_request_is_remembered_after_it() -> None:
    Client().get(LIVE)

    assert (context.request_id.get(), context.user_id.get()) == (None, None)


@pytest.mark.django_db
def test_each_answer_is_one_line_with_its_id_and_its_user(
    log: list[logging.LogRecord],
) -> None:
    user = UserFactory.create()

    client_of(user).get(MINE, headers={HEADER: "mine-1"})

    (record,) = log
    assert re.fullmatch(rf"GET {MINE} 200 in [\d.]+ ms", record.getMessage())
    assert vars(record)["request_id"] == "mine-1"
    assert vars(record)["user_id"] == str(user.pk)


@pytest.mark.django_db
def test_a_line_names_who_signed_in_with_a_session(
    log: list[logging.LogRecord],
) -> None:
    user = UserFactory.create()
    client = Client()
    client.force_login(user)

    client.get(MINE)

    assert vars(log[-1])["user_id"] == str(user.pk)


def test_a_query_does_not_reach_the_log(log: list[logging.LogRecord]) -> None:
    Client().get(f"{LIVE}?key=private")

    assert "private" not in log[0].getMessage()


def test_probes_are_quieter_than_people(log: list[logging.LogRecord]) -> None:
    client = Client()
    client.get(LIVE)
    client.get("/nowhere/")

    assert [record.levelno for record in log] == [logging.DEBUG, logging.INFO]


@pytest.mark.django_db
@pytest.mark.parametrize(("where", "status"), [(MINE, 503), (LIVE, 200)])
def test_the_log_asks_nothing_of_a_database_that_is_down(
    monkeypatch: pytest.MonkeyPatch, where: str, status: int
) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(UserFactory.create())

    def refuse(backend: ModelBackend, user_id: object) -> None:
        raise OperationalError

    monkeypatch.setattr(ModelBackend, "get_user", refuse)
    response = client.get(where)

    assert response.status_code == status
    assert response[HEADER]
    if status == 503:
        assert error_of(response, 503).code == "database_unavailable"
