"""Checks of the database: what it is, whether it takes writes, its schema, its clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.db.migrations.exceptions import InconsistentMigrationHistory
from django.db.migrations.loader import MigrationLoader

from apps.core.logs import secrets_hide
from apps.core.preflight.contracts import go, no_go, warn

if TYPE_CHECKING:
    from apps.core.preflight.contracts import Finding

OLDEST_POSTGRESQL = 15
CLOCK_WARN_SECONDS, CLOCK_NO_GO_SECONDS = 1.0, 5.0
SHOWN = 3
BUSY_MS = 3_000
PROBE = "parallax_preflight"


def database_check() -> list[Finding]:
    """Connect, ask for version and time zone, and write something that is rolled back."""
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        return [
            no_go(
                "database",
                f"cannot be reached: {_cause(error)}",
                "start it, or correct DATABASE_URL",
            )
        ]
    engine = _postgresql() if connection.vendor == "postgresql" else _sqlite()
    return [*engine, _writable()]


def migrations_check() -> list[Finding]:
    """Compare the migrations that the database has with those that the code has."""
    loader = MigrationLoader(connection)
    try:
        loader.check_consistent_history(connection)
    except InconsistentMigrationHistory as error:
        return [no_go("migrations", str(error), "restore a backup of this schema")]
    applied = set(loader.applied_migrations)
    ours = {one.label for one in apps.get_app_configs()}
    replaced = {
        name for one in loader.disk_migrations.values() for name in one.replaces
    }
    missing = sorted(set(loader.graph.nodes) - applied)
    unknown = sorted(
        one
        for one in applied - set(loader.disk_migrations) - replaced
        if one[0] in ours
    )
    findings = []
    if missing:
        found = f"the database is older than the code: {_names(missing)}"
        findings.append(
            no_go("migrations", found, "make a backup, then run manage.py migrate")
        )
    if unknown:
        found = f"the database is newer than the code: {_names(unknown)}"
        action = "install the version that made it, or restore a backup of this one"
        findings.append(no_go("migrations", found, action))
    return findings or [go("migrations", f"all {len(applied)} applied")]


def clock_check() -> list[Finding]:
    """Compare the database's clock with this machine's."""
    if connection.vendor != "postgresql":
        return [go("clock", "the database has this machine's clock")]
    with connection.cursor() as cursor:
        before = time.time()
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        theirs = float(cursor.fetchone()[0])
        ours = (before + time.time()) / 2
    apart = theirs - ours
    found = f"the database's is {abs(apart):.3f} s {'ahead' if apart > 0 else 'behind'}"
    action = "synchronise both machines' clocks (NTP)"
    if abs(apart) > CLOCK_NO_GO_SECONDS:
        return [no_go("clock", found, action)]
    if abs(apart) > CLOCK_WARN_SECONDS:
        return [warn("clock", found, action)]
    now = datetime.fromtimestamp(ours, UTC)
    return [go("clock", f"{found}; here it is {now:%Y-%m-%dT%H:%M:%SZ}")]


def _postgresql() -> list[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), current_database()")
        version, name = cursor.fetchone()
        cursor.execute("SELECT current_setting('TimeZone')")
        zone = cursor.fetchone()[0]
    found = f"PostgreSQL {version}, database {name}, time zone {zone}"
    if int(version.split(".")[0]) < OLDEST_POSTGRESQL:
        action = f"upgrade it to PostgreSQL {OLDEST_POSTGRESQL} or later"
        return [no_go("database", found, action)]
    if zone != "UTC":
        return [no_go("database", found, "leave TIME_ZONE at UTC")]
    return [go("database", found)]


def _sqlite() -> list[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()")
        version = cursor.fetchone()[0]
        cursor.execute("PRAGMA journal_mode")
        mode = cursor.fetchone()[0]
        # A writer that holds the lock for long is told, and not waited for.
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    found = f"SQLite {version}, journal {mode}"
    if mode != "wal":
        action = "keep it on a local disk, which has the locks that WAL needs"
        return [no_go("database", found, action)]
    return [go("database", found)]


def _writable() -> Finding:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE {PROBE} (id integer)")
            cursor.execute(f"INSERT INTO {PROBE} VALUES (1)")  # noqa: S608 - a constant
            transaction.set_rollback(True)
    except DatabaseError as error:
        action = "see that it is no replica, has room, and lets this user create tables"
        return no_go("database writes", f"refused: {_cause(error)}", action)
    return go("database writes", "a table was made and rolled back")


def _names(migrations: list[tuple[str, str]]) -> str:
    shown = ", ".join(".".join(one) for one in migrations[:SHOWN])
    more = len(migrations) - SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _cause(error: DatabaseError) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return secrets_hide(lines[-1].strip())
