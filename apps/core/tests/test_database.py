"""What a release says of a database before it serves on it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from django.db import InternalError, OperationalError, ProgrammingError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from apps.core import database, health
from apps.core.database import (
    DatabaseUnfit,
    SchemaOlder,
    database_passing,
    database_problem,
    database_require,
    schema_require,
    schema_state,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

NEWER = ("core", "9999_of_the_next_release")

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_found_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_found_current", threading.Event())


@pytest.fixture
def older() -> Iterator[None]:
    recorder = MigrationRecorder(connection)
    recorder.record_unapplied("core", "0001_initial")
    yield
    recorder.record_applied("core", "0001_initial")


def test_a_migrated_database_lacks_nothing_and_has_nothing_unknown() -> None:
    assert (schema_state().missing, schema_state().unknown) == ((), ())


@pytest.mark.usefixtures("older")
def test_an_older_database_is_refused_and_told_what_it_lacks() -> None:
    with pytest.raises(SchemaOlder, match=r"core\.0001_initial; run `manage\.py migr"):
        schema_require()


def test_a_newer_database_is_served_on_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("WARNING", "apps")
    MigrationRecorder(connection).record_applied(*NEWER)

    schema_require()

    assert "newer than this release: it has core.9999_of" in caplog.text


def test_a_long_list_of_what_is_missing_is_cut_short() -> None:
    MigrationRecorder(connection).migration_qs.all().delete()

    with pytest.raises(SchemaOlder, match=r"0001_initial.* and \d+ more; run"):
        schema_require()


def test_once_nothing_was_missing_the_schema_is_not_asked_about_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schema_require()
    asked: list[None] = []
    monkeypatch.setattr(database, "schema_state", lambda: asked.append(None))

    schema_require()

    assert asked == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("older")
def test_a_start_on_an_older_database_is_refused() -> None:
    with pytest.raises(DatabaseUnfit, match="older than this release"):
        database_require()


def test_a_start_leaves_the_usual_connection_where_it_was() -> None:
    usual = connection.connection

    database_require()

    assert connection.connection is usual


def test_health_names_an_older_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise SchemaOlder

    monkeypatch.setattr(health, "schema_require", refuse)

    response = Client().get("/api/health/ready/")

    assert response.status_code == 503
    assert response.json()["db"] == "older than this release"


def test_a_problem_is_told_in_one_line() -> None:
    error = OperationalError("connection failed:\n\tIs the server\nrunning?")

    assert database_problem(error) == (
        "the database: connection failed: Is the server running? (see DATABASE_URL)"
    )


class OfStateError(Exception):
    """What the driver raised."""

    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("error", "state", "passes"),
    [
        (OperationalError, "57P01", True),
        (InternalError, "25P03", True),
        (InternalError, "25006", True),
        (InternalError, "25P02", False),
        (ProgrammingError, "42P01", False),
    ],
)
def test_an_outage_is_told_from_an_error_of_ours(
    error: type[Exception], state: str, *, passes: bool
) -> None:
    raised = error()
    raised.__cause__ = OfStateError(state)

    assert database_passing(raised) is passes
