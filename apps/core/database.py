"""Whether the database is one that this release can serve on."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.db import (
    DEFAULT_DB_ALIAS,
    DatabaseError,
    Error,
    InterfaceError,
    InternalError,
    OperationalError,
    connection,
    connections,
)
from django.db.migrations.loader import MigrationLoader

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)

# A transaction that idled too long, and a server that became a read-only standby.
PASSING_STATES = frozenset({"25P03", "25006"})
NAMED = 3

# Set once this process, or the one that it was forked from, has found nothing missing:
# a schema is not taken away from under a running release.
_found_current = threading.Event()


class DatabaseUnfit(CommandError):  # noqa: N818 - named for what is the matter
    """The database is out of reach, or older than this release."""


class SchemaOlder(DatabaseError):  # noqa: N818 - as above
    """The database lacks migrations of this release."""


# SQLite has one writer at a time, and lets the others look again and again, in no order.
_write_turn = threading.Lock()
_TURN_SECONDS = 20.0


@contextmanager
def write_turn() -> Iterator[None]:
    """Let the threads of this process take turns at a transaction that writes to SQLite.

    Whoever waits for its turn sleeps, so that whoever writes is soon done, and none is
    passed over again and again. Elsewhere rows are locked, and this does nothing. Only
    around a short transaction, and never inside of one.
    """
    if connection.vendor != "sqlite":
        yield
        return
    # SQLite itself keeps order where the turn does not come.
    taken = _write_turn.acquire(timeout=_TURN_SECONDS)
    try:
        yield
    finally:
        if taken:
            _write_turn.release()


@dataclass(frozen=True, slots=True)
class SchemaState:
    """How the database's migrations compare with the release's.

    Attributes:
        missing: Migrations of this release that the database has not seen.
        unknown: Migrations that the database has seen and this release does not have.
    """

    missing: tuple[str, ...]
    unknown: tuple[str, ...]


def database_passing(error: BaseException | None) -> bool:
    """Say whether an error is of a database that is busy, restarting or out of reach."""
    if isinstance(error, OperationalError | InterfaceError):
        return True
    state = getattr(getattr(error, "__cause__", None), "sqlstate", None)
    return isinstance(error, InternalError) and state in PASSING_STATES


def database_problem(error: Exception) -> str:
    """Say in one line what is wrong with the database; never with its password."""
    return f"the database: {' '.join(str(error).split())} (see DATABASE_URL)"


def schema_state() -> SchemaState:
    """Compare the database's migrations with the release's."""
    loader = MigrationLoader(connection, ignore_no_migrations=True)
    applied, known = loader.applied_migrations, loader.disk_migrations
    missing = [key for key in loader.graph.nodes if key not in applied]
    unknown = [
        key for key in applied if key[0] in loader.migrated_apps and key not in known
    ]
    return SchemaState(_names(missing), _names(unknown))


def schema_require() -> None:
    """See that the database lacks nothing; once it did not, this costs nothing.

    A newer schema is let pass: in a rolling release the database is migrated before the
    processes of the last release have ended.

    Raises:
        SchemaOlder: It lacks migrations of this release.
    """
    if _found_current.is_set():
        return
    state = schema_state()
    if state.missing:
        msg = (
            "the database is older than this release: it lacks "
            f"{_list(state.missing)}; run `manage.py migrate`"
        )
        raise SchemaOlder(msg)
    if state.unknown:
        logger.warning(
            "the database is newer than this release: it has %s", _list(state.unknown)
        )
    _found_current.set()


def database_require() -> None:
    """See before the start that the database can be served on.

    Raises:
        DatabaseUnfit: It is out of reach, or older than this release.
    """
    # A connection outside of the pool, whose threads would be lost in a fork.
    usual = connections[DEFAULT_DB_ALIAS]
    plain = connections[DEFAULT_DB_ALIAS] = usual.copy()
    plain.settings_dict["OPTIONS"].pop("pool", None)
    try:
        schema_require()
    except SchemaOlder as error:
        raise DatabaseUnfit(str(error)) from error
    except (Error, ImproperlyConfigured) as error:
        raise DatabaseUnfit(database_problem(error)) from error
    finally:
        plain.close()
        connections[DEFAULT_DB_ALIAS] = usual


def _names(keys: list[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(".".join(key) for key in sorted(keys))


def _list(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:NAMED])
    more = len(names) - NAMED
    return f"{shown} and {more} more" if more > 0 else shown
